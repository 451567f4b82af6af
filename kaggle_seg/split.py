"""Choose the validation tiles of a run: runs/RUN/split.json

Their score predicts the score of the test tiles only if they are as far from the training tiles as the test tiles are.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from kaggle_seg.competition import FIRST, find_competition
from kaggle_seg.config import SplitSettings
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.output import shown
from kaggle_seg.run_directory import Run, find_run

if TYPE_CHECKING:
    from kaggle_seg.splits.methods import Candidate


@dataclass(frozen=True)
class Settings:
    """What to split, and how."""

    data: Path
    """the folder of tiles"""
    run: str
    """the run, by name or folder"""
    audit: bool = False
    """compare the methods: how many validation tiles, and how many test tiles, have a neighbour or copy in training"""
    restart: bool = False
    """split anew even though the run was trained on another split; train it with --restart then"""
    keep: bool = False
    """keep the run's split if these tiles were split with settings of your own, such as a method or a guard"""
    verify: bool = False
    """read and hash all tiles again, instead of trusting their path, size and time of change"""
    competition: Annotated[str, tyro.conf.arg(help_behavior_hint=f"(default: the run's; of a new run {FIRST})")] = ""
    """the competition, by slug, address or TOML file; the run remembers it"""
    split: Annotated[SplitSettings, tyro.conf.arg(name="")] = field(default_factory=SplitSettings)


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Splits the tiles, unless that was done before."""
    settings = tyro.cli(Settings, prog="python -m kaggle_seg.split", args=argv, description=__doc__)
    if problems := settings.split.problems():
        raise BadInput(problems)
    from kaggle_seg.splits.grouping import by_groups
    from kaggle_seg.splits.splitting import split_run
    from kaggle_seg.splits.survey import survey_tiles
    from kaggle_seg.tiles.cache import open_cache

    run = find_run(settings.run, must_exist=False)
    competition = find_competition(settings.competition) if settings.competition else run.competition()
    cache = open_cache(settings.data, competition, settings.verify)
    named = settings.split.groups
    groups = by_groups(cache.training.ids, named, competition) if named else None
    survey = functools.cache(lambda: survey_tiles(cache, groups))
    outcome = split_run(run, settings.split, cache, competition, survey, settings.keep, settings.restart)
    if outcome == "made":
        print_split(run)
    else:
        what = "made with settings of your own, kept" if outcome == "kept" else "unchanged, skipped"
        print(f"split: {what} ({shown(run.split_file)})")
    if settings.audit:
        from kaggle_seg.splits.methods import compare_methods, leak_of_test

        print_audit(compare_methods(survey(), settings.split), leak_of_test(survey()))
    return 0


def print_split(run: Run) -> None:
    """Prints what was made, why, and how fair it is."""
    from kaggle_seg.splits.splitting import read_split

    split = read_split(run.split_file)
    audit, pairs = split.audit, split.audit["pairs"]
    overlaps = " and ".join(map(str, audit["overlaps"]))
    guarded = f", {len(split.excluded)} are left out of training" if split.excluded else ""
    test = "there are no test tiles" if audit["test"] is None else f"{audit['test']:.1%} of the test tiles"
    print(
        f"split: by {split.method}: {len(split.validation)} of {len(split.clusters)} tiles validate{guarded} "
        f"({shown(run.split_file)})"
    )
    print(f"  why: {split.reason}")
    print(f"  found: {pairs['beside'] + pairs['below']} neighbours (overlap {overlaps} pixels), {pairs['copies']} copies")
    print(f"  with a neighbour or copy in training: {audit['validation']:.1%} of the validation tiles; {test}")


def print_audit(candidates: Sequence[Candidate], wanted: float | None) -> None:
    """Prints the share of validation tiles with a neighbour or copy in training for each method."""
    print("\ntiles with a neighbour or copy in training")
    for candidate in candidates:
        clusters = len(set(candidate.clusters))
        print(f"  validation, by {candidate.method:<8}{candidate.leak:7.1%}  ({clusters} bootstrap clusters)")
    if wanted is not None:
        fairest = min(candidates, key=lambda candidate: abs(candidate.leak - wanted))
        print(f"  test{wanted:25.1%}\nnearest to the test tiles: {fairest.method}")


if __name__ == "__main__":
    sys.exit(main())
