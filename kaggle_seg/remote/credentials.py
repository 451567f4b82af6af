"""Kaggle credentials: which source the `kaggle` client will use, which ones it overrides, and how none of them leaks.

The order is the client's own (kaggle 2.x): a notebook's token, KAGGLE_API_TOKEN, ~/.kaggle/access_token, a legacy user name
and key (environment over kaggle.json), the cached login of `kaggle auth login`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kaggle_seg.errors import BadInput

# The client turns every KAGGLE_X into a setting of its own (KAGGLE_TOKEN would be sent unchecked), so only these reach it.
PASSED_ON = (
    "KAGGLE_API_ENVIRONMENT",
    "KAGGLE_API_TOKEN",
    "KAGGLE_API_V1_TOKEN",
    "KAGGLE_CONFIG_DIR",
    "KAGGLE_DATA_PROXY_URL",
    "KAGGLE_KERNEL_RUN_TYPE",
    "KAGGLE_KEY",
    "KAGGLE_USERNAME",
)
PRINTS_SECRETS = ("VERBOSE", "VERBOSE_OUTPUT")  # either makes the client print the Authorization header
TOKEN_LIKE = re.compile(r"KGAT_[\w-]+|(?i:bearer|basic)\s+[\w.+/=:-]{6,}")
QUERY = re.compile(r"(?<=[\w/])\?[\w%.+-]+=[^\s'\")]*")  # upload and download addresses are signed in their query

HOW_TO_GET = """\
1. sign in at https://www.kaggle.com/settings/api and press 'Generate New Token'
2. save the token as ~/.kaggle/access_token, or: export KAGGLE_API_TOKEN=<the token>
3. run: {command}"""


@dataclass(frozen=True)
class Credentials:
    """What the client will log in with.

    Attributes:
        source: where it comes from, as a person knows it.
        kind: an access token, a legacy user name and key, or a cached login.
        overridden: the sources that are there too, but are not used because of it.
        secrets: every secret text of every source; none of them may be printed.
        environment: the environment of the client's process: secrets without stray line ends, no other KAGGLE_* names.
    """

    source: str
    kind: Literal["token", "key", "login"]
    overridden: tuple[str, ...]
    secrets: frozenset[str]
    environment: Mapping[str, str]

    def redact(self, text: str) -> str:
        """The text without any secret and without the signed part of addresses."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "<secret>")
        return QUERY.sub("?<signature>", TOKEN_LIKE.sub("<secret>", text))

    def described(self) -> str:
        """The source, and what it overrides."""
        over = f" (it overrides {' and '.join(self.overridden)})" if self.overridden else ""
        return self.source + over


def find_credentials(environ: Mapping[str, str] | None = None) -> Credentials | None:
    """The credentials that the client would use; None when there are none.

    Args:
        environ: the environment; this process's own by default.

    Raises:
        BadInput: a source is there but cannot work: a token with a space inside, a kaggle.json that is not JSON.
    """
    environ = os.environ if environ is None else environ
    sources = list(_sources(environ))
    if not sources:
        return None
    secrets = frozenset(text for *_, texts in sources for text in texts if text)
    source, kind, first = sources[0]
    for text in first:
        if not re.fullmatch(r"[!-~]+", text):
            raise BadInput(f"{source}: has a space or a non-ASCII character inside; copy the token or key again")
    overridden = tuple(name for name, *_ in sources[1:])
    return Credentials(source, kind, overridden, secrets, _child_environment(environ))


def need_credentials(command: str) -> Credentials:
    """The credentials that the client would use.

    Args:
        command: what to run once they are there.

    Raises:
        BadInput: there are none.
    """
    credentials = find_credentials()
    if credentials is None:
        raise BadInput(no_credentials(command))
    return credentials


def no_credentials(command: str) -> str:
    """What a person without credentials reads: how to get them, in three steps, the last of which is the command."""
    return "there are no Kaggle credentials on this machine. How to get them:\n" + HOW_TO_GET.format(command=command)


def _sources(environ: Mapping[str, str]) -> Iterator[tuple[str, Literal["token", "key", "login"], tuple[str, ...]]]:
    """Every source that holds something, in the client's order: its name, kind and secrets."""
    folder = Path(environ.get("USERPROFILE" if os.name == "nt" else "HOME") or Path.home()) / ".kaggle"
    if "KAGGLE_KERNEL_RUN_TYPE" in environ and "KAGGLE_DATA_PROXY_URL" in environ:
        notebook = environ.get("KAGGLE_API_V1_TOKEN", "")
        if notebook and (token := _text(Path(notebook))):
            yield "the notebook's own token", "token", (token,)
    if given := environ.get("KAGGLE_API_TOKEN", "").strip():
        path = Path(given)
        is_file = len(given) < 1000 and path.is_file()
        if token := _text(path) if is_file else given:
            yield "KAGGLE_API_TOKEN" + (f" (the file {path})" if is_file else ""), "token", (token,)
    for name in ("access_token", "access_token.txt"):
        if token := _text(folder / name):
            yield f"~/.kaggle/{name}", "token", (token,)
            break
    yield from _key(environ, _config_file(environ, folder))
    if (folder / "credentials.json").is_file():
        login = _json(folder / "credentials.json")
        if login.get("refresh_token"):
            tokens = (str(login.get(name) or "") for name in ("refresh_token", "access_token"))
            yield "the login of `kaggle auth login`", "login", tuple(token for token in tokens if token)


def _key(environ: Mapping[str, str], config: Path) -> Iterator[tuple[str, Literal["key"], tuple[str, ...]]]:
    """The legacy user name and key, each from the environment or else from kaggle.json."""
    stored = _json(config) if config.is_file() else {}
    user = environ.get("KAGGLE_USERNAME") or stored.get("username")
    key = environ.get("KAGGLE_KEY") or stored.get("key")
    if user and key:
        name = "KAGGLE_USERNAME and KAGGLE_KEY" if environ.get("KAGGLE_KEY") else str(config)
        yield name, "key", (str(key).strip(),)
    elif config.is_file() and not environ.get("KAGGLE_KEY"):
        missing = " and ".join(name for name in ("username", "key") if not stored.get(name))
        raise BadInput(f"{config}: has no {missing}; download the file again from https://www.kaggle.com/settings/api")


def _config_file(environ: Mapping[str, str], folder: Path) -> Path:
    """Where the client looks for kaggle.json: ~/.kaggle as soon as that folder exists, else (Linux) below ~/.config."""
    if chosen := environ.get("KAGGLE_CONFIG_DIR"):
        return Path(chosen) / "kaggle.json"
    if sys.platform.startswith("linux") and not folder.exists():
        return Path(environ.get("XDG_CONFIG_HOME") or folder.parent / ".config") / "kaggle" / "kaggle.json"
    return folder / "kaggle.json"


def _text(path: Path) -> str:
    """The content of a small file, without white space around it; empty when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _json(path: Path) -> dict[str, Any]:
    """The object a JSON file holds."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as JSON ({error}); download it again, or delete it") from error
    return value if isinstance(value, dict) else {}


def _child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for the client's process."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in PRINTS_SECRETS and (name in PASSED_ON or not name.startswith("KAGGLE_"))
    }
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        if name in kept:
            kept[name] = kept[name].strip()  # a line end, as CI secrets have, would go into the request's header
    return kept
