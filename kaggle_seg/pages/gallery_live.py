"""What the gallery's threshold slider says: validation scores at each threshold, and the command that makes its CSV."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.decisions.rules import Threshold
from kaggle_seg.errors import BadInput
from kaggle_seg.pages.decision import read_decision
from kaggle_seg.pages.gallery_maps import TileMap, pack_maps, thresholds_with
from kaggle_seg.pages.gallery_subject import Subject
from kaggle_seg.pages.plot import Plot
from kaggle_seg.pages.report_measures import Measures, measure_runs
from kaggle_seg.pages.report_scores import READINGS, score_curves, threshold_plot
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.submission.checks import usual_shape
from kaggle_seg.submission.deciding import open_test_maps
from kaggle_seg.submission.expected import read_provenance
from kaggle_seg.submission.provenance import Provenance, in_words


def live_facts(runs: Sequence[Run], record: dict[str, Any], csv: Path, tuned: int | None) -> dict[str, Any]:
    """The facts that need no validation tiles.

    Args:
        runs: that made the CSV.
        record: the JSON beside it.
        csv: the submission.
        tuned: the level that was tuned for the runs; None if there is none, or not one for all tiles.
    """
    decision, score = record.get("decision") or {}, record.get("score")
    own = decision.get("level")
    thresholds = thresholds_with(*{level for level in (own, tuned) if level})
    return {
        "thresholds": thresholds,
        "own": thresholds.index(own) if own else None,
        "tuned": thresholds.index(tuned) if tuned else None,
        "isThreshold": decision.get("rule") == Threshold.name,
        "words": record.get("words") or in_words(decision),
        "ownScore": "{mean:.3f} ({low:.3f} to {high:.3f})".format_map(score) if score else None,
        "command": shlex.join(["python", "-m", "kaggle_seg.decide", *(run.name for run in runs)]),
        "ownCommand": own_command(runs, record, csv),
        "scores": None,
    }


def own_command(runs: Sequence[Run], record: dict[str, Any], csv: Path) -> str:
    """The command that made the CSV as it stands."""
    words = ["python", "-m", "kaggle_seg.decide", *(run.name for run in runs)]
    if record.get("overrides"):
        words += ["--threshold", f"{record['threshold']:.4f}"]
    if csv.stem != "+".join(run.name for run in runs):
        words += ["--name", csv.stem]
    return shlex.join(words)


def score_facts(measures: Measures, thresholds: Sequence[int]) -> dict[str, Any]:
    """What the validation tiles earn at each threshold.

    Args:
        measures: of the validation tiles.
        thresholds: the levels that the slider can be set to.
    """
    curves, steps = score_curves(measures), measures.competition.iou_steps
    at = np.asarray(thresholds) - 1
    return {
        "readings": {name: np.round(curves[key][at], 4).tolist() for key, name in READINGS.items()},
        "steps": [f"{step / 20:.2f}" for step in steps],
        "passed": [measures.passed(step)[thresholds].tolist() for step in steps],
        "empty": measures.empty()[thresholds].tolist(),
        "tiles": len(measures.union),
    }


Live = tuple[dict[str, Any] | None, Plot | None, dict[str, TileMap]]


def live_part(subject: Subject, most_bytes: int) -> Live:
    """What the slider needs, the curve under it, and the maps; nothing where the CSV names no run or its maps are gone."""
    csv = subject.origin or subject.submission.path
    names = Provenance.of(csv).runs
    found = subject.attempt("no live threshold", lambda: find_live(subject, names, csv, most_bytes)) if names else None
    return found or (None, None, {})


def find_live(subject: Subject, names: Sequence[str], csv: Path, most_bytes: int) -> Live:
    """The same.

    Raises:
        BadInput: the runs or their maps are gone, or the maps are of another size than the masks.
    """
    runs, competition = [find_run(name) for name in names], subject.submission.competition
    maps = subject.maps or open_test_maps(runs)
    if (maps.height, maps.width) != usual_shape(subject.submission):
        raise BadInput(f"the maps are of {maps.width} x {maps.height} pixels, the masks are not")
    decision = subject.attempt("no tuned threshold", lambda: read_decision(runs))
    live = live_facts(runs, read_provenance(csv), csv, decision["decision"].get("level") if decision else None)
    readable = {row.stem: row.run_lengths for row in subject.figures.rows}
    packed = pack_maps(maps, live["thresholds"], readable, competition.id_suffix, competition.pixel_order, most_bytes)
    return live, scores_part(subject, runs, live), packed


def scores_part(subject: Subject, runs: Sequence[Run], live: dict[str, Any]) -> Plot | None:
    """The curve of validation scores; its figures go into the slider's facts."""
    measures = subject.attempt("no validation scores", lambda: measure_runs(runs, subject.data))
    if measures is None:
        return None
    live["scores"] = score_facts(measures, live["thresholds"])
    return threshold_plot(measures)
