"""Tune the decision of a run on its validation tiles: runs/RUN/decision.json, threshold.svg

The principled rule follows from the score, without tuning: for each tile the threshold of the greatest expected IoU, with
an empty mask where that IoU passes no step of the score. Three tuned rules compete with it by their cross-fitted scores: one
threshold for all tiles; a threshold, then small regions dropped and small holes filled; and another minimum expected IoU. A
tuned rule is chosen only if it beats the principled one by more than noise; with too few bootstrap clusters, none is tuned.
Several runs are averaged and tuned together; their decision is kept in runs/A+B/.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg

from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.output import shown
from kaggle_seg.run_directory import competition_of_runs, find_run

AS_IN_COMPETITION = arg(metavar="{one,zero}", help_behavior_hint="(default: as in the competition)")


@dataclass(frozen=True)
class Command:
    """Which runs, and what to maximise."""

    runs: Annotated[tuple[str, ...], Positional, arg(metavar="RUN [RUN ...]", help_behavior_hint="(required)")]
    """the run, by name or folder; several are averaged"""
    score: Literal["competition", "iou"] = "competition"
    """what is maximised: the competition score or the mean IoU of a tile"""
    empty_tile: Annotated[Literal["one", "zero"] | None, AS_IN_COMPETITION] = None
    """what a tile without buildings counts: 1 for an empty prediction (one), or always 0 (zero)"""
    threshold: str = "auto"
    """a threshold between 0 and 1, which is scored as it is; auto: choose a rule"""
    competition: Annotated[str, arg(metavar="NAME", help_behavior_hint="(default: the run's)")] = ""
    """the competition, by slug, address or TOML file"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: the one the run was split from)")] = None
    """the folder of tiles"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line, tunes, and prints the table."""
    command = tyro.cli(Command, args=argv, prog="python -m kaggle_seg.tune", description=__doc__)
    if not command.runs:
        raise BadInput("no run named; name one or more: python -m kaggle_seg.tune RUN [RUN ...]")
    runs = [find_run(name) for name in command.runs]

    from kaggle_seg.decisions.applying import read_threshold

    fixed = read_threshold(command.threshold)

    from kaggle_seg.decisions.describing import decision_lines
    from kaggle_seg.decisions.keeping import together, tune_runs
    from kaggle_seg.masks.scores import MetricVariant
    from kaggle_seg.pages.curves import FORMER_PICTURE, PICTURE, draw_threshold_curves

    holder = together(runs)
    competition = competition_of_runs(runs, command.competition)
    variant = MetricVariant(command.score, command.empty_tile or competition.empty_tile)
    pictures = [holder.folder / name for name in (PICTURE, FORMER_PICTURE)]
    drawn = any(path.exists() for path in pictures)
    decision, tuned = tune_runs(runs, variant, fixed, command.data, anew=not drawn)
    if tuned:
        draw_threshold_curves(tuned, holder.name, pictures[0])
    else:
        print(f"tune: done before, {shown(holder.decision_file)} is up to date", file=sys.stderr)
    print("\n".join(decision_lines(decision, competition)))
    files = ", ".join(shown(path) for path in (holder.decision_file, *pictures) if path.exists())
    print(f"decision: {decision.rule} ({files})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
