"""Tune the decision of a run on its validation tiles: runs/RUN/decision.json, threshold.svg

Three rules compete, by cross-fitted score: one threshold; the same with small regions dropped and small holes filled; and
for each tile the cut of the greatest expected IoU, silent where that is low. The simplest one wins that no other beats.
Several runs are averaged and tuned together; they keep their decision in runs/A+B/.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.run_directory import competition_of_runs, find_run, shown


@dataclass(frozen=True)
class Command:
    """Which runs, and what to maximise."""

    runs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """the run, by name or folder; several are averaged"""
    score: Literal["competition", "iou"] = "competition"
    """what is maximised: the competition score or the mean IoU of a tile"""
    empty_tile: Literal["one", "zero"] | None = None
    """what a tile without buildings earns: 1 if nothing is predicted there, or 0 whatever is predicted (default: as in the
    competition)"""
    threshold: str = "auto"
    """score this threshold (between 0 and 1) alone instead of choosing a rule"""
    competition: str = ""
    """the competition, by slug, address or TOML file (default: the run's)"""
    data: Path | None = None
    """the folder of tiles (default: the one the run was split from)"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line, tunes, and prints the table."""
    command = tyro.cli(Command, args=argv, prog="python -m kaggle_seg.tune", description=__doc__)
    if not command.runs:
        raise BadInput("no run named; name one or more: python -m kaggle_seg.tune RUN [RUN ...]")
    runs = [find_run(name) for name in command.runs]

    from kaggle_seg.decisions.rules import read_threshold

    fixed = read_threshold(command.threshold)

    from kaggle_seg.decisions.candidates import Objective
    from kaggle_seg.pages.decision import PICTURE, together, tune_runs
    from kaggle_seg.pages.decision_table import table

    holder = together(runs)
    competition = competition_of_runs(runs, command.competition)
    objective = Objective(command.score, command.empty_tile or competition.empty_tile, competition)
    decision, before = tune_runs(runs, objective, fixed, command.data)
    if before:
        print(f"tune: done before, {shown(holder.decision_file)} is up to date", file=sys.stderr)
    print("\n".join(table(decision)))
    print(f"decision: {decision['words']} ({shown(holder.decision_file)}, {shown(holder.folder / PICTURE)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
