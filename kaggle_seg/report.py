"""Show a run on one page: runs/RUN/report.html

It has the learning curves, the split, the score against the threshold, the reliability of the probabilities, the best and
worst tiles, settings, time and memory, and local against public scores. It needs no network and no server.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from kaggle_seg.errors import report_errors
from kaggle_seg.output import shown
from kaggle_seg.run_directory import find_run


@dataclass(frozen=True)
class Command:
    """Which run."""

    run: Annotated[str, tyro.conf.Positional]
    """the run, by name or folder"""
    data: Annotated[Path | None, tyro.conf.arg(help_behavior_hint="(default: the one the run was split from)")] = None
    """the folder of tiles"""
    open: bool = False
    """open the page in the browser"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and writes the page; the last line on stdout names it."""
    command = tyro.cli(Command, args=argv, prog="python -m kaggle_seg.report", description=__doc__)
    run = find_run(command.run)

    from kaggle_seg.pages.report.report_page import write_report

    path = write_report(run, command.data)
    print(f"page: {shown(path)}")
    if command.open:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main())
