"""One submission from the CSV to its score: the gate, the upload, the wait; each part can be taken up after a stop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.remote import gate
from kaggle_seg.remote.choice import entry_for
from kaggle_seg.remote.client import Kaggle
from kaggle_seg.remote.credentials import Credentials
from kaggle_seg.remote.ledger import COMPLETE, ERROR, PENDING, Entry, Ledger
from kaggle_seg.remote.listing import refresh
from kaggle_seg.remote.refusals import explain
from kaggle_seg.remote.trouble import Patience, Trouble, persistently
from kaggle_seg.remote.upload import find_submission, open_entry, settled, upload
from kaggle_seg.remote.waiting import score_line, wait_for_score
from kaggle_seg.submission.provenance import Provenance

IN_FLIGHT = 600.0  # seconds after which an attempt that was stopped in the middle has come to nothing or shows in the list


def note(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Sender:
    """Sends CSVs to one competition.

    Attributes:
        competition: which.
        ledger: where it is written down.
        patience: how long it waits for what.
        say: is told the progress.
    """

    competition: Competition = DEFAULT
    ledger: Ledger = field(default_factory=Ledger)
    patience: Patience = field(default_factory=Patience)
    say: Callable[[str], None] = note

    @contextmanager
    def talking(self, credentials: Credentials) -> Iterator[Kaggle]:
        """A conversation with Kaggle, whose troubles become one plain message.

        Raises:
            Failure: something went wrong that does not pass.
        """
        with Kaggle(credentials, self.patience) as kaggle:
            try:
                yield kaggle
            except Trouble as trouble:
                raise Failure(explain(trouble, self.competition.slug, credentials)) from trouble

    def admission(self, kaggle: Kaggle) -> gate.Admission:
        """What the competition takes from us now; shown, and checked.

        Raises:
            Failure: it takes nothing.
        """
        slug = self.competition.slug
        facts = persistently(lambda: kaggle.ask("competition", slug=slug), self.patience, self.say)
        admission = gate.Admission(slug, facts)
        self.say(f"submissions: {admission.allowance()}")
        if late := admission.late():
            self.say(late)
        admission.check()
        return admission

    def bring_up_to_date(self) -> str:
        """States and scores of the whole ledger from Kaggle; what is left of the allowance, in words."""
        slug, credentials = self.competition.slug, gate.need_credentials("python -m kaggle_seg.submit --list --refresh")
        with self.talking(credentials) as kaggle:
            strangers = refresh(kaggle, self.ledger, slug, self.patience, self.say)
            facts = persistently(lambda: kaggle.ask("competition", slug=slug), self.patience, self.say)
        if strangers:
            self.say(f"{strangers} more on Kaggle are not in the ledger: a teammate's, or made on the website")
        return gate.Admission(slug, facts).allowance()

    def rehearse(self, credentials: Credentials) -> None:
        """Everything that comes before an upload, and nothing more."""
        with self.talking(credentials) as kaggle:
            self.admission(kaggle)

    def send(
        self, made: Provenance, message: str, credentials: Credentials, again: bool = False, wait: bool = True
    ) -> Entry:
        """Uploads a checked CSV, unless Kaggle has it already, and waits for its score.

        Args:
            made: the CSV and where it comes from.
            message: the person's own words.
            credentials: to log in with.
            again: upload it although it was uploaded before.
            wait: stay until it is scored.

        Returns:
            The ledger's row as it is in the end.
        """
        with self.talking(credentials) as kaggle:
            entry = self.hand_over(kaggle, made, message, again)
            print(f"reference {entry.reference}", flush=True)
            return self.wait(kaggle, entry) if wait else entry

    def hand_over(self, kaggle: Kaggle, made: Provenance, message: str, again: bool) -> Entry:
        """The part that must happen once: under a lock, looks for the CSV on Kaggle and uploads it if it is not there."""
        with self.ledger.uploading(self.patience.retrying + self.patience.upload):
            before = self.ledger.of_csv(self.competition.slug, made.sha256)
            pending = [entry for entry in before if entry.status == PENDING]
            if pending and not again:
                self.say(f"uploaded already as reference {pending[-1].reference}")
                return pending[-1]
            gate.check_novelty(made.file, before, again)
            entry, under_way = open_entry(self.ledger, replace(entry_for(made, message), competition=self.competition.slug))
            settling = self.patience.settling if under_way and entry.age() < IN_FLIGHT else 0.0
            if under_way:
                self.say("an earlier attempt was stopped in the middle; looking whether Kaggle has it")
            found = find_submission(kaggle, entry, settling, self.patience, self.say)
            if found is not None:
                self.say("Kaggle has this CSV already; nothing was sent")
                return settled(self.ledger, entry, found)
            self.admission(kaggle)
            return upload(kaggle, self.ledger, entry, made.file, self.patience, self.say)

    def wait(self, kaggle: Kaggle, entry: Entry) -> Entry:
        """Waits for a score and prints it.

        Raises:
            Failure: Kaggle could not score it, or did not in time.
        """
        later = f"python -m kaggle_seg.submit --wait {entry.reference}"
        try:
            entry = wait_for_score(kaggle, self.ledger, entry, self.patience, self.say)
        except KeyboardInterrupt:
            self.say(f"\nnothing is lost: {later}")
            raise
        if entry.status == ERROR:
            raise Failure(score_line(entry))
        if entry.status != COMPLETE:
            raise Failure(f"{score_line(entry)} after {self.patience.scoring / 60:.0f} minutes; ask again later: {later}")
        print(score_line(entry), flush=True)
        return entry

    def take_up(self, reference: int, credentials: Credentials) -> Entry:
        """Waits for the score of an earlier upload.

        Raises:
            BadInput: the ledger has no such reference.
        """
        rows = [entry for entry in self.ledger.entries() if entry.reference == str(reference)]
        if not rows:
            raise BadInput(f"--wait {reference}: the ledger has no such reference; `submit --list` shows those it has")
        with self.talking(credentials) as kaggle:
            return self.wait(kaggle, rows[-1])
