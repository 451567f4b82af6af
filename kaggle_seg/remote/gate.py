"""What must be in order before a CSV leaves this machine: the CSV itself, and what the competition takes now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.output import shown
from kaggle_seg.remote.client import Kaggle, note
from kaggle_seg.remote.refusals import SITE
from kaggle_seg.submission import checks
from kaggle_seg.submission.expected import find_expected
from kaggle_seg.submission.table import Submission


def check_csv(file: Path, data: Path | None, competition: Competition) -> None:
    """Lets a CSV pass in which `inspect` finds no fault.

    Args:
        file: the CSV.
        data: the folder of tiles that it was made for, if one was named.
        competition: the one it is for.

    Raises:
        BadInput: its faults, as `inspect` puts them, or that its ids cannot be checked.
    """
    expected = find_expected(file, competition, data)
    faults = checks.check(Submission.read(file, competition), expected)
    if faults:
        number = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise BadInput([*checks.describe(faults), f"{shown(file)}: {number}; a CSV with faults is not uploaded"])
    if expected.stems is None:
        raise BadInput(
            f"{shown(file)}: its image ids cannot be checked: there is no {file.with_suffix('.json').name} beside it and no "
            "sample_submission.csv in data/; name the folder of tiles with --data DIR"
        )


@dataclass(frozen=True)
class Admission:
    """What a competition takes from us now.

    Attributes:
        slug: the competition.
        facts: the worker's answer to "competition".
    """

    slug: str
    facts: dict[str, Any]

    @classmethod
    def ask(cls, kaggle: Kaggle) -> Admission:
        """Asks Kaggle.

        Raises:
            KaggleError: there was no answer.
        """
        return cls(kaggle.slug, kaggle.retry(lambda: kaggle.ask("competition", slug=kaggle.slug)))

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
        """`2 of 5 left today, resets 00:00 UTC = 01:00 here`."""
        if self.facts["limited_by_total"]:
            made = self.facts["total"]
            return f"{self.left} left in total ({made} made); the competition limits the total number, which never resets"
        of = f" of {self.facts['daily']}" if self.facts["daily"] else ""
        return f"{self.left}{of} left today, resets 00:00 UTC = {reset_here():%H:%M} here"

    def late(self) -> str:
        """A line for a competition past its deadline; empty otherwise."""
        if self.deadline is None or self.deadline > datetime.now(UTC):
            return ""
        return f"{self.slug} ended on {self.deadline:%Y-%m-%d}: late submissions are scored, but not ranked"

    def check(self) -> None:
        """Lets an upload pass.

        Raises:
            Failure: Kaggle would refuse it: not joined, closed, notebooks only, or nothing left for today.
        """
        address = f"{SITE}/competitions/{self.slug}"
        if self.facts["disabled"]:
            raise Failure(f"{self.slug} is closed: it takes no submissions any more ({address})")
        if self.facts["code_only"]:
            raise Failure(f"{self.slug} is a code competition: it takes submissions from Kaggle notebooks only ({address})")
        if not self.facts["entered"]:
            raise Failure(f"you have not joined {self.slug} yet: accept its rules at {address}/rules, then try again")
        if self.left <= 0:
            raise Failure(f"no submission is left: {self.allowance()}; nothing was uploaded")


def admit(kaggle: Kaggle) -> None:
    """Shows what the competition takes now, and lets an upload pass.

    Raises:
        Failure: it takes nothing.
        KaggleError: it could not be asked.
    """
    admission = Admission.ask(kaggle)
    note(f"submissions: {admission.allowance()}")
    if late := admission.late():
        note(late)
    admission.check()


def reset_here() -> datetime:
    """The next midnight UTC, on this machine's clock."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return tomorrow.astimezone()
