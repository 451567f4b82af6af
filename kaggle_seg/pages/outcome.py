"""What a pipeline came to, in a small table: tiles, scores, decision, and which files to look at next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.variants import VARIANTS, parse_variant
from kaggle_seg.run_directory import Run, find_run, shown
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.submission.expected import competition_of_csv, read_provenance
from kaggle_seg.submission.table import Submission


def outcome_lines(csv: Path) -> list[str]:
    """The table of a CSV that `decide` wrote.

    Args:
        csv: with its JSON beside it.

    Raises:
        BadInput: there is no such JSON, or it speaks of no run.
    """
    record = read_provenance(csv)
    if not record.get("runs"):
        raise BadInput(f"{shown(csv.with_suffix('.json'))}: not there, or without runs; only a CSV of decide has a summary")
    competition = competition_of_csv(csv)
    runs = [find_run(name) for name in record["runs"]]
    rows = [
        ("run", " + ".join(run.name for run in runs) + caveat(record)),
        ("tiles", describe_tiles(runs[0], len(record["stems"]))),
        *describe_scores(record, competition),
        ("decision", record["words"] + (f" (instead of {record['overrides']})" if record.get("overrides") else "")),
        ("threshold", "each tile has its own" if record["threshold"] is None else f"{record['threshold']:.3f}"),
        ("empty predictions", describe_empty(record, Submission.read(csv, competition))),
        *(("look at", name) for name in worth_a_look(runs, csv)),
    ]
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {what}".rstrip() for name, what in without_repetition(rows)]


def caveat(record: dict[str, Any]) -> str:
    """Why these scores mean little, if they do."""
    reasons = {"demo": "generated demo tiles", "quick": "a --quick run"}
    told = [reason for name, reason in reasons.items() if record.get(name)]
    return f" ({', '.join(told)}: only a trial, not for upload)" if told else ""


def describe_tiles(run: Run, test: int) -> str:
    """How many tiles there are for training, for validation and in the test."""
    split = read_split(run.split_file)
    apart = len(set(split.validation) | set(split.excluded))
    training = len(split.clusters) - apart
    left_out = f", {len(split.excluded)} left out" if split.excluded else ""
    return f"{training} for training, {len(split.validation)} for validation{left_out}, {test} in the test"


def describe_scores(record: dict[str, Any], competition: Competition) -> list[tuple[str, str]]:
    """The validation scores, each with its interval: the competition's in all its variants, and the IoU."""
    if not record.get("scores"):
        return [("validation score", "unknown: the validation tiles were not at hand")]
    scores = {parse_variant(key): score for key, score in record["scores"].items()}
    shown_ones = [one for one in VARIANTS if one.score == "competition" or one.empty_tile == record["score"]["empty_tile"]]
    lines = {one.label(competition): estimate(scores[one]) for one in reversed(shown_ones)}
    note = "validation scores, with 95 % intervals"
    if not record["score"]["reliable"]:
        note += f"; unreliable, with only {record['score']['units']} bootstrap clusters"
    return [*reversed(lines.items()), ("", note)]


def estimate(score: dict[str, float] | None) -> str:
    """A mean with its interval."""
    return "no such tiles" if score is None else "{mean:.3f} ({low:.3f} to {high:.3f})".format_map(score)


def describe_empty(record: dict[str, Any], submission: Submission) -> str:
    """How many test tiles were left empty, and how many in validation."""
    empty = sum(not row.run_lengths for row in submission.rows)
    text = f"{empty} of {len(submission)} test tiles ({empty / max(len(submission), 1):.1%})"
    return text + (f"; in validation {record['empty_predictions']:.1%}" if "empty_predictions" in record else "")


def worth_a_look(runs: list[Run], csv: Path) -> list[str]:
    """The files to look at next, as far as they are there."""
    files = [run.folder / name for run in runs for name in ("learning-curves.svg", "threshold.svg", "history.csv")]
    return [shown(path) for path in (*files, csv) if path.exists()]


def without_repetition(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows that repeat the name above them leave it out."""
    names = ["", *(name for name, _ in rows)]
    return [("" if name == above else name, what) for above, (name, what) in zip(names, rows, strict=False)]
