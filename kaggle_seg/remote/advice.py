"""What the ledger teaches: what to upload next, what to choose in the end, and how far local scores can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.record import Estimate, Provenance
from kaggle_seg.output import file_hash, output_root, shown
from kaggle_seg.remote.choice import best_uploaded, waiting_csvs
from kaggle_seg.remote.ledger import COMPLETE, Entry, Ledger
from kaggle_seg.remote.refusals import Timeouts
from kaggle_seg.remote.results import refresh, table
from kaggle_seg.submission.comparison import agreement

FEWEST_FOR_OFFSET, FEWEST_FOR_RANKS = 3, 8


@dataclass(frozen=True)
class Scored:
    """A row that has both scores."""

    entry: Entry
    local: float
    public: float


def ledger_lines(competition: Competition, up_to_date: bool, timeouts: Timeouts | None = None) -> list[str]:
    """The ledger as a person reads it: its rows, the submissions that are left, and advice.

    Args:
        competition: whose uploads.
        up_to_date: ask Kaggle for states and scores first.
        timeouts: how long to wait for what.
    """
    ledger = Ledger()
    allowance = refresh(ledger, competition.slug, timeouts) if up_to_date else "unknown; add --refresh to ask Kaggle"
    entries = ledger.entries(competition.slug)
    return [*table(entries), "", f"submissions: {allowance}", *advise(entries, competition)]


def advise(entries: Sequence[Entry], competition: Competition) -> list[str]:
    """Lines of advice.

    Args:
        entries: the ledger's rows of the competition.
        competition: the one they are of.
    """
    lines = []
    if waiting := waiting_csvs(entries, competition):
        lines += next_upload(waiting[0], entries, competition)
    else:
        lines.append("next: there is no CSV with a local score that was not uploaded yet")
    if final := final_choice(entries):
        lines.append(final)
    return [*lines, *local_against_public(entries, competition)]


def next_upload(made: Provenance, entries: Sequence[Entry], competition: Competition) -> list[str]:
    """The best CSV not uploaded: its local score, and how far it is from what was uploaded."""
    lines = [f"next: {shown(made.file)}, local score {made.score:.4f}"]
    best = best_uploaded(entries, made.variant)
    before = best.number("local_score") if best else None
    if best is not None and before is not None and made.score:
        lines[0] += f", {made.score.mean - before:+.4f} from the best upload ({best.file})"
        lines.append("  " + against_noise(made, best))
    alike = [(agreement(made.file, path, competition), entry) for entry, path in files_of(entries)]
    if alike:
        nearest, entry = max(alike, key=lambda pair: pair[0])
        lines.append(f"  the most similar upload is {entry.file}: the masks of the two agree at an IoU of {nearest:.3f}")
    return lines


def against_noise(made: Provenance, best: Entry) -> str:
    """Whether a gain in the local score exceeds its noise.

    The two scores are of the same tiles, or nearly so, and the true noise of their difference is therefore smaller. A gain
    that exceeds this noise is real; a smaller one may be.
    """
    score, before = made.score, best.local
    if score is None or before is None:
        return "whether this exceeds the noise is unknown: one of the two scores has no interval"
    noise = math.hypot(score.high - score.low, before.high - before.low) / 2
    verdict = "exceeds" if score.mean - before.mean > noise else "is within"
    return f"this {verdict} the noise of two such scores (±{noise:.4f}, as if they were of different tiles)"


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
        return text + "; there is no second one yet"
    if not trusted:
        second = max(others, key=lambda entry: entry.number("public_score") or 0.0)
        return text + f" and {second.reference} (second best public score, {second.public_score})"
    second = max(trusted, key=lambda entry: entry.number("local_score") or 0.0)
    return text + f" and {second.reference} (best local score of the others, {second.local_score})"


def local_against_public(entries: Sequence[Entry], competition: Competition) -> list[str]:
    """How public scores follow local ones, per metric variant: the mean offset from 3 rows, the rank correlation from 8."""
    lines = []
    for variant in sorted({entry.metric_variant for entry in entries}):
        rows = [entry for entry in entries if entry.metric_variant == variant]
        if both := scored(rows):
            label = rows[0].variant_label(competition)
            lines.append(f"public against local {label or 'score'}: {relation(both)}")
    return lines or ["public against local score: no upload has both"]


def scored(entries: Sequence[Entry]) -> list[Scored]:
    """The rows with both scores."""
    both = [(entry, entry.number("local_score"), entry.number("public_score")) for entry in entries]
    return [Scored(entry, local, public) for entry, local, public in both if local is not None and public is not None]


def relation(rows: Sequence[Scored]) -> str:
    """Mean offset and rank correlation, in a sentence.

    Source of the interval: Student's t for the mean of n offsets; of the correlation: Spearman's rho.
    """
    count = f"{len(rows)} uploads have" if len(rows) > 1 else "1 upload has"
    if len(rows) < FEWEST_FOR_OFFSET:
        return f"{count} both, too few to compare"
    import numpy as np
    from scipy import stats

    offsets = np.array([row.public - row.local for row in rows])
    half = float(stats.t.ppf(0.975, len(rows) - 1) * offsets.std(ddof=1) / math.sqrt(len(rows)))
    mean = float(offsets.mean())
    offset = Estimate(mean, mean - half, mean + half)
    text = f"public minus local score is {offset:+.4f} on average (95 % interval, from {len(rows)} uploads)"
    if len(rows) < FEWEST_FOR_RANKS:
        return f"{text}; {len(rows)} uploads are too few for a rank correlation"
    local, public = [row.local for row in rows], [row.public for row in rows]
    if len(set(local)) == 1 or len(set(public)) == 1:
        return f"{text}; no rank correlation, because all are equal"
    return f"{text}; rank correlation {float(stats.spearmanr(local, public).statistic):+.2f}"


def files_of(entries: Sequence[Entry]) -> list[tuple[Entry, Path]]:
    """The uploaded rows whose CSVs are still here, unchanged."""
    pairs = [(entry, output_root() / entry.file) for entry in entries if entry.uploaded and entry.file]
    return [(entry, path) for entry, path in pairs if path.is_file() and file_hash(path) == entry.sha256]
