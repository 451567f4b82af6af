"""What the ledger teaches: what to upload next, what to choose in the end, and how far local scores can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.remote.choice import best_uploaded
from kaggle_seg.remote.ledger import COMPLETE, Entry
from kaggle_seg.run_directory import file_hash, output_root, shown
from kaggle_seg.submission.comparison import agreement
from kaggle_seg.submission.provenance import Provenance

FEWEST_FOR_OFFSET, FEWEST_FOR_RANKS = 3, 8


@dataclass(frozen=True)
class Scored:
    """A row that has both scores."""

    entry: Entry
    local: float
    public: float


def advise(entries: Sequence[Entry], waiting: Sequence[Provenance], competition: Competition = DEFAULT) -> list[str]:
    """Lines of advice.

    Args:
        entries: the ledger's rows of the competition.
        waiting: CSVs that were not uploaded, best first.
        competition: the one they are for.
    """
    lines = []
    if waiting:
        lines += next_upload(waiting[0], entries, competition)
    else:
        lines.append("next: no CSV with a local score waits to be uploaded")
    if final := final_choice(entries):
        lines.append(final)
    return [*lines, *local_against_public(entries)]


def next_upload(made: Provenance, entries: Sequence[Entry], competition: Competition = DEFAULT) -> list[str]:
    """The best CSV not uploaded: what it promises, and how far it is from what was uploaded."""
    lines = [f"next: {shown(made.file)}, local score {made.score:.4f}{_interval(made.low, made.high)}"]
    best = best_uploaded(entries, made.reading)
    before = best.number("local_score") if best else None
    if best is not None and before is not None and made.score is not None:
        lines[0] += f", {made.score - before:+.4f} from the best uploaded ({best.file})"
        lines.append("  " + against_noise(made, best))
    alike = [(agreement(made.file, path, competition), entry) for entry, path in files_of(entries)]
    if alike:
        nearest, entry = max(alike, key=lambda pair: pair[0])
        lines.append(f"  its masks agree with those of {entry.file}, the nearest uploaded, at an IoU of {nearest:.3f}")
    return lines


def against_noise(made: Provenance, best: Entry) -> str:
    """Whether a gain in the local score exceeds its noise.

    The two scores are of the same tiles or nearly so, which makes the true noise of their difference smaller: a gain that
    exceeds this noise is one, a smaller one may be.
    """
    scores = [made.score, made.low, made.high, *map(best.number, ("local_score", "local_low", "local_high"))]
    known = [score for score in scores if score is not None]
    if len(known) < len(scores):
        return "whether that exceeds the noise is not known: one of the two has no interval"
    score, low, high, before, low_before, high_before = known
    noise = math.hypot(high - low, high_before - low_before) / 2
    verdict = "exceeds" if score - before > noise else "is within"
    return f"that {verdict} the noise of two such scores (±{noise:.4f}, not counting that their tiles are the same)"


def final_choice(entries: Sequence[Entry]) -> str:
    """Which two submissions to choose as final: the best public score and the best local one; empty when none is scored."""
    done = [entry for entry in entries if entry.status == COMPLETE and entry.number("public_score") is not None]
    if not done:
        return ""
    public = max(done, key=lambda entry: entry.number("public_score") or 0.0)
    others = [entry for entry in done if entry.reference != public.reference]
    text = f"final: choose {public.reference} (best public score, {public.public_score})"
    trusted = [entry for entry in others if entry.number("local_score") is not None]
    if not others:
        return text + "; a second one is still to come"
    if not trusted:
        second = max(others, key=lambda entry: entry.number("public_score") or 0.0)
        return text + f" and {second.reference} (second best public score, {second.public_score})"
    second = max(trusted, key=lambda entry: entry.number("local_score") or 0.0)
    return text + f" and {second.reference} (best local score of the others, {second.local_score})"


def local_against_public(entries: Sequence[Entry]) -> list[str]:
    """How public scores follow local ones: the mean offset from 3 rows, the rank correlation from 8."""
    kinds = {entry.local_reading for entry in entries}
    lines = []
    for kind in sorted(kinds):
        rows = scored([entry for entry in entries if entry.local_reading == kind])
        if rows:
            of = f" ({kind.replace('_', ', empty tiles ')})" if kind else ""
            lines.append(f"public against local score{of}: {relation(rows)}")
    return lines or ["public against local score: no row has both"]


def scored(entries: Sequence[Entry]) -> list[Scored]:
    """The rows with both scores."""
    both = [(entry, entry.number("local_score"), entry.number("public_score")) for entry in entries]
    return [Scored(entry, local, public) for entry, local, public in both if local is not None and public is not None]


def relation(rows: Sequence[Scored]) -> str:
    """Offset and rank correlation in words.

    Source of the interval: Student's t for the mean of n offsets; of the correlation: Spearman's rho.
    """
    import numpy as np

    if len(rows) < FEWEST_FOR_OFFSET:
        return f"{len(rows)} rows have both, too few to tell"
    from scipy import stats

    offsets = np.array([row.public - row.local for row in rows])
    half = float(stats.t.ppf(0.975, len(rows) - 1) * offsets.std(ddof=1) / math.sqrt(len(rows)))
    mean = float(offsets.mean())
    interval = f"95 % interval {mean - half:+.4f} to {mean + half:+.4f}, {len(rows)} rows"
    text = f"public is {mean:+.4f} from local on average ({interval})"
    if len(rows) < FEWEST_FOR_RANKS:
        return f"{text}; for a rank correlation {len(rows)} rows are too few to tell"
    local, public = [row.local for row in rows], [row.public for row in rows]
    if len(set(local)) == 1 or len(set(public)) == 1:
        return f"{text}; all alike, so no rank correlation"
    return f"{text}; rank correlation {float(stats.spearmanr(local, public).statistic):+.2f}"


def files_of(entries: Sequence[Entry]) -> list[tuple[Entry, Path]]:
    """The uploaded rows whose CSVs are still here, unchanged."""
    found = []
    for entry in entries:
        path = output_root() / entry.file
        if entry.uploaded and entry.file and path.is_file() and file_hash(path) == entry.sha256:
            found.append((entry, path))
    return found


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{low:.4f}, {high:.4f}]"
