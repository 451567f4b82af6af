"""What a pipeline came to, in a small table: tiles, scores, decision, and which files to look at next."""

from __future__ import annotations

from pathlib import Path

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.describing import weakness
from kaggle_seg.decisions.record import Provenance, Scores
from kaggle_seg.decisions.record_files import read_provenance
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.scores import VARIANTS, by_label
from kaggle_seg.output import shown
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.submission.expected import competition_of_csv
from kaggle_seg.submission.table import Submission

CURVES = ("learning-curves", "threshold")


def outcome_lines(csv: Path) -> list[str]:
    """The table of a CSV that `decide` wrote.

    Args:
        csv: with its JSON beside it.

    Raises:
        BadInput: there is no such JSON, or it speaks of no run.
    """
    made = read_provenance(csv)
    if not made.runs:
        raise BadInput(f"{shown(csv.with_suffix('.json'))}: not there, or without runs; only a CSV of decide has a summary")
    competition = competition_of_csv(csv)
    runs = [find_run(name) for name in made.runs]
    rows = [
        ("run", " + ".join(run.name for run in runs) + caveat(made)),
        ("tiles", describe_tiles(runs[0], len(made.stems or ()))),
        *describe_scores(made.scores, competition),
        ("decision", made.description + (f" (instead of {made.overrides})" if made.overrides else "")),
        ("threshold", "each tile has its own" if made.threshold is None else f"{made.threshold:.3f}"),
        ("empty predictions", describe_empty(made.scores, Submission.read(csv, competition))),
        *(("look at", name) for name in worth_a_look(runs, csv)),
    ]
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {what}".rstrip() for name, what in without_repetition(rows)]


def caveat(made: Provenance) -> str:
    """Why these scores mean little, if they do."""
    reasons = {"generated demo tiles": made.demo, "a --quick run": made.quick}
    told = [reason for reason, holds in reasons.items() if holds]
    return f" ({', '.join(told)}: only a trial, not for upload)" if told else ""


def describe_tiles(run: Run, test: int) -> str:
    """How many tiles there are for training, for validation and in the test."""
    split = read_split(run.split_file)
    apart = len(set(split.validation) | set(split.excluded))
    training = len(split.clusters) - apart
    left_out = f", {len(split.excluded)} left out" if split.excluded else ""
    return f"{training} for training, {len(split.validation)} for validation{left_out}, {test} in the test"


def describe_scores(scores: Scores | None, competition: Competition) -> list[tuple[str, str]]:
    """The validation scores, each with its interval: the competition's in all its variants, and the IoU."""
    if scores is None:
        return [("validation score", "unknown: the validation tiles were not at hand")]
    wanted = [one for one in VARIANTS if one.score == "competition" or one.empty_tile == scores.variant.empty_tile]
    estimates = [(label, scores.by_variant.get(variant)) for label, variant in by_label(wanted, competition).items()]
    note = "validation scores, with 95 % intervals"
    notes = [note, *([weakness(scores)] if not scores.reliable else [])]
    shown_scores = [(label, str(estimate or "no such tiles")) for label, estimate in estimates]
    return [*shown_scores, *(("", note) for note in notes)]


def describe_empty(scores: Scores | None, submission: Submission) -> str:
    """How many test tiles were left empty, and how many in validation."""
    empty = sum(not row.run_lengths for row in submission.rows)
    text = f"{empty} of {len(submission)} test tiles ({empty / max(len(submission), 1):.1%})"
    share = scores.empty_share if scores else None
    return text if share is None else f"{text}; in validation {share:.1%}"


def worth_a_look(runs: list[Run], csv: Path) -> list[str]:
    """The files to look at next, as far as they are there; runs of version 0.1.0 have their curves as PNG files."""
    files = [run.folder / f"{name}.{kind}" for run in runs for name in CURVES for kind in ("svg", "png")]
    return [shown(path) for path in (*files, *(run.folder / "history.csv" for run in runs), csv) if path.exists()]


def without_repetition(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows that repeat the name above them leave it out."""
    names = ["", *(name for name, _ in rows)]
    return [("" if name == above else name, what) for above, (name, what) in zip(names, rows, strict=False)]
