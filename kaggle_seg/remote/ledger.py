"""The ledger, submissions/ledger.csv: a row per upload, what it was and what it scored.

A row is written before its upload (status `started`) and completed after it. Its tag names it, and the submission's message
on Kaggle carries that tag too: the first 12 digits of the CSV's SHA-256, followed by `#2` for the second upload of the same
CSV. Every change reads the file again under a lock and replaces it whole.

Ledgers of older versions are read and are completed by the next change: a missing column gets what its absence meant, the
column `local_reading` becomes `metric_variant`, and its values get today's keys.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kaggle_seg.competition import FIRST, Competition
from kaggle_seg.decisions.record import Estimate
from kaggle_seg.errors import BadInput
from kaggle_seg.locks import lock
from kaggle_seg.masks.scores import parse_variant
from kaggle_seg.output import output_root, shown, write_atomic

STARTED, REFUSED, PENDING, COMPLETE, ERROR = "started", "refused", "pending", "complete", "error"
TIME = "%Y-%m-%dT%H:%M:%SZ"
OLD_VARIANT = "local_reading"  # what `metric_variant` was called
LOCK_SECONDS = 60.0  # a change of the ledger takes milliseconds


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row, every field as the file has it; an empty text stands for what is not known.

    Attributes:
        time: when it was last sent, UTC.
        competition: the slug.
        metric_variant: what the local score counts, the key of a `MetricVariant`, e.g. "score_empty_one".
        status: started, refused (nothing is on Kaggle), pending, complete, error.
        note: what Kaggle said about an error or a refusal.
        others: columns that are not ours, kept as they are.
    """

    time: str = ""
    competition: str
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
    metric_variant: str = ""
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
    def runs(self) -> tuple[str, ...]:
        """The names of the runs that have a part in it."""
        return tuple(self.run.split(" + ")) if self.run else ()

    @property
    def marker(self) -> str:
        """The text by which its submission is recognised on Kaggle."""
        return f"[kseg {self.tag}]"

    @property
    def local(self) -> Estimate | None:
        """The local score with its interval; None where a part of it is unknown."""
        mean, low, high = map(self.number, ("local_score", "local_low", "local_high"))
        return None if mean is None or low is None or high is None else Estimate(mean, low, high)

    @property
    def local_text(self) -> str:
        """The local score, with its interval where that is known, for people; empty without a score."""
        return f"{self.local:.5f}" if self.local else self.local_score

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

    def variant_label(self, competition: Competition) -> str:
        """What the local score counts, for people; a value that no version has written is shown as it is."""
        try:
            return parse_variant(self.metric_variant).label(competition)
        except BadInput:
            return self.metric_variant


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
            BadInput: the file is not a ledger.
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
                f"{shown(self.path)}: not a ledger (its columns: {', '.join(map(str, rows[0]))}; wanted sha256, reference "
                "and others); restore it or move it away"
            )
        entries = [entry_of(row) for row in rows]
        return [entry for entry in entries if competition in (None, entry.competition)]

    def of_csv(self, competition: str, sha256: str) -> list[Entry]:
        """The rows of one CSV, oldest first."""
        return [entry for entry in self.entries(competition) if entry.sha256 == sha256]

    def record(self, *changed: Entry) -> None:
        """Writes rows: each takes the place of the row with its competition and tag, or comes last."""
        with lock(self.path.with_name(".ledger.lock"), timeout=LOCK_SECONDS):
            entries = {(entry.competition, entry.tag): entry for entry in self.entries()}
            entries |= {(entry.competition, entry.tag): entry for entry in changed}
            write_atomic(self.path, as_text(list(entries.values())))

    @contextlib.contextmanager
    def uploading(self, timeout: float) -> Iterator[None]:
        """Held while something is uploaded: one at a time, so that two starts never send the same CSV.

        Raises:
            Failure: another upload did not end within `timeout` seconds.
        """
        path = self.path.with_name(".upload.lock")
        with lock(path, f"another upload is under way (it holds {shown(path)}); waiting", timeout):
            yield


def entry_of(row: dict[str, str]) -> Entry:
    """A row of the file; what an older version did not write gets what its absence meant."""
    ours = {name: row[name] or "" for name in COLUMNS if name in row}
    ours["competition"] = ours.get("competition") or FIRST
    ours["tag"] = ours.get("tag") or row["sha256"][:12]
    ours["status"] = ours.get("status") or (PENDING if row["reference"] else STARTED)
    ours["metric_variant"] = ours.get("metric_variant") or variant_key(row.get(OLD_VARIANT) or "")
    others = {name: value for name, value in row.items() if name and name not in (*COLUMNS, OLD_VARIANT)}
    return Entry(**ours, others=others)


def variant_key(text: str) -> str:
    """Today's key of a metric variant; a text that no version has written stays as it is.

    >>> variant_key("competition_one"), variant_key("mine"), variant_key("")
    ('score_empty_one', 'mine', '')
    """
    with contextlib.suppress(BadInput):
        return parse_variant(text).key if text else ""
    return text


def as_text(entries: list[Entry]) -> str:
    """The file's content."""
    extra = list(dict.fromkeys(name for entry in entries for name in entry.others))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, [*COLUMNS, *extra], restval="", lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow({name: getattr(entry, name) for name in COLUMNS} | entry.others)
    return stream.getvalue()
