"""The ledger as a person reads it, and how it is brought up to date from Kaggle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kaggle_seg.remote.client import Kaggle
from kaggle_seg.remote.ledger import REFUSED, STARTED, Entry, Ledger
from kaggle_seg.remote.trouble import Patience, persistently
from kaggle_seg.remote.upload import settled

HEADINGS = ("uploaded (UTC)", "file", "decision", "local", "public", "private", "public-local", "state", "reference")


def refresh(kaggle: Kaggle, ledger: Ledger, slug: str, patience: Patience, say: Callable[[str], None]) -> int:
    """Brings states and scores up to date; finds the submissions of rows whose upload was stopped in the middle.

    Args:
        kaggle: the conversation.
        ledger: the ledger.
        slug: the competition.
        patience: for the answers.
        say: for progress.

    Returns:
        How many submissions Kaggle has that the ledger does not know: a teammate's, or made on the website.
    """
    listed = persistently(lambda: kaggle.ask("submissions", slug=slug), patience, say)
    entries = ledger.entries(slug)
    by_reference = {str(submission["reference"]): submission for submission in listed}
    for entry in entries:
        if entry.uploaded and entry.reference in by_reference:
            settled(ledger, entry, by_reference[entry.reference])
        elif entry.status in (STARTED, REFUSED):
            carrying = [submission for submission in listed if entry.marker in submission["description"]]
            if carrying:
                settled(ledger, entry, carrying[0])
    known = {entry.reference for entry in ledger.entries(slug)}
    return len(by_reference.keys() - known)


def table(entries: Sequence[Entry]) -> list[str]:
    """The rows, oldest first, in columns."""
    if not entries:
        return ["the ledger is empty: nothing was uploaded yet"]
    rows = [HEADINGS, *(_cells(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [f"  {entry.reference or entry.file}: {entry.note}" for entry in entries if entry.note]
    return [*lines, *notes]


def _cells(entry: Entry) -> tuple[str, ...]:
    local, public = entry.number("local_score"), entry.number("public_score")
    interval = f" [{entry.local_low}, {entry.local_high}]" if entry.local_low else ""
    difference = f"{public - local:+.4f}" if local is not None and public is not None else ""
    return (
        entry.time.removesuffix("Z").replace("T", " "),
        entry.file,
        f"threshold {entry.threshold}" if entry.threshold else entry.decision,
        entry.local_score + interval,
        entry.public_score,
        entry.private_score,
        difference,
        entry.status,
        entry.reference,
    )
