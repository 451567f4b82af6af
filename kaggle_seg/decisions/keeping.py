"""The decision of a run, or of several runs together: tuned once, and kept in `decision.json`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kaggle_seg.competition import recorded
from kaggle_seg.decisions.record import Decision
from kaggle_seg.decisions.record_files import read_decision, write_decision
from kaggle_seg.decisions.rules import Threshold, to_plain
from kaggle_seg.decisions.tuning import Tuned, tune
from kaggle_seg.decisions.validation import validation_of
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.masks.scores import MetricVariant, parse_variant
from kaggle_seg.output import file_hash, output_root
from kaggle_seg.run_directory import Run, competition_of_runs


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
    runs: Sequence[Run],
    variant: MetricVariant,
    fixed: Threshold | None = None,
    data: Path | None = None,
    anew: bool = False,
) -> tuple[Decision, Tuned | None]:
    """Tunes the decision on the validation tiles that runs have in common, unless that was done before.

    Args:
        runs: one or more.
        variant: what to maximise.
        fixed: score this threshold alone, and choose nothing.
        data: the folder of tiles; None: the one the runs were split from.
        anew: find the curves even if tuning was done before.

    Returns:
        The decision, which is in decision.json now; and what tuning came to, None where it was done before and is not done
        anew. What was decided before stays, whatever version decided it; only the curves are new then.

    Raises:
        BadInput: see `validation_of`.
    """
    holder = together(runs)
    inputs = inputs_as_recorded(holder, inputs_of(runs, variant, fixed))
    with holder.stage("tune", inputs, [holder.decision_file.name]) as stage:
        kept = read_decision(holder.decision_file) if stage.finished else None
        if kept and not anew:
            return kept, None
        started = time.monotonic()
        tuned = tune_validation(runs, variant, fixed, data)
        if kept:
            return kept, dataclasses.replace(tuned, decision=kept, values=())
        decision = dataclasses.replace(
            tuned.decision,
            runs=tuple(run.name for run in runs),
            maps=tuple(inputs["maps"]),
            seconds=round(time.monotonic() - started, 2),
        )
        write_decision(holder.decision_file, decision)
    return decision, tuned


def tune_validation(
    runs: Sequence[Run], variant: MetricVariant, fixed: Threshold | None = None, data: Path | None = None
) -> Tuned:
    """Tunes on the validation tiles that runs have in common, and writes nothing; arguments as `tune_runs`."""
    validation = validation_of(runs, data)
    return tune(validation.maps, validation.truth, validation.clusters, variant, validation.competition, fixed)


def kept_decision(runs: Sequence[Run]) -> Decision | None:
    """What was tuned for these runs; None if nothing was, or for other maps than they have now.

    Raises:
        BadInput: decision.json is damaged.
    """
    file = together(runs).decision_file
    if not file.exists():
        return None
    decision = read_decision(file)
    return decision if decision.maps == fingerprints(runs) else None


def fingerprints(runs: Sequence[Run]) -> tuple[str, ...]:
    """What tells the validation maps of these runs from others."""
    return tuple(MapStore.open(run.folder / "validation").fingerprint() for run in runs)


def inputs_of(runs: Sequence[Run], variant: MetricVariant, fixed: Threshold | None) -> dict[str, Any]:
    """All that decides what tuning comes to."""
    return {
        "maps": list(fingerprints(runs)),
        "split": file_hash(runs[0].split_file),
        "variant": variant.key,
        "fixed": fixed and to_plain(fixed),
        **recorded(competition_of_runs(runs)),
    }


def inputs_as_recorded(holder: Run, inputs: dict[str, Any]) -> dict[str, Any]:
    """The same inputs as the run's record has them, if an older version recorded these very inputs under other names.

    An older record names the variant in "reading".
    """
    record = holder.record("tune") or {}
    before = record.get("inputs")
    if not isinstance(before, dict) or "reading" not in before:
        return inputs
    renamed = {**before, "variant": former_key(before["reading"])}
    del renamed["reading"]
    return before if renamed == inputs else inputs


def former_key(reading: Any) -> str:
    """The key of a variant that an older version recorded by another name; empty if it is none."""
    try:
        return parse_variant(str(reading)).key
    except BadInput:
        return ""
