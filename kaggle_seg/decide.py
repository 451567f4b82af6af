"""Decide the masks of the test tiles and write the CSV: submissions/NAME.csv, and NAME.json, which says how it was made

No network runs: the masks are made from the stored probability maps, in seconds. Several runs are averaged, and their
decision is tuned on the validation tiles that they have in common.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.output import shown
from kaggle_seg.run_directory import competition_of_runs, find_run


@dataclass(frozen=True)
class Command:
    """Which runs, and by what rule."""

    runs: Annotated[tuple[str, ...], Positional, arg(metavar="RUN [RUN ...]", help_behavior_hint="(required)")]
    """the run, by name or folder; several are averaged"""
    threshold: str = "auto"
    """a threshold between 0 and 1 in place of the tuned decision; auto: that decision"""
    name: Annotated[str, arg(metavar="NAME", help_behavior_hint="(default: the names of the runs, joined by +)")] = ""
    """the name of the CSV, without .csv"""
    competition: Annotated[str, arg(metavar="NAME", help_behavior_hint="(default: the runs')")] = ""
    """the competition, by slug, address or TOML file"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: the one the run was split from)")] = None
    """the folder of tiles, needed to score what was not tuned before"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line, decides and writes; the last line on stdout names the CSV."""
    command = tyro.cli(Command, args=argv, prog="python -m kaggle_seg.decide", description=__doc__)
    if not command.runs:
        raise BadInput("no run named; name one or more: python -m kaggle_seg.decide RUN [RUN ...]")
    runs = [find_run(name) for name in command.runs]

    from kaggle_seg.decisions.applying import read_threshold

    fixed = read_threshold(command.threshold)

    from kaggle_seg.submission.deciding import checked_name, decide_and_write, origin_of

    name = checked_name(command.name or "+".join(run.name for run in runs))
    competition = competition_of_runs(runs, command.competition)

    from kaggle_seg.decisions.applying import choose_rule, open_test_maps
    from kaggle_seg.decisions.describing import choice_line
    from kaggle_seg.decisions.keeping import together
    from kaggle_seg.decisions.rules import to_plain

    maps, origin = open_test_maps(runs), origin_of(runs, competition)
    choice = choose_rule(runs, fixed, command.data)
    if choice.overrides:
        print(f"--threshold {command.threshold} overrides the tuned decision: {choice.overrides}")
    # the stage is held for its lock and its record: deciding anew takes no longer than checking that all is there
    with together(runs).stage("decide", {"decision": to_plain(choice.rule), "name": name}, []):
        label = "" if fixed is None else f"t{float(command.threshold):.3f}"
        decided = decide_and_write(maps, choice, name, origin, competition, label)
    print(choice_line(choice, competition))
    state = "written" if decided.new else "there already, with the same bytes"
    print(f"{decided.tiles} masks, {decided.empty} of them empty; the CSV was {state}")
    print(f"submission: {shown(decided.path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
