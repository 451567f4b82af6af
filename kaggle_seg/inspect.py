"""Look at a submission before it is uploaded: is it valid, and what is in it?

Exit code: 0 if it is valid, 1 if it has faults, 2 if it cannot be read.
"""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from kaggle_seg.errors import DONE, FAILED, report_errors
from kaggle_seg.output import shown
from kaggle_seg.run_directory import find_csv

if TYPE_CHECKING:
    from kaggle_seg.submission.checks import Fault


def hint(default: str) -> Any:
    """What the help says of a default, where its value says nothing."""
    return tyro.conf.arg(help_behavior_hint=f"(default: {default})")


@dataclass(frozen=True)
class Command:
    """Which CSV, and how."""

    csv: Annotated[str, tyro.conf.Positional]
    """the submission, by path or by its bare name in submissions/"""
    data: Annotated[Path | None, hint("the folder in the JSON beside the CSV")] = None
    """the folder of tiles that the CSV was made for"""
    competition: Annotated[str, hint("the one in the JSON beside the CSV")] = ""
    """the competition, by slug, address or TOML file"""
    against: str | None = None
    """another CSV to compare this one with, tile by tile"""
    masks: Path | None = None
    """a folder of true masks, to score the tiles that have one"""
    html: bool = False
    """also write a page beside the CSV: all its tiles with their masks"""
    validation: bool = False
    """write that page for the validation tiles of the CSV's runs instead, with misses and false alarms"""
    open: bool = False
    """also write that page, and open it in the browser"""
    png: bool = False
    """also write a contact sheet beside the CSV: tiles with the outlines of their masks"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and inspects."""
    command = tyro.cli(Command, args=argv, prog="python -m kaggle_seg.inspect", description=__doc__)
    return inspect(command, find_csv(command.csv), find_csv(command.against) if command.against else None)


def inspect(command: Command, path: Path, other_path: Path | None) -> int:
    """Prints faults and figures of a submission; 1 if there are faults, else 0."""
    from kaggle_seg.submission.checks import check, describe
    from kaggle_seg.submission.comparison import compare, describe_agreement
    from kaggle_seg.submission.expected import competition_of_csv, find_expected, how_checked
    from kaggle_seg.submission.figures import describe_masks, figures_of
    from kaggle_seg.submission.table import Submission
    from kaggle_seg.submission.truth import compare_with_masks, describe_truth

    competition = competition_of_csv(path, command.competition)
    submission, expected = Submission.read(path, competition), find_expected(path, competition, command.data)
    faults = check(submission, expected)
    for line in describe(faults):
        print(line)
    print(verdict(path, faults))
    print(f"ids                {how_checked(expected)}")
    figures = figures_of(submission)
    if figures.rows:
        print("\n".join(describe_masks(figures)))
    other = agreement = truth = None
    if other_path:
        other = Submission.read(other_path, competition)
        agreement = compare(submission, other)
        print("\n".join(describe_agreement(agreement, other_path)))
    if command.masks:
        truth = compare_with_masks(figures.rows, command.masks, submission.competition)
        print("\n".join(describe_truth(truth, len(submission.images))))
    if command.png:
        from kaggle_seg.pages.contact_sheet import write_contact_sheet

        print(f"contact sheet      {shown(write_contact_sheet(submission, figures, command.data))}")
    if command.html or command.open or command.validation:
        from kaggle_seg.pages.gallery.gallery_page import write_gallery
        from kaggle_seg.pages.gallery.subject import Subject

        subject = Subject(submission, figures, describe(faults), truth, other, agreement, command.data)
        if command.validation:
            from kaggle_seg.pages.gallery.validation_gallery import validation_subject

            subject = validation_subject(path, competition, command.data)
        page = write_gallery(subject)
        if command.open:
            webbrowser.open(page.resolve().as_uri())
        print(f"page: {shown(page)}")
    return FAILED if faults else DONE


def verdict(path: Path, faults: Sequence[Fault]) -> str:
    """Whether a submission is valid, in a line."""
    if not faults:
        return f"{shown(path)}: valid"
    return f"{shown(path)}: {len(faults)} fault{'s' if len(faults) > 1 else ''}"


if __name__ == "__main__":
    sys.exit(main())
