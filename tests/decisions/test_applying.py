"""By which rule a CSV is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg.decisions.applying import Choice, choose_rule, open_test_maps, read_threshold
from kaggle_seg.decisions.keeping import kept_decision, tune_runs
from kaggle_seg.decisions.rules import Threshold
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.scores import MetricVariant
from kaggle_seg.run_directory import Run
from tests.drawn_runs import TEST, draw_run


def test_a_single_run_must_have_been_tuned(run: Run) -> None:
    with pytest.raises(BadInput, match=r"decision\.json is not there; tune it with: python -m kaggle_seg\.tune drawn"):
        choose_rule([run])


def test_the_tuned_rule_is_taken_with_its_scores(run: Run) -> None:
    decision, _ = tune_runs([run], MetricVariant("iou", "zero"))
    assert choose_rule([run]) == Choice(decision.rule, decision.scores)


def test_several_runs_are_tuned_at_once(run: Run, tree: Path) -> None:
    runs = [run, draw_run("other", tree, seed=17)]
    choice, decision = choose_rule(runs), kept_decision(runs)
    assert decision is not None and choice == Choice(decision.rule, decision.scores)
    assert decision.scores.variant == MetricVariant("competition", "one")


def test_a_threshold_is_scored_as_the_decision_was(run: Run) -> None:
    decision, _ = tune_runs([run], MetricVariant("iou", "zero"))
    choice = choose_rule([run], Threshold(77))
    assert choice.rule == Threshold(77) and choice.overrides == str(decision.rule)
    assert choice.scores is not None and choice.scores.variant == MetricVariant("iou", "zero")


def test_a_threshold_that_was_tuned_overrides_nothing(run: Run) -> None:
    decision, _ = tune_runs([run], MetricVariant("competition", "one"), Threshold(77))
    assert choose_rule([run], Threshold(77)) == Choice(Threshold(77), decision.scores)


def test_without_validation_tiles_a_score_stays_unknown(run: Run, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree.rename(tree.with_name("moved"))
    assert choose_rule([run], Threshold(77)) == Choice(Threshold(77), None)
    assert "its validation score stays unknown: " in capsys.readouterr().err


def test_the_test_maps_are_opened(run: Run, tree: Path) -> None:
    maps = open_test_maps([run, draw_run("other", tree, seed=17)])
    assert maps.ids == [str(number) for number in range(TEST)]


@pytest.mark.parametrize(("text", "level"), [("0.5", 128), (".42", 108), ("1e-9", 1), ("0.9999", 255)])
def test_the_nearest_level(text: str, level: int) -> None:
    assert read_threshold(text) == Threshold(level)


def test_auto_is_no_threshold() -> None:
    assert read_threshold("auto") is None


@pytest.mark.parametrize("text", ["0", "1", "-1", "42", "nan", "", "half"])
def test_no_threshold(text: str) -> None:
    with pytest.raises(BadInput, match="between 0 and 1"):
        read_threshold(text)
