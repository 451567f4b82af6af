"""What goes wrong with Kaggle: after what time, one exception for all of it, and one plain message that says what to do."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kaggle_seg.remote.credentials import Credentials

SITE = "https://www.kaggle.com"
TEMPORARY_STATUS = (408, 429, 500, 502, 503, 504)
SPENDS_NOTHING = ("start", "put")  # steps of an upload before the one that counts as a submission
LIMIT = re.compile(r"(submission|daily|day).{0,40}(limit|allow|maximum|remaining)|(limit|maximum).{0,40}submission", re.I)


@dataclass(frozen=True)
class Timeouts:
    """How long to wait for what, in seconds.

    Attributes:
        answer: for the answer to one question.
        upload: for one upload, file and answer.
        stall: for a download that brings nothing.
        attempts: how often a question is asked before it is given up.
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


class KaggleError(Exception):
    """A question to Kaggle that got no answer, or a refusal.

    Attributes:
        kind: login, missing, upload, refused, garbled, certificate, lost, disk, late (no answer in time), died, unknown.
        step: what the client was doing: import, login, competition, limits, list, start, put, create, poll, files, download,
            receive.
        message: what Kaggle or the client said, without secrets.
        status: the HTTP status; 0 if there was none.
        body: the body of that answer, without secrets.
        retry_after: seconds that Kaggle asks to wait; 0 if it does not ask.
    """

    def __init__(
        self, kind: str, step: str, message: str = "", status: int = 0, body: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(f"{kind} at {step}: {status or ''} {message}")
        self.kind, self.step, self.message = kind, step, message
        self.status, self.body, self.retry_after = status, body, retry_after

    @property
    def temporary(self) -> bool:
        """Whether the same question may be answered a little later."""
        if self.kind == "refused":
            return self.status in TEMPORARY_STATUS
        return self.kind in ("lost", "late", "died", "upload")

    @property
    def may_have_submitted(self) -> bool:
        """Whether Kaggle may have made the submission although no reference came back."""
        turned_down = self.kind == "refused" and self.status < 500 and self.status != 408
        return self.step == "create" and not turned_down

    @property
    def kaggle_said(self) -> str:
        """Kaggle's message. The client passes it on for one shape of answer only; otherwise it is in the body."""
        try:
            answer = json.loads(self.body)
            inner = answer.get("error", answer)
            text = inner.get("message") if isinstance(inner, dict) else inner
        except (ValueError, AttributeError):
            is_page = self.body.lstrip().startswith("<")
            text = re.sub(r"<[^>]*>|\s+", " ", self.body).strip() if is_page else self.body
        return " ".join(str(text or self.message).split())[:300]

    def brief(self) -> str:
        """The error in a few words, for a line about a retry."""
        if self.kind == "refused":
            return "Kaggle asks for a pause (429)" if self.status == 429 else f"Kaggle has an error ({self.status})"
        texts = {
            "lost": "the connection to Kaggle was lost",
            "late": "Kaggle did not answer in time",
            "died": "the Kaggle client ended",
            "upload": "the file did not reach Kaggle's storage",
            "garbled": "the answer could not be understood",
        }
        return texts.get(self.kind, self.kind)


def explain(error: KaggleError, slug: str, credentials: Credentials) -> str:
    """One message: what happened, what Kaggle said, what to do.

    Args:
        error: from `Kaggle.ask`.
        slug: the competition that was asked about.
        credentials: what the client logged in with.
    """
    if error.kind == "login":
        text = _login(credentials, "it is invalid or has expired")
    elif error.kind == "refused":
        text = _refused(error, slug, credentials)
    else:
        text = _not_answered(error)
    return text + (". No submission was spent." if error.step in SPENDS_NOTHING else "")


def _login(credentials: Credentials, why: str) -> str:
    text = f"Kaggle does not accept {credentials.source}: {why}; create a new token at {SITE}/settings/api"
    if credentials.overridden:
        others = " and ".join(credentials.overridden)
        text += f". {credentials.source} overrides {others}: remove it to log in with {others}"
    return text


def _not_answered(error: KaggleError) -> str:
    """An error on the way to Kaggle, or in the client."""
    detail = f"({error.message})"
    if error.kind == "disk" and error.step in ("import", "login"):
        return (
            f"the Kaggle client cannot use its folder in the home directory {detail}; make the folder writable, or set "
            "KAGGLE_CONFIG_DIR to a folder that is"
        )
    texts = {
        "missing": f"the Kaggle client could not be loaded {detail}; it needs Python 3.11 or newer; install it with: "
        "pip install 'kaggle>=2.2.4,<3' 'six>=1.16'",
        "upload": "the upload failed: the file did not reach Kaggle's storage (step 2 of 3)"
        + (f"; the client says: {error.message}" if error.message else "")
        + "; try again later",
        "garbled": f"the answer is not one of Kaggle's {detail}. A network with a login page answers like this: open {SITE} "
        "in a browser, then try again. If the page opens, update the client: pip install -U kaggle",
        "certificate": f"the certificate of the connection is not trusted {detail}; if your network inspects TLS, set "
        "REQUESTS_CA_BUNDLE to its certificate file",
        "lost": f"there is no connection to Kaggle {detail}; check the network; behind a proxy set https_proxy, and "
        "REQUESTS_CA_BUNDLE if the proxy inspects TLS",
        "late": f"Kaggle did not answer ({error.message}, step '{error.step}'); try again later",
        "disk": f"the file could not be read or written {detail}; free some space or correct the permissions",
    }
    return texts.get(error.kind, f"the Kaggle client failed in step '{error.step}': {error.message or error.kind}")


def _refused(error: KaggleError, slug: str, credentials: Credentials) -> str:
    """An answer with an HTTP status that is no success."""
    message, status, step = error.kaggle_said, error.status, error.step
    rules = f"{SITE}/competitions/{slug}/rules"
    if status == 401:
        return _login(credentials, f"Kaggle said '{message}' (401)")
    if status == 403 and re.search(r"rule|accept|verif", message, re.I):
        return (
            f"Kaggle said '{message}'; accept the rules at {rules} (and verify your phone number if Kaggle asks for it), "
            "then try again"
        )
    if status == 404 and step == "poll":
        return f"Kaggle has no submission with this reference ({message}); python -m kaggle_seg.submit --list shows yours"
    if status in (403, 404) and step != "receive":
        return (
            f"Kaggle said '{message}' ({status}) about the competition '{slug}'. Either the name is misspelt, or you have "
            f"not joined the competition: compare the name with the competition's address, or join at {rules}"
        )
    if status == 403:
        return f"the storage refused the download (403: {message}); the address of a download expires soon: start again"
    if status == 429:
        return f"Kaggle asks for fewer requests (429: {message}), even after several pauses; try again in a few minutes"
    if status >= 500:
        return f"Kaggle has an internal error ({status}: {message}); try again later (open {SITE} to see whether it is down)"
    if step == "create" and LIMIT.search(message):
        return f"Kaggle said '{message}': no submission is left for today; the count resets at 00:00 UTC"
    return (
        f"Kaggle said '{message}' ({status}, step '{step}') about the competition '{slug}'. Check that you have joined it "
        f"({rules}), that the CSV has the right columns (python -m kaggle_seg.inspect), and that you have submissions left "
        "today"
    )


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
