"""Waiting for a score: asking by reference, with growing pauses, until Kaggle has scored the submission or given it up."""

from __future__ import annotations

from collections.abc import Callable

from kaggle_seg.remote.client import Kaggle
from kaggle_seg.remote.ledger import COMPLETE, ERROR, Entry, Ledger
from kaggle_seg.remote.trouble import Patience, Trouble
from kaggle_seg.remote.upload import settled


def wait_for_score(kaggle: Kaggle, ledger: Ledger, entry: Entry, patience: Patience, say: Callable[[str], None]) -> Entry:
    """Asks for a submission until it is scored; every change goes into the ledger.

    Args:
        kaggle: the conversation.
        ledger: the ledger.
        entry: its row, with the reference.
        patience: the first and the longest pause, and the limit.
        say: for progress.

    Returns:
        The row as it is in the end: complete, error, or still pending when patience ran out.

    Raises:
        Trouble: Kaggle refuses to tell.
    """
    until, pause = patience.clock() + patience.scoring, patience.pause
    while True:
        wait = pause
        try:
            entry = settled(ledger, entry, kaggle.ask("submission", reference=int(entry.reference)))
        except Trouble as trouble:
            if not _may_pass(trouble):
                raise
            say(f"{trouble.brief()}; still waiting for the score")
            wait = max(wait, trouble.retry_after)
        if entry.status in (COMPLETE, ERROR) or patience.clock() + wait > until:
            return entry
        patience.sleep(wait)
        pause = min(1.5 * pause, patience.longest_pause)


def _may_pass(trouble: Trouble) -> bool:
    """Whether to go on asking: a submission is unknown for a moment after its upload, and may have a status new to us."""
    return trouble.passing or trouble.kind == "garbled" or (trouble.kind == "refused" and trouble.status == 404)


def score_line(entry: Entry) -> str:
    """What Kaggle's scoring came to, beside the local score."""
    if entry.status == ERROR:
        return f"Kaggle could not score reference {entry.reference}: {entry.note or 'no reason given'}"
    if entry.status != COMPLETE:
        return f"reference {entry.reference} is still being scored"
    public, private, local = entry.number("public_score"), entry.number("private_score"), entry.number("local_score")
    if public is None:
        return f"reference {entry.reference} is scored, but Kaggle shows no public score"
    text = f"public score {entry.public_score}"
    if private is not None:
        text += f", private {entry.private_score}"
    if local is not None:
        interval = f" [{entry.local_low}, {entry.local_high}]" if entry.local_low else ""
        text += f"; local {entry.local_score}{interval}, public is {public - local:+.4f} from it"
    return text
