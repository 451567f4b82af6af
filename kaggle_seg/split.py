"""Choose the validation tiles of a run: runs/RUN/split.json

The score on them should tell the score on the test tiles, so they must be as far from the training tiles as those are.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from kaggle_seg.competition import DEFAULT, Competition, as_tables, find_competition
from kaggle_seg.config import SplitSettings
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.run_directory import Run, file_hash, find_run, shown, write_json

if TYPE_CHECKING:
    from kaggle_seg.splits.splitting import Candidate, Split
    from kaggle_seg.tiles.cache import TileCache


@dataclass(frozen=True)
class Settings:
    """What to split, and how."""

    data: Path
    """the folder of tiles"""
    run: str
    """the run, by name or folder"""
    audit: bool = False
    """compare the methods: how many validation tiles have a neighbour or copy in training, and how many test tiles"""
    restart: bool = False
    """split anew even though the run was trained on another split; train it with --restart then"""
    keep: bool = False
    """keep a split of these tiles that was made by hand, with a method, guard or fold of its own; the pipeline does"""
    verify: bool = False
    """read and hash all tiles again, instead of trusting their path, size and time of change"""
    competition: str = ""
    """the competition, by slug, address or TOML file (default: ann-and-dl-image-segmentation); the run remembers it"""
    split: Annotated[SplitSettings, tyro.conf.arg(name="")] = field(default_factory=SplitSettings)


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Splits the tiles, unless that was done before."""
    settings = tyro.cli(Settings, prog="python -m kaggle_seg.split", args=argv, description=__doc__)
    if problems := settings.split.problems():
        raise BadInput(problems)
    run = find_run(settings.run, must_exist=False)
    from kaggle_seg.splits.groups import by_groups
    from kaggle_seg.tiles.cache import open_cache

    competition = find_competition(settings.competition) if settings.competition else run.competition()
    cache = open_cache(settings.data, verify=settings.verify, competition=competition)
    if settings.split.groups:  # a faulty CSV is told before the tiles are compared
        by_groups(cache.training.ids, settings.split.groups)
    split_run(run, settings, cache, competition)
    return 0


def split_run(run: Run, settings: Settings, cache: TileCache, competition: Competition) -> None:
    """Splits the tiles of a run, unless that was done before, and compares the methods where that is asked for."""
    from kaggle_seg.splits.splitting import compare_methods, leak_of_test, make_split
    from kaggle_seg.splits.survey import survey_tiles

    data, groups = {"root": str(cache.data), "fingerprint": cache.fingerprint}, settings.split.groups
    inputs = {**asdict(settings.split), "groups": file_hash(groups) if groups else None, "data": data}
    if competition != DEFAULT:
        inputs["competition"] = as_tables(competition)
    if settings.keep and made_by_hand(run, cache.fingerprint):
        print(f"split: made by hand, kept ({shown(run.split_file)})")
        return
    with run.stage("split", inputs, [run.split_file.name]) as stage:
        if stage.finished:
            print(f"split: unchanged, skipped ({shown(run.split_file)})")
        elif not settings.restart:
            check_untrained(run, inputs)
        if stage.finished and not settings.audit:
            return
        survey = survey_tiles(cache)
        if not stage.finished:
            split = make_split(survey, settings.split, data)
            run.keep_competition(competition)
            write_json(run.split_file, asdict(split))
            print_split(run, split)
    if settings.audit:
        print_audit(compare_methods(survey, settings.split), leak_of_test(survey))


def made_by_hand(run: Run, fingerprint: str) -> bool:
    """Whether the run has a split of these tiles that was asked for with more than a seed."""
    record = run.record("split")
    if record is None or record["inputs"]["data"]["fingerprint"] != fingerprint or not run.split_file.exists():
        return False
    usual = {name: value for name, value in asdict(SplitSettings()).items() if name != "seed"}
    return any(record["inputs"][name] != value for name, value in usual.items())


def check_untrained(run: Run, inputs: dict[str, Any]) -> None:
    """Refuses to split anew what a network has been trained on: it has seen tiles that would now validate it.

    Raises:
        BadInput: naming the differences and the ways on.
    """
    record = run.record("split")
    if record is None or not run.settings_file.exists():
        return
    before, now = ({**values, "data": values["data"]["fingerprint"]} for values in (record["inputs"], inputs))
    changed = [name for name in before | now if before.get(name) != now.get(name)]
    if changes := [f"{name}: {before.get(name)} -> {now.get(name)}" for name in changed]:
        raise BadInput(
            f"run {run.name} was trained on another split ({'; '.join(changes)}): give the old settings, take another "
            "--run name, or split and train anew, both with --restart"
        )


def print_split(run: Run, split: Split) -> None:
    """Prints what was made, why, and how fair it is."""
    total, audit = len(split.clusters), split.audit
    pairs, overlaps = audit["pairs"], " and ".join(map(str, audit["overlaps"]))
    kept_out = f", {len(split.excluded)} guarded" if split.excluded else ""
    test = "there are no test tiles" if audit["test"] is None else f"{audit['test']:.1%} of the test tiles"
    print(f"split: by {split.method}: {len(split.validation)} of {total} tiles validate{kept_out} ({shown(run.split_file)})")
    print(f"  why: {split.reason}")
    print(f"  found: {pairs['beside'] + pairs['below']} neighbours (overlap {overlaps} pixels), {pairs['copies']} copies")
    print(f"  with a neighbour or copy in training: {audit['validation']:.1%} of the validation tiles; {test}")


def print_audit(candidates: Sequence[Candidate], wanted: float | None) -> None:
    """Prints the share of validation tiles with a neighbour or copy in training for each method."""
    print("\ntiles with a neighbour or copy in training")
    for candidate in candidates:
        print(f"  validation, by {candidate.method:<8}{candidate.leak:7.1%}  ({len(set(candidate.clusters))} clusters)")
    if wanted is not None:
        fairest = min(candidates, key=lambda candidate: abs(candidate.leak - wanted))
        print(f"  test{wanted:25.1%}\nnearest to the test tiles: {fairest.method}")


if __name__ == "__main__":
    sys.exit(main())
