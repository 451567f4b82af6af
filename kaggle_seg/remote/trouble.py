"""What can go wrong between us and Kaggle, in plain values, and how long one waits for it to pass."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Answer = TypeVar("Answer")
PASSING_STATUS = (408, 429, 500, 502, 503, 504)


class Trouble(Exception):
    """What went wrong with a question to Kaggle.

    Attributes:
        kind: login, missing, upload, refused, garbled, certificate, lost, disk, late (no answer in time), died, unknown.
        step: what the client was doing: import, login, competition, limits, list, start, put, create, poll, files, download.
        said: the words of Kaggle or of the client, without secrets.
        status: the HTTP status, 0 when there was none.
        body: the body of that answer.
        retry_after: seconds that Kaggle asks to wait, 0 when it does not.
    """

    def __init__(
        self, kind: str, step: str, said: str = "", status: int = 0, body: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(f"{kind} at {step}: {status or ''} {said}")
        self.kind, self.step, self.said = kind, step, said
        self.status, self.body, self.retry_after = status, body, retry_after

    @property
    def passing(self) -> bool:
        """Whether the same question may well be answered a little later."""
        if self.kind == "refused":
            return self.status in PASSING_STATUS
        return self.kind in ("lost", "late", "died", "upload")

    @property
    def may_have_submitted(self) -> bool:
        """Whether Kaggle may have taken the submission although no reference came back."""
        turned_down = self.kind == "refused" and self.status < 500 and self.status != 408
        return self.step == "create" and not turned_down

    def brief(self) -> str:
        """The trouble in a few words, for a line about a retry."""
        if self.kind == "refused":
            return "Kaggle asks for a pause (429)" if self.status == 429 else f"a fault on Kaggle's side ({self.status})"
        words = {
            "lost": "the connection to Kaggle was lost",
            "late": "no answer from Kaggle",
            "died": "the Kaggle client ended",
            "upload": "the file did not get through",
        }
        return words.get(self.kind, self.kind)


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds.

    Attributes:
        answer: for the answer to one question.
        upload: for one upload, file and answer.
        stall: for a download that brings nothing.
        attempts: how often a question is asked before giving up.
        retrying: in all, for one question asked again and again.
        pause: before the second attempt; each further pause is twice as long, up to `longest_pause`.
        settling: until a submission whose answer was lost shows in the list of submissions.
        scoring: in all, for a score.
        sleep: waits.
        clock: tells the seconds.
    """

    answer: float = 60.0
    upload: float = 300.0
    stall: float = 120.0
    attempts: int = 6
    retrying: float = 600.0
    pause: float = 2.0
    longest_pause: float = 60.0
    settling: float = 20.0
    scoring: float = 3600.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)


def persistently(ask: Callable[[], Answer], patience: Patience, say: Callable[[str], None]) -> Answer:
    """Asks until there is an answer, with growing pauses, for trouble that may pass; Retry-After is honoured.

    Args:
        ask: the question.
        patience: how often and how long.
        say: is told what happened and how long the pause is.

    Raises:
        Trouble: it does not pass, or patience is at its end.
    """
    started, pause, attempt = patience.clock(), patience.pause, 1
    while True:
        try:
            return ask()
        except Trouble as trouble:
            wait = max(pause, trouble.retry_after)
            late = patience.clock() - started + wait > patience.retrying
            if not trouble.passing or attempt >= patience.attempts or late:
                raise
            say(f"{trouble.brief()}; trying again in {wait:.0f} s")
            patience.sleep(wait)
            attempt, pause = attempt + 1, min(2 * pause, patience.longest_pause)


def seconds_of(retry_after: str | None) -> float:
    """The seconds a Retry-After header asks for: a number, or a date.

    >>> seconds_of("7"), seconds_of(None), seconds_of("soon")
    (7.0, 0.0, 0.0)
    """
    from email.utils import parsedate_to_datetime

    if not retry_after:
        return 0.0
    with contextlib.suppress(ValueError):
        return max(0.0, float(retry_after))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    return 0.0
