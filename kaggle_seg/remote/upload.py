"""Uploading a CSV exactly once, whatever happens on the way.

The ledger's row is written first. An answer that got lost is never answered by sending again: first the list of submissions
is searched for the row's marker, until a submission under way would have to show there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from kaggle_seg.remote.client import Kaggle
from kaggle_seg.remote.ledger import COMPLETE, ERROR, PENDING, REFUSED, STARTED, Entry, Ledger, now
from kaggle_seg.remote.refusals import explain
from kaggle_seg.remote.trouble import Patience, Trouble, persistently

Say = Callable[[str], None]


def open_entry(ledger: Ledger, wanted: Entry) -> tuple[Entry, bool]:
    """The row under which a CSV is to be uploaded, and whether an attempt under it may still be under way.

    Args:
        ledger: the ledger.
        wanted: the row as it should be, without a tag.

    Returns:
        The row of an earlier attempt that did not come to an end, else a new one with a tag of its own.
    """
    before = ledger.of_csv(wanted.competition, wanted.sha256)
    for entry in before:
        if not entry.uploaded:
            fresh = replace(wanted, tag=entry.tag, time=entry.time, others=entry.others)
            return replace(fresh, message=marked(wanted.message, fresh)), entry.status == STARTED
    number = f"#{len(before) + 1}" if before else ""
    entry = replace(wanted, tag=wanted.sha256[:12] + number)
    return replace(entry, message=marked(wanted.message, entry)), False


def marked(message: str, entry: Entry, longest: int = 500) -> str:
    """The message that goes to Kaggle: at most 500 characters, the row's marker at its end."""
    return f"{message[: longest - len(entry.marker) - 1].rstrip()} {entry.marker}".lstrip()


def find_submission(kaggle: Kaggle, entry: Entry, settling: float, patience: Patience, say: Say) -> dict[str, Any] | None:
    """The submission that carries the row's marker, as Kaggle lists it; None when there is none.

    Args:
        kaggle: the conversation.
        entry: the row.
        settling: seconds to go on looking while it does not show.
        patience: for each look.
        say: for progress.
    """
    until, pause = patience.clock() + settling, 1.0
    while True:
        listed = persistently(lambda: kaggle.ask("submissions", slug=entry.competition, holding=entry.marker), patience, say)
        for submission in listed:
            if entry.marker in submission["description"]:
                return submission
        left = until - patience.clock()
        if left <= 0:
            return None
        patience.sleep(min(pause, left))
        pause *= 2


class Unsettled(Trouble):
    """Nobody knows whether Kaggle has the submission: its answer was lost, and so was the list of submissions."""

    @property
    def passing(self) -> bool:
        return False


def upload(kaggle: Kaggle, ledger: Ledger, entry: Entry, file: Path, patience: Patience, say: Say) -> Entry:
    """Sends a CSV and records its reference. The caller has made sure that Kaggle does not have it yet.

    Args:
        kaggle: the conversation.
        ledger: the ledger; the row is written before every attempt.
        entry: the row.
        file: the CSV.
        patience: for the attempts.
        say: for progress.

    Returns:
        The row with its reference.

    Raises:
        Unsettled: the row still says `started`, so that the next start looks for it first.
        Trouble: Kaggle does not have it; the row says `refused`.
    """

    def attempt() -> Entry:
        started = replace(entry, time=now(), status=STARTED, note="")
        ledger.record(started)
        try:
            return settled(ledger, started, submit_once(kaggle, started, file, patience, say))
        except Unsettled:
            raise
        except Trouble as trouble:
            note = explain(trouble, entry.competition, kaggle.credentials)
            ledger.record(replace(started, status=REFUSED, note=note))
            raise

    return persistently(attempt, patience, say)


def submit_once(kaggle: Kaggle, entry: Entry, file: Path, patience: Patience, say: Say) -> dict[str, Any]:
    """One attempt; after a lost answer, the submission that is found on Kaggle after all.

    Raises:
        Trouble: Kaggle does not have it.
        Unsettled: that could not be learnt.
    """
    try:
        answer = kaggle.ask(
            "submit", seconds=patience.upload, slug=entry.competition, file=str(file.resolve()), message=entry.message
        )
        if answer["reference"] > 0:
            return answer | {"status": PENDING}
        trouble = Trouble("garbled", "create", f"an answer without a reference: {answer['said']}")
    except Trouble as error:
        if not error.may_have_submitted:
            raise
        trouble = error
    say(f"{trouble.brief()} after the upload; looking whether Kaggle has the submission")
    try:
        found = find_submission(kaggle, entry, patience.settling, patience, say)
    except Trouble as deaf:
        raise Unsettled(deaf.kind, deaf.step, deaf.said, deaf.status, deaf.body) from deaf
    if found is None:
        raise trouble
    return found


def settled(ledger: Ledger, entry: Entry, submission: dict[str, Any]) -> Entry:
    """Records what Kaggle says about a submission: its reference, status, scores and error."""
    status = submission["status"] if submission["status"] in (PENDING, COMPLETE, ERROR) else PENDING
    known = replace(
        entry,
        reference=str(submission["reference"]),
        status=status,
        public_score=submission.get("public_score") or entry.public_score,
        private_score=submission.get("private_score") or entry.private_score,
        note=" ".join((submission.get("error") or "").split()),
    )
    if known != entry:
        ledger.record(known)
    return known
