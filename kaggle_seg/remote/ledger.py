"""The ledger, submissions/ledger.csv: a row per upload, what it was and what it scored.

A row is written before its upload (status `started`) and completed after it. It is found again by its tag, which the
submission's message on Kaggle carries too: the first 12 digits of the CSV's SHA-256, with `#2` behind them for the second
upload of the same CSV. Every change re-reads the file under a lock and replaces it whole.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kaggle_seg.competition import DEFAULT
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.run_directory import output_root, shown, write_atomic

STARTED, REFUSED, PENDING, COMPLETE, ERROR = "started", "refused", "pending", "complete", "error"
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Entry:
    """One row, every field as the file has it; an empty text stands for what is not known.

    Attributes:
        time: when it was last sent, UTC.
        local_reading: what the local score counts, e.g. "competition_one".
        status: started, refused (nothing is on Kaggle), pending, complete, error.
        note: what Kaggle said about an error or a refusal.
        others: columns that are not ours, kept as they are.
    """

    time: str = ""
    competition: str = DEFAULT.slug
    file: str = ""
    sha256: str = ""
    tag: str = ""
    run: str = ""
    network: str = ""
    loss: str = ""
    decision: str = ""
    threshold: str = ""
    local_score: str = ""
    local_low: str = ""
    local_high: str = ""
    local_reading: str = ""
    message: str = ""
    reference: str = ""
    status: str = STARTED
    public_score: str = ""
    private_score: str = ""
    note: str = ""
    others: dict[str, str] = field(default_factory=dict)

    @property
    def uploaded(self) -> bool:
        """Whether Kaggle has it."""
        return bool(self.reference)

    @property
    def marker(self) -> str:
        """The text by which its submission is found on Kaggle."""
        return f"[kseg {self.tag}]"

    def number(self, name: str) -> float | None:
        """A field as a number; None where it is none."""
        with contextlib.suppress(ValueError):
            return float(getattr(self, name))
        return None

    def age(self) -> float:
        """Seconds since it was last sent."""
        with contextlib.suppress(ValueError):
            return time.time() - datetime.strptime(self.time, TIME).replace(tzinfo=UTC).timestamp()
        return float("inf")


COLUMNS = tuple(item.name for item in dataclasses.fields(Entry) if item.name != "others")


def now() -> str:
    """The time, UTC, as the ledger has it."""
    return datetime.now(UTC).strftime(TIME)


class Ledger:
    """The ledger file.

    Args:
        path: its place; submissions/ledger.csv by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or output_root() / "submissions" / "ledger.csv"

    def entries(self, competition: str | None = None) -> list[Entry]:
        """The rows, oldest first; those of one competition alone when it is named.

        Raises:
            BadInput: the file is no ledger.
        """
        if not self.path.exists():
            return []
        try:
            with open(self.path, encoding="utf-8-sig", newline="") as stream:
                rows = list(csv.DictReader(stream, strict=True, restval=""))
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadInput(f"{shown(self.path)}: not a CSV ({error}); restore it or move it away") from error
        if rows and not {"sha256", "reference"} <= rows[0].keys():
            raise BadInput(
                f"{shown(self.path)}: no ledger (columns {', '.join(map(str, rows[0]))}); restore it or move it away"
            )
        entries = [entry_of(row) for row in rows]
        return [entry for entry in entries if competition in (None, entry.competition)]

    def of_csv(self, competition: str, sha256: str) -> list[Entry]:
        """The rows of one CSV, oldest first."""
        return [entry for entry in self.entries(competition) if entry.sha256 == sha256]

    def record(self, *changed: Entry) -> None:
        """Writes rows: each takes the place of the row with its competition and tag, or comes last."""
        with self._locked():
            entries = {(entry.competition, entry.tag): entry for entry in self.entries()}
            entries |= {(entry.competition, entry.tag): entry for entry in changed}
            write_atomic(self.path, as_text(list(entries.values())))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with held(self.path.with_name(".ledger.lock"), "the ledger", 60.0):
            yield

    @contextlib.contextmanager
    def uploading(self, patience: float) -> Iterator[None]:
        """Held while something is uploaded: one at a time, so that two starts never send the same CSV.

        Raises:
            Failure: another upload did not end within `patience` seconds.
        """
        with held(self.path.with_name(".upload.lock"), "another upload", patience):
            yield


@contextlib.contextmanager
def held(path: Path, what: str, patience: float) -> Iterator[None]:
    """Holds an operating-system lock, which a kill releases."""
    import filelock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=2.0)
    except filelock.Timeout:
        print(f"{what} is busy ({shown(path)} is held by another process); waiting", file=sys.stderr, flush=True)
        try:
            lock.acquire(timeout=patience)
        except filelock.Timeout as error:
            raise Failure(f"{what} stayed busy for {patience:.0f} s; wait for the other `submit`, or end it") from error
    try:
        yield
    finally:
        lock.release()


def entry_of(row: dict[str, str]) -> Entry:
    """A row of the file; columns that an older version did not have get what it meant by their absence."""
    ours = {name: row[name] or "" for name in COLUMNS if name in row}
    if not ours.get("tag"):
        ours["tag"] = row["sha256"][:12]
    if not ours.get("status"):
        ours["status"] = PENDING if row["reference"] else STARTED
    others = {name: value for name, value in row.items() if name and name not in COLUMNS}
    return Entry(**ours, others=others)


def as_text(entries: list[Entry]) -> str:
    """The file's content."""
    extra = list(dict.fromkeys(name for entry in entries for name in entry.others))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, [*COLUMNS, *extra], restval="", lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow({name: getattr(entry, name) for name in COLUMNS} | entry.others)
    return stream.getvalue()
