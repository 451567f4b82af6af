"""What must be in order before anything leaves this machine: the CSV, its novelty, the credentials, the competition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.remote.credentials import Credentials, find_credentials, how_to_get
from kaggle_seg.remote.ledger import COMPLETE, ERROR, PENDING, STARTED, Entry
from kaggle_seg.remote.refusals import SITE
from kaggle_seg.run_directory import shown
from kaggle_seg.submission import checks
from kaggle_seg.submission.expected import find_expected
from kaggle_seg.submission.table import Submission


def check_csv(file: Path, data: Path | None = None, competition: Competition = DEFAULT) -> None:
    """Lets a CSV pass that `inspect` finds nothing wrong with.

    Raises:
        BadInput: its faults, as `inspect` words them, or that its ids cannot be checked.
    """
    expected = find_expected(file, competition, data)
    faults = checks.check(Submission.read(file, competition), expected)
    if faults:
        number = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise BadInput(
            [*checks.describe(faults), f"{shown(file)}: {number}; nothing leaves this machine before they are mended"]
        )
    if expected.stems is None:
        raise BadInput(
            f"{shown(file)}: which image ids it must have is not known: there is no {file.with_suffix('.json').name} beside "
            "it and no sample_submission.csv in data/; name the folder of tiles with --data DIR"
        )


def check_novelty(file: Path, before: Sequence[Entry], again: bool) -> None:
    """Lets a CSV pass that was not uploaded yet, or whose last upload or scoring did not come to its end.

    Args:
        file: the CSV.
        before: the ledger's rows with its hash.
        again: whether a second upload is wanted.

    Raises:
        BadInput: it is on Kaggle already.
    """
    done = [entry for entry in before if entry.status in (COMPLETE, ERROR)]
    if not done or again or any(entry.status in (STARTED, PENDING) for entry in before):
        return
    last = done[-1]
    score = f", public score {last.public_score}" if last.public_score else ""
    raise BadInput(
        f"{shown(file)}: uploaded already ({last.time}, reference {last.reference}{score}); "
        "to spend another submission on the same CSV add --again"
    )


def need_credentials(command: str) -> Credentials:
    """The credentials.

    Args:
        command: what to run once they are there.

    Raises:
        BadInput: there are none; in three steps, how to get them.
    """
    found = find_credentials()
    if found is None:
        raise BadInput(f"no Kaggle credentials on this machine. How to get them:\n{how_to_get(command)}")
    return found


@dataclass(frozen=True)
class Admission:
    """What a competition takes from us now.

    Attributes:
        slug: the competition.
        facts: the worker's answer to "competition".
    """

    slug: str
    facts: dict[str, Any]

    @property
    def left(self) -> int:
        """Submissions left today."""
        return int(self.facts["left"])

    @property
    def deadline(self) -> datetime | None:
        """When it closed or will close, UTC."""
        text = self.facts["deadline"]
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

    def allowance(self) -> str:
        """`2 of 5 left, resets 00:00 UTC = 01:00 here`."""
        if self.facts["limited_by_total"]:
            return f"{self.left} left in all ({self.facts['total']} made), the competition's own total, which never resets"
        of = f" of {self.facts['daily']}" if self.facts["daily"] else ""
        return f"{self.left}{of} left, resets 00:00 UTC = {reset_here():%H:%M} here"

    def late(self) -> str:
        """A line for a competition past its deadline; empty otherwise."""
        if self.deadline is None or self.deadline > datetime.now(UTC):
            return ""
        return (
            f"{self.slug} ended on {self.deadline:%Y-%m-%d}: late submissions only, which are scored but take no place on "
            "the leaderboard"
        )

    def check(self) -> None:
        """Lets an upload pass.

        Raises:
            Failure: Kaggle would turn it down: not joined, closed, code only, or nothing left for today.
        """
        address = f"{SITE}/competitions/{self.slug}"
        if self.facts["disabled"]:
            raise Failure(f"{self.slug} is closed: it takes no submissions any more ({address})")
        if self.facts["code_only"]:
            raise Failure(f"{self.slug} is a code competition: it takes submissions from Kaggle notebooks alone ({address})")
        if not self.facts["entered"]:
            raise Failure(f"you have not joined {self.slug} yet: accept its rules at {address}/rules, then try again")
        if self.left <= 0:
            raise Failure(f"no submission is left: {self.allowance()}; nothing was uploaded")


def reset_here() -> datetime:
    """The next midnight UTC, on this machine's clock."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return tomorrow.astimezone()
