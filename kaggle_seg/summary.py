"""Sum up how a CSV was made: tiles, validation scores, decision, empty predictions, and the files to look at next."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from kaggle_seg.errors import report_errors
from kaggle_seg.run_directory import find_csv


@dataclass(frozen=True)
class Command:
    """Which CSV."""

    csv: Annotated[str, tyro.conf.Positional]
    """a submission that `decide` wrote, by path or by its bare name in submissions/"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table."""
    command = tyro.cli(Command, prog="python -m kaggle_seg.summary", args=argv, description=__doc__)
    path = find_csv(command.csv)

    from kaggle_seg.pages.outcome import outcome_lines

    print("\n".join(outcome_lines(path)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
