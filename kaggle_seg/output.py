"""Where output goes and how files are written: whole or not at all.

Files are written beside their place and renamed into it, so that a kill leaves the old file or the new one, never a half.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from kaggle_seg.errors import BadInput


def output_root() -> Path:
    """The folder that holds runs/, submissions/ and data/.

    `KSEG_ROOT` if set; the working folder on a Kaggle notebook; else the project's own folder.
    """
    if chosen := os.environ.get("KSEG_ROOT"):
        return Path(chosen).resolve()
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return Path.cwd()
    return Path(__file__).resolve().parents[1]


def shown(path: Path) -> str:
    """A path as a person reads it: relative to the output root or the working folder where it lies below one."""
    for base in (output_root(), Path.cwd()):
        with contextlib.suppress(ValueError):
            return path.resolve().relative_to(base.resolve()).as_posix()
    return str(path)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Writes a whole file (text as UTF-8, LF) or, on a kill or a full disk, leaves what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        with open(temporary, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes JSON a person can read, atomically."""
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        BadInput: the file is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{shown(path)}: not a JSON file ({error}); delete it and start its stage again") from error


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
