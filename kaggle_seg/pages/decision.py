"""The decision of a run, or of several runs together: tuned, kept in `decision.json`, drawn."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kaggle_seg.competition import DEFAULT, Competition, as_tables
from kaggle_seg.decisions.candidates import Objective
from kaggle_seg.decisions.rules import Threshold, to_plain
from kaggle_seg.decisions.tuning import Tuned, tune
from kaggle_seg.decisions.validation import validation_of
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.pages.curves import draw_threshold_curves
from kaggle_seg.run_directory import Run, competition_of_runs, file_hash, output_root, read_json, shown, write_json

PICTURE = "threshold.svg"
RIVALRY = ("runs", "maps", "contenders", "differences", "seconds")  # what the JSON beside a CSV need not repeat


def together(runs: Sequence[Run]) -> Run:
    """The run itself, or the folder in runs/ that keeps what several decide together.

    Raises:
        BadInput: a run is named twice.
    """
    names = [run.name for run in runs]
    if len({run.folder for run in runs}) < len(runs):
        raise BadInput(f"{' '.join(names)}: a run is named twice; name each once")
    return runs[0] if len(runs) == 1 else Run(output_root() / "runs" / "+".join(names))


def tune_runs(
    runs: Sequence[Run], objective: Objective, fixed: Threshold | None = None, data: Path | None = None
) -> tuple[dict[str, Any], bool]:
    """Tunes the decision on the validation tiles that runs have in common, unless that was done before.

    Args:
        runs: one or more.
        objective: what to maximise.
        fixed: score this threshold alone, and choose nothing.
        data: the folder of tiles; None: the one the runs were split from.

    Returns:
        What decision.json says, and whether it was there before.

    Raises:
        BadInput: see `validation_of`.
    """
    holder, maps = together(runs), fingerprints(runs)
    inputs = {
        "maps": maps,
        "split": file_hash(runs[0].split_file),
        "reading": objective.reading,
        "fixed": fixed and to_plain(fixed),
    }
    if objective.competition != DEFAULT:
        inputs["competition"] = as_tables(objective.competition)
    with holder.stage("tune", inputs, [holder.decision_file.name, PICTURE]) as stage:
        if stage.finished:
            return read_json(holder.decision_file), True
        started = time.monotonic()
        tuned = tune_validation(runs, objective, fixed, data)
        decision = {
            "runs": [run.name for run in runs],
            "maps": maps,
            **tuned.plain(),
            "seconds": round(time.monotonic() - started, 2),
        }
        draw_threshold_curves(tuned, holder.name, holder.folder / PICTURE)
        write_json(holder.decision_file, decision)
    return decision, False


def tune_validation(runs: Sequence[Run], objective: Objective, fixed: Threshold | None, data: Path | None) -> Tuned:
    """Tunes on the validation tiles that runs have in common, and writes nothing."""
    validation = validation_of(runs, data)
    return tune(validation.maps, validation.truth, validation.units, objective, fixed)


def decision_for(runs: Sequence[Run], fixed: Threshold | None = None, data: Path | None = None) -> dict[str, Any]:
    """What a CSV of these runs is decided by, as its JSON tells it.

    Args:
        runs: one or more. A single one must have been tuned; several are tuned now where they were not before.
        fixed: a threshold in place of the tuned decision; it is scored where the validation tiles are at hand.
        data: the folder of tiles, where something is still to be scored; None: the one the runs were split from.

    Returns:
        The rule, its scores (None where unknown), and in "overrides" the tuned rule in words where it gives way.

    Raises:
        BadInput: a single run was not tuned, or it has other maps now.
    """
    before, competition = read_decision(runs), competition_of_runs(runs)
    if fixed is None:
        decision = before or tune_now(runs, data, competition)
    elif before and before["decision"] == to_plain(fixed):
        decision, fixed = before, None
    else:
        decision = scored(runs, fixed, objective_of(before, competition), data)
    overrides = before["words"] if before and fixed else None
    return {name: fact for name, fact in decision.items() if name not in RIVALRY} | {"overrides": overrides}


def tune_now(runs: Sequence[Run], data: Path | None, competition: Competition) -> dict[str, Any]:
    """Tunes several runs together; a single one is to be tuned by its own command."""
    if len(runs) > 1:
        return tune_runs(runs, objective_of(None, competition), data=data)[0]
    file = runs[0].decision_file
    found = "is of other maps than those there now" if file.exists() else "is not there"
    raise BadInput(f"{shown(file)} {found}; tune it with: python -m kaggle_seg.tune {runs[0].name}")


def scored(runs: Sequence[Run], fixed: Threshold, objective: Objective, data: Path | None) -> dict[str, Any]:
    """A threshold with its validation score; without one where the validation tiles are not at hand."""
    try:
        return tune_validation(runs, objective, fixed, data).plain()
    except BadInput as error:
        print(f"its validation score stays unknown: {error}", file=sys.stderr)
        return {"decision": to_plain(fixed), "threshold": fixed.threshold, "words": str(fixed), "score": None}


def fingerprints(runs: Sequence[Run]) -> list[str]:
    """What tells the validation maps of these runs from others."""
    return [MapStore.open(run.folder / "validation").fingerprint() for run in runs]


def read_decision(runs: Sequence[Run]) -> dict[str, Any] | None:
    """What was tuned for these runs; None if nothing was, or for other maps than they have now.

    Raises:
        BadInput: decision.json is damaged.
    """
    file = together(runs).decision_file
    if not file.exists():
        return None
    decision = read_json(file)
    if not isinstance(decision, dict) or not {"decision", "maps", "score"} <= set(decision):
        raise BadInput(f"{shown(file)}: not as tuning writes it; delete it and run: python -m kaggle_seg.tune")
    return decision if decision["maps"] == fingerprints(runs) else None


def objective_of(decision: dict[str, Any] | None, competition: Competition = DEFAULT) -> Objective:
    """What a decision was tuned for; the competition's own score where there is none."""
    if decision is None:
        return Objective(empty_tile=competition.empty_tile, competition=competition)
    return Objective(decision["score"]["score"], decision["score"]["empty_tile"], competition)
