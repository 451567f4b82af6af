"""What Kaggle's refusals and the client's failures mean, and what to do about each: one plain message."""

from __future__ import annotations

import json
import re

from kaggle_seg.remote.credentials import Credentials
from kaggle_seg.remote.trouble import Trouble

SITE = "https://www.kaggle.com"
SPENDS_NOTHING = ("start", "put")  # steps of an upload before the one that takes a place of the day's
LIMIT_WORDS = re.compile(
    r"(submission|daily|day).{0,40}(limit|allow|maximum|remaining)|(limit|maximum).{0,40}submission", re.I
)


def explain(trouble: Trouble, slug: str, credentials: Credentials) -> str:
    """One message: what happened, what Kaggle said, what to do.

    Args:
        trouble: from `Kaggle.ask`.
        slug: the competition that was asked about.
        credentials: what the client logged in with.
    """
    meaning = {
        "login": lambda: _login(credentials, "it is not valid, or no longer"),
        "missing": lambda: (
            f"the Kaggle client cannot be loaded ({trouble.said}); it needs Python 3.11 or newer and: "
            "pip install 'kaggle>=2.2.4,<3' 'six>=1.16'"
        ),
        "upload": lambda: (
            "could not submit: the file did not get to Kaggle's storage (step 2 of 3)"
            + (f"; the client says: {trouble.said}" if trouble.said else "")
            + "; try again later"
        ),
        "refused": lambda: _refused(trouble, slug, credentials),
        "garbled": lambda: (
            f"an answer that is none of Kaggle's ({trouble.said}); a network with a login page answers so: open "
            f"{SITE} in a browser, then try again. If it opens, bring the client up to date: pip install -U kaggle"
        ),
        "certificate": lambda: (
            f"the connection's certificate is not trusted ({trouble.said}); in a network that inspects TLS set "
            "REQUESTS_CA_BUNDLE to its certificate file"
        ),
        "lost": lambda: (
            f"no connection to Kaggle ({trouble.said}); check the network; behind a proxy set https_proxy, and "
            "REQUESTS_CA_BUNDLE if it inspects TLS"
        ),
        "late": lambda: f"Kaggle did not answer ({trouble.said}, step '{trouble.step}'); try again later",
        "disk": lambda: _disk(trouble),
    }.get(trouble.kind, lambda: f"the Kaggle client failed at '{trouble.step}': {trouble.said or trouble.kind}")()
    return meaning + (". No submission was spent." if trouble.step in SPENDS_NOTHING else "")


def _login(credentials: Credentials, why: str) -> str:
    text = f"Kaggle does not accept {credentials.source}: {why}; make a new one at {SITE}/settings/api"
    if credentials.overridden:
        others = " and ".join(credentials.overridden)
        text += f". It is set and overrides {others}: remove it if {others} should count"
    return text


def _refused(trouble: Trouble, slug: str, credentials: Credentials) -> str:
    words = said(trouble)
    sent = f"the competition asked for was '{slug}'"
    rules = f"{SITE}/competitions/{slug}/rules"
    if trouble.status == 401:
        return _login(credentials, f"Kaggle said '{words}' (401)")
    if trouble.status == 403 and re.search(r"rule|accept|verif", words, re.I):
        return (
            f"Kaggle said '{words}'; accept the rules (and verify your phone number if it asks) at {rules}, then try again"
        )
    if trouble.status == 404 and trouble.step == "poll":
        return f"Kaggle knows no submission of this number ({words}); python -m kaggle_seg.submit --list shows yours"
    if trouble.status in (403, 404) and trouble.step != "receive":
        return (
            f"Kaggle said '{words}' ({trouble.status}): {sent}; either it is misspelt or you have not joined it: "
            f"check the name in the competition's address, and join at {rules}"
        )
    if trouble.status == 403:
        return f"the storage turned the download down (403, {words}); its address is short-lived: start again"
    if trouble.status == 429:
        return f"Kaggle asks for fewer requests (429, {words}) and kept on asking; wait some minutes, then try again"
    if trouble.status >= 500:
        return (
            f"Kaggle has a fault of its own ({trouble.status}: {words}); try again later ({SITE} shows whether it is down)"
        )
    if trouble.step == "create" and LIMIT_WORDS.search(words):
        return f"Kaggle said '{words}': no submission is left for today; the count starts anew at 00:00 UTC"
    return (
        f"Kaggle said '{words}' ({trouble.status}, step '{trouble.step}'); {sent}. Check that you have joined it ({rules}), "
        "that the CSV has its columns (python -m kaggle_seg.inspect), and that submissions are left for today"
    )


def said(trouble: Trouble) -> str:
    """Kaggle's own words: the client passes them on in one shape of answer alone; otherwise they are in the body."""
    try:
        answer = json.loads(trouble.body)
        inner = answer.get("error", answer)
        words = inner.get("message") if isinstance(inner, dict) else inner
    except (ValueError, AttributeError):
        words = re.sub(r"<[^>]*>|\s+", " ", trouble.body).strip() if trouble.body.lstrip().startswith("<") else trouble.body
    return " ".join(str(words or trouble.said).split())[:300]


def _disk(trouble: Trouble) -> str:
    if trouble.step in ("import", "login"):
        return (
            f"the Kaggle client cannot use its folder below the home directory ({trouble.said}); make it writable, or "
            "set KAGGLE_CONFIG_DIR to a folder that is"
        )
    return f"the file could not be read or written ({trouble.said}); free space or mend its permissions, then try again"
