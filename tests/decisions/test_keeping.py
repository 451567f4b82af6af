"""The decision of a run: tuned once, kept, and not tuned again for what an older version recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.keeping import fingerprints, inputs_as_recorded, inputs_of, kept_decision, together, tune_runs
from kaggle_seg.decisions.record_files import write_decision
from kaggle_seg.decisions.rules import Threshold
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.scores import EVERY_TILE, MetricVariant
from kaggle_seg.output import output_root, write_json
from kaggle_seg.run_directory import Run
from tests.drawn_runs import draw_masks, draw_run, predicted, write_maps

OWN = MetricVariant("competition", "one")


@pytest.fixture
def run(tree: Path) -> Run:
    return draw_run("drawn", tree)


def as_older(run: Run, **changes: Any) -> None:
    """Turns the record of tuning into one of version 0.1.0."""
    file = run.folder / "stages" / "tune.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    inputs = record["inputs"]
    del inputs["variant"]
    write_json(file, record | {"inputs": {**inputs, "reading": "competition_one", **changes}})


def test_it_is_tuned_once(run: Run) -> None:
    assert kept_decision([run]) is None
    decision, tuned = tune_runs([run], OWN)
    assert tuned is not None and decision.rule == tuned.decision.rule
    assert decision.runs == ("drawn",) and decision.maps == fingerprints([run])
    assert tune_runs([run], OWN) == (decision, None)
    assert kept_decision([run]) == decision


def test_it_is_tuned_anew_where_that_is_wanted(run: Run) -> None:
    tune_runs([run], OWN)
    before = run.record("tune")
    assert tune_runs([run], OWN, anew=True)[1] is not None
    after = run.record("tune")
    assert before is not None and after is not None and before["inputs"] == after["inputs"]


def test_curves_that_are_found_anew_leave_an_older_decision_as_it_is(run: Run) -> None:
    """One that this version would not make."""
    decision, _ = tune_runs([run], OWN)
    older = replace(decision, rule=Threshold(77), candidates=(), differences=(), reason="")
    write_decision(run.decision_file, older)
    as_older(run)
    before = run.decision_file.read_bytes(), run.record("tune")
    kept, tuned = tune_runs([run], OWN, anew=True)
    assert tuned is not None and kept == tuned.decision == older and set(tuned.curves) == set(EVERY_TILE)
    assert (run.decision_file.read_bytes(), run.record("tune")) == before
    run.decision_file.unlink()
    assert tune_runs([run], OWN)[0].rule == decision.rule


@pytest.mark.parametrize("variant", [MetricVariant("competition", "zero"), MetricVariant("iou", "one")])
def test_another_variant_is_tuned_for_anew(run: Run, variant: MetricVariant) -> None:
    tune_runs([run], OWN)
    decision, tuned = tune_runs([run], variant)
    assert tuned is not None and decision.scores.variant == variant


def test_what_an_older_version_tuned_stays(run: Run) -> None:
    decision, _ = tune_runs([run], OWN)
    as_older(run)
    before = run.record("tune")
    assert tune_runs([run], OWN) == (decision, None)
    assert run.record("tune") == before


@pytest.mark.parametrize(
    "changes",
    [{"reading": "competition_zero"}, {"reading": 7}, {"reading": ""}, {"fixed": {"rule": "threshold", "level": 9}}],
)
def test_of_an_older_version_other_inputs_are_others(run: Run, changes: dict[str, Any]) -> None:
    tune_runs([run], OWN)
    as_older(run, **changes)
    assert tune_runs([run], OWN)[1] is not None


def test_a_record_that_names_no_competition_is_of_the_first(run: Run) -> None:
    tune_runs([run], OWN)
    as_older(run)
    inputs = inputs_of([run], OWN, None)
    assert "competition" not in inputs and "reading" in inputs_as_recorded(run, inputs)
    run.keep_competition(replace(find_competition(), slug="roofs", score="dice"))
    assert inputs_as_recorded(run, inputs_of([run], OWN, None))["competition"]["score"] == "dice"


def test_a_decision_is_of_the_maps_it_was_tuned_on(run: Run) -> None:
    tune_runs([run], OWN, Threshold(100))
    ids = [str(number) for number in range(10, 58)]
    for file in (run.folder / "validation").iterdir():
        file.unlink()
    write_maps(run.folder / "validation", ids, predicted(draw_masks(60, seed=1)[10:58], 99), "img")
    assert kept_decision([run]) is None


def test_several_runs_keep_theirs_in_a_folder_of_their_own(run: Run, tree: Path) -> None:
    other = draw_run("other", tree, seed=17)
    assert together([run]) is run
    assert together([run, other]).folder == output_root() / "runs" / "drawn+other"
    with pytest.raises(BadInput, match="drawn drawn: a run is named twice"):
        together([run, run])
