"""What a pipeline came to, in a small table: tiles, scores, decision, and which files to look at next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kaggle_seg.errors import BadInput
from kaggle_seg.run_directory import Run, find_run, shown
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.submission.expected import competition_of_csv, read_provenance
from kaggle_seg.submission.table import Submission

# the readings of the competition score, and what each is
READINGS = {
    "competition_one": "a tile without buildings earns 1 if left empty",
    "competition_zero": "a tile without buildings earns 0",
    "competition_buildings": "tiles with buildings alone",
}


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
    runs = [find_run(name) for name in record["runs"]]
    rows = [
        ("run", " + ".join(run.name for run in runs) + caveat(record)),
        ("tiles", describe_tiles(runs[0], len(record["stems"]))),
        *describe_scores(record),
        ("decision", record["words"] + (f" (instead of: {record['overrides']})" if record.get("overrides") else "")),
        ("threshold", "each tile has its own" if record["threshold"] is None else f"{record['threshold']:.3f}"),
        ("empty predictions", describe_empty(record, Submission.read(csv, competition_of_csv(csv)))),
        *(("look at", name) for name in worth_a_look(runs, csv)),
    ]
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {what}".rstrip() for name, what in without_repetition(rows)]


def caveat(record: dict[str, Any]) -> str:
    """What keeps these scores from meaning much, if anything."""
    reasons = {"demo": "generated demo tiles", "quick": "a --quick run"}
    found = [reason for name, reason in reasons.items() if record.get(name)]
    return f" ({', '.join(found)}: a try, nothing to upload)" if found else ""


def describe_tiles(run: Run, test: int) -> str:
    """How many tiles train, validate and are to be predicted."""
    split = read_split(run.split_file)
    apart = len(set(split.validation) | set(split.excluded))
    training = len(split.clusters) - apart
    left_out = f", {len(split.excluded)} left out" if split.excluded else ""
    return f"{training} for training, {len(split.validation)} for validation{left_out}, {test} in the test"


def describe_scores(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Mean validation IoU of a tile and the competition score in its readings, each with its interval."""
    scores = record.get("scores")
    if not scores:
        return [("competition score", "unknown: the validation tiles were not at hand")]
    lines = [("validation IoU per tile", estimate(scores[f"iou_{record['score']['empty_tile']}"]))]
    lines += [("competition score", f"{estimate(scores[name])}  {what}") for name, what in READINGS.items()]
    note = "in brackets: 95 % interval"
    if not record["score"]["reliable"]:
        note += f", unreliable: only {record['score']['units']} independent pieces of the validation tiles"
    return [*lines, ("", note)]


def estimate(found: dict[str, float] | None) -> str:
    """A mean with its interval."""
    return "no such tiles         " if found is None else "{mean:.3f} ({low:.3f} to {high:.3f})".format_map(found)


def describe_empty(record: dict[str, Any], submission: Submission) -> str:
    """How many test tiles were left empty, and how many in validation."""
    empty = sum(not row.run_lengths for row in submission.rows)
    text = f"{empty} of {len(submission)} test tiles ({empty / max(len(submission), 1):.1%})"
    return text + (f"; in validation {record['empty_predictions']:.1%}" if "empty_predictions" in record else "")


def worth_a_look(runs: list[Run], csv: Path) -> list[str]:
    """The files to look at next, as far as they are there."""
    found = [run.folder / name for run in runs for name in ("learning-curves.svg", "threshold.svg", "history.csv")]
    return [shown(path) for path in (*found, csv) if path.exists()]


def without_repetition(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows that repeat the name above them leave it out."""
    names = ["", *(name for name, _ in rows)]
    return [("" if name == above else name, what) for above, (name, what) in zip(names, rows, strict=False)]
