"""What became of the uploads: waiting for a score, bringing the ledger up to date, and both as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.remote.client import Kaggle, connect, note
from kaggle_seg.remote.gate import Admission
from kaggle_seg.remote.ledger import COMPLETE, ERROR, REFUSED, STARTED, Entry, Ledger
from kaggle_seg.remote.refusals import KaggleError, Timeouts
from kaggle_seg.remote.upload import settle

HEADINGS = ("uploaded (UTC)", "file", "decision", "local", "public", "private", "public-local", "state", "reference")


def wait_for_reference(reference: int, timeouts: Timeouts | None = None) -> str:
    """Waits for the score of an earlier upload; a line that tells it.

    Raises:
        BadInput: the ledger has no such reference, or there are no credentials.
        Failure: Kaggle could not score it, did not in time, or refuses to tell.
    """
    ledger = Ledger()
    rows = [entry for entry in ledger.entries() if entry.reference == str(reference)]
    if not rows:
        raise BadInput(f"--wait {reference}: this reference is not in the ledger; `submit --list` shows all that are")
    with connect(rows[-1].competition, f"python -m kaggle_seg.submit --wait {reference}", timeouts) as kaggle:
        return wait_for_score(kaggle, ledger, rows[-1])


def wait_for_score(kaggle: Kaggle, ledger: Ledger, entry: Entry) -> str:
    """Waits until a submission is scored; a line that tells its score.

    Args:
        kaggle: the conversation.
        ledger: every change goes into it.
        entry: the row, with the reference.

    Raises:
        Failure: Kaggle could not score it, or did not in time.
        KaggleError: Kaggle refuses to tell.
    """
    later = f"python -m kaggle_seg.submit --wait {entry.reference}"
    try:
        entry = poll(kaggle, ledger, entry)
    except KeyboardInterrupt:
        note(f"\nthe upload is safe; to wait for its score later: {later}")
        raise
    if entry.status == ERROR:
        raise Failure(score_line(entry))
    if entry.status != COMPLETE:
        minutes = kaggle.timeouts.scoring / 60
        raise Failure(f"{score_line(entry)} after {minutes:.0f} minutes; to go on waiting: {later}")
    return score_line(entry)


def poll(kaggle: Kaggle, ledger: Ledger, entry: Entry) -> Entry:
    """Asks for a submission, with growing pauses, until Kaggle has scored it or the time for that is used up.

    Returns:
        The row as it is in the end: complete, error, or still pending.
    """
    timeouts = kaggle.timeouts
    until, pause = timeouts.clock() + timeouts.scoring, timeouts.pause
    while True:
        wait = pause
        try:
            entry = settle(ledger, entry, kaggle.ask("submission", reference=int(entry.reference)))
        except KaggleError as error:
            if not _may_pass(error):
                raise
            note(f"{error.brief()}; still waiting for the score")
            wait = max(wait, error.retry_after)
        if entry.status in (COMPLETE, ERROR) or timeouts.clock() + wait > until:
            return entry
        timeouts.sleep(wait)
        pause = min(1.5 * pause, timeouts.longest_pause)


def _may_pass(error: KaggleError) -> bool:
    """Whether to go on asking: a new submission is unknown for a moment, and may have a status that is new to us."""
    return error.temporary or error.kind == "garbled" or (error.kind == "refused" and error.status == 404)


def refresh(ledger: Ledger, slug: str, timeouts: Timeouts | None = None) -> str:
    """Brings the states and scores of all uploads up to date; finds the submissions of uploads that were interrupted.

    Returns:
        How many submissions are left, as a person reads it.
    """
    with connect(slug, "python -m kaggle_seg.submit --list --refresh", timeouts) as kaggle:
        listed = kaggle.retry(lambda: kaggle.ask("submissions", slug=slug))
        update(ledger, slug, listed)
        return Admission.ask(kaggle).allowance()


def update(ledger: Ledger, slug: str, listed: Sequence[dict[str, Any]]) -> None:
    """Takes over into the ledger what Kaggle's list of submissions tells."""
    by_reference = {str(submission["reference"]): submission for submission in listed}
    for entry in ledger.entries(slug):
        if entry.uploaded and entry.reference in by_reference:
            settle(ledger, entry, by_reference[entry.reference])
        elif entry.status in (STARTED, REFUSED):
            carrying = [submission for submission in listed if entry.marker in submission["description"]]
            if carrying:
                settle(ledger, entry, carrying[0])
    if others := len(by_reference.keys() - {entry.reference for entry in ledger.entries(slug)}):
        are = "more submission on Kaggle is" if others == 1 else "more submissions on Kaggle are"
        note(f"{others} {are} not in the ledger: made by a team mate, or on the website")


def score_line(entry: Entry) -> str:
    """How Kaggle scored a submission, and its local score."""
    if entry.status == ERROR:
        return f"Kaggle could not score reference {entry.reference}: {entry.note or 'no reason given'}"
    if entry.status != COMPLETE:
        return f"reference {entry.reference} is still being scored"
    public, private, local = entry.number("public_score"), entry.number("private_score"), entry.number("local_score")
    if public is None:
        return f"reference {entry.reference} is scored, but Kaggle shows no public score"
    text = f"public score {entry.public_score}"
    if private is not None:
        text += f", private score {entry.private_score}"
    if local is not None:
        text += f"; local score {entry.local_text}, the public score is {public - local:+.4f} from it"
    return text


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
    return (
        entry.time.removesuffix("Z").replace("T", " "),
        entry.file,
        f"threshold {entry.threshold}" if entry.threshold else entry.decision,
        entry.local_text,
        entry.public_score,
        entry.private_score,
        f"{public - local:+.4f}" if local is not None and public is not None else "",
        entry.status,
        entry.reference,
    )
