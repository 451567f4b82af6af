"""Uploading a CSV exactly once, whatever happens on the way.

"Sent" means the one request that makes a submission on Kaggle (CreateSubmission). Everything before it costs nothing and can
be repeated. The argument that no CSV makes two submissions, in the order in which `upload` acts:

1. One process at a time. All steps run under the upload lock, which the operating system releases at any death
   (`Ledger.uploading`). The client's process ends with the one that started it (worker.py). So a dead process leaves at
   most one request on its way.
2. A row comes first. Before anything is sent, the ledger on the disk has a row for this CSV, with the status `started` and
   a marker of its own (`upload_once`). The message on Kaggle carries the marker. So every submission that was ever sent
   from here can be recognised by the marker of a row.
3. A row stays `started` until Kaggle has told how it ended. It gets a reference when Kaggle answers with one, or lists its
   marker. It becomes `refused` when the request was never sent, or Kaggle turned it down, or does not list it (see 5). A
   kill, or a list that cannot be read, leaves it `started`.
4. Nothing is sent before looking. If a row of this CSV has a reference and none is open, the upload ends here, unless
   --again asks for another one, which gets a row and a marker of its own (`open_row`). For the row that is used, the list
   of submissions is searched for its marker. If the row is `started` and less than IN_FLIGHT seconds old, the request of a
   dead process may still be on its way: the search then goes on for `settling` seconds.
5. A lost answer is no reason to send again. Where the request may have reached Kaggle (`KaggleError.may_have_submitted`),
   the list is searched for `settling` seconds. If the submission is there, its reference is recorded. If it is not,
   Kaggle does not have it, and it may be sent again. If the list cannot be read, `Unsettled` ends the upload, the row
   stays `started`, and the next start begins at 4.

So between two requests with one marker there is always a search that did not find the first. The argument assumes that the
client sends CreateSubmission once for each question (as 2.2.4 and 2.2.5 do), that Kaggle lists a submission within
`settling` seconds, that nobody edits tags or references in the ledger, and that two machines without a common ledger do not
send the same CSV at the same moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kaggle_seg.errors import BadInput
from kaggle_seg.output import shown
from kaggle_seg.remote.client import Kaggle, note
from kaggle_seg.remote.gate import admit
from kaggle_seg.remote.ledger import COMPLETE, ERROR, PENDING, REFUSED, STARTED, Entry, Ledger, now
from kaggle_seg.remote.refusals import KaggleError, explain

IN_FLIGHT = 600.0  # seconds after which a request of a dead process was answered or has come to nothing
LONGEST_MESSAGE = 500  # characters


class Unsettled(KaggleError):
    """Nobody knows whether Kaggle has the submission: its answer was lost, and the list could not be read."""

    @property
    def temporary(self) -> bool:
        return False


def upload(kaggle: Kaggle, ledger: Ledger, file: Path, wanted: Entry, again: bool = False) -> Entry:
    """Uploads a checked CSV, unless Kaggle has it already.

    Args:
        kaggle: the conversation.
        ledger: where uploads are written down.
        file: the CSV.
        wanted: its row without a tag, as `entry_for` makes it.
        again: upload it although it was uploaded before.

    Returns:
        The ledger's row, with the reference.

    Raises:
        BadInput: it was uploaded before.
        Unsettled: see the argument above, 5.
        KaggleError: Kaggle does not have it; the row says `refused`.
        Failure: the competition takes no submission, or another upload is under way for too long.
    """
    with ledger.uploading(kaggle.timeouts.retrying + kaggle.timeouts.upload):
        before = ledger.of_csv(wanted.competition, wanted.sha256)
        pending = [entry for entry in before if entry.status == PENDING]
        if pending and not again:
            note(f"this CSV was uploaded before: reference {pending[-1].reference}")
            return pending[-1]
        check_novelty(file, before, again)
        entry, under_way = open_row(before, wanted)
        if under_way:
            note("an earlier upload of this CSV was interrupted; checking whether Kaggle has it")
        submission = find_submission(kaggle, entry, kaggle.timeouts.settling if under_way and entry.age() < IN_FLIGHT else 0)
        if submission is not None:
            note("Kaggle has this CSV already; nothing was sent")
            return settle(ledger, entry, submission)
        admit(kaggle)
        return kaggle.retry(lambda: upload_once(kaggle, ledger, entry, file))


def check_novelty(file: Path, before: Sequence[Entry], again: bool) -> None:
    """Lets a CSV pass that was not uploaded yet, or whose last upload or scoring has not ended.

    Args:
        file: the CSV.
        before: the ledger's rows of the CSV.
        again: whether another upload of it is wanted.

    Raises:
        BadInput: it is on Kaggle already.
    """
    done = [entry for entry in before if entry.status in (COMPLETE, ERROR)]
    if not done or again or any(entry.status in (STARTED, PENDING) for entry in before):
        return
    last = done[-1]
    score = f", public score {last.public_score}" if last.public_score else ""
    raise BadInput(
        f"{shown(file)}: this CSV was uploaded before ({last.time}, reference {last.reference}{score}); "
        "to spend another submission on it, add --again"
    )


def open_row(before: Sequence[Entry], wanted: Entry) -> tuple[Entry, bool]:
    """The row under which a CSV is to be uploaded, and whether an upload under it was interrupted.

    Args:
        before: the ledger's rows of this CSV.
        wanted: the row as it should be, without a tag.

    Returns:
        The row of an earlier upload that has no reference, else a new one with a tag of its own.
    """
    for entry in before:
        if not entry.uploaded:
            row = replace(wanted, tag=entry.tag, time=entry.time, others=entry.others)
            return replace(row, message=marked(wanted.message, row)), entry.status == STARTED
    number = f"#{len(before) + 1}" if before else ""
    row = replace(wanted, tag=wanted.sha256[:12] + number)
    return replace(row, message=marked(wanted.message, row)), False


def marked(message: str, entry: Entry) -> str:
    """The message that goes to Kaggle: at most 500 characters, the row's marker at its end."""
    return f"{message[: LONGEST_MESSAGE - len(entry.marker) - 1].rstrip()} {entry.marker}".lstrip()


def find_submission(kaggle: Kaggle, entry: Entry, settling: float) -> dict[str, Any] | None:
    """The submission that carries the row's marker, as Kaggle lists it; None when there is none.

    Args:
        kaggle: the conversation.
        entry: the row.
        settling: seconds to go on looking while it is not listed.
    """
    timeouts, pause = kaggle.timeouts, 1.0
    until = timeouts.clock() + settling
    while True:
        listed = kaggle.retry(lambda: kaggle.ask("submissions", slug=entry.competition, until=entry.marker))
        for submission in listed:
            if entry.marker in submission["description"]:
                return submission
        left = until - timeouts.clock()
        if left <= 0:
            return None
        timeouts.sleep(min(pause, left))
        pause *= 2


def upload_once(kaggle: Kaggle, ledger: Ledger, entry: Entry, file: Path) -> Entry:
    """Writes the row, sends the CSV, and records what became of it: one attempt.

    Raises:
        Unsettled: that could not be learnt; the row still says `started`.
        KaggleError: Kaggle does not have it; the row says `refused`.
    """
    started = replace(entry, time=now(), status=STARTED, note="")
    ledger.record(started)
    try:
        return settle(ledger, started, send(kaggle, started, file))
    except Unsettled:
        raise
    except KaggleError as error:
        ledger.record(replace(started, status=REFUSED, note=explain(error, kaggle.slug, kaggle.credentials)))
        raise


def send(kaggle: Kaggle, entry: Entry, file: Path) -> dict[str, Any]:
    """Sends the CSV; after a lost answer, looks for the submission on Kaggle.

    Returns:
        The submission: its reference and status, and whatever else Kaggle tells.

    Raises:
        Unsettled, KaggleError: as `upload_once`.
    """
    seconds, path = kaggle.timeouts.upload, str(file.resolve())
    try:
        answer = kaggle.ask("submit", seconds=seconds, slug=entry.competition, file=path, message=entry.message)
        if answer["reference"] > 0:
            return {"reference": answer["reference"], "status": PENDING}
        lost = KaggleError("garbled", "create", f"an answer without a reference: {answer['message']}")
    except KaggleError as error:
        if not error.may_have_submitted:
            raise
        lost = error
    note(f"{lost.brief()} after the upload; checking whether Kaggle has the submission")
    try:
        submission = find_submission(kaggle, entry, kaggle.timeouts.settling)
    except KaggleError as deaf:
        raise Unsettled(deaf.kind, deaf.step, deaf.message, deaf.status, deaf.body) from deaf
    if submission is None:
        raise lost
    return submission


def settle(ledger: Ledger, entry: Entry, submission: dict[str, Any]) -> Entry:
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
