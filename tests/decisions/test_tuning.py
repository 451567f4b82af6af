"""The principled rule stays unless a tuned one beats it by more than noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaggle_seg.decisions import search
from kaggle_seg.decisions.record import Decision, Estimate
from kaggle_seg.decisions.record_files import write_decision
from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Threshold
from kaggle_seg.decisions.tuning import levels_around
from kaggle_seg.masks.scores import MetricVariant, competition_scores, ious, overlaps, parse_variant
from tests.decisions.noisy_tiles import (
    EMPTY_ZERO,
    FIRST,
    OWN,
    SIZE,
    noisy_tiles,
    rules_of,
    score_of,
    treacherous_tiles,
    tuned,
)


def written(folder: Path, decision: Decision) -> dict[str, Any]:
    """What decision.json says of a decision."""
    write_decision(folder / "decision.json", decision)
    return json.loads((folder / "decision.json").read_text(encoding="utf-8"))


def test_a_minimum_expected_iou_wins_where_it_pays(tmp_path: Path) -> None:
    result = tuned(tmp_path, *treacherous_tiles(60))
    rule = result.decision.rule
    assert isinstance(rule, ExpectedIoUCut)
    assert 0.4 < rule.minimum_expected_iou < 0.65
    assert result.decision.scores.score.mean == 1
    assert score_of(result, 1, OWN).mean <= 0.5
    assert result.decision.scores.empty_share == 0.5


def test_it_does_not_pay_where_an_empty_mask_counts_nothing(tmp_path: Path) -> None:
    result = tuned(tmp_path, *treacherous_tiles(60), variant=EMPTY_ZERO)
    assert result.decision.rule == ExpectedIoUCut(0)
    assert result.decision.scores.score == score_of(result, 1, EMPTY_ZERO) == score_of(result, 3, EMPTY_ZERO)


def test_the_principled_rule_stays_where_none_beats_it(tmp_path: Path) -> None:
    _, truth = noisy_tiles(60)
    clear = np.where(truth, 0.9, 0.02).astype(np.float32)
    result = tuned(tmp_path, clear, truth)
    assert result.decision.rule == rules_of(result)[0] == rules_of(result)[3] == ExpectedIoUCut(0.5)
    assert (result.decision.reason, result.decision.place) == ("unbeaten", 0)
    threshold = rules_of(result)[1]
    assert type(threshold) is Threshold
    assert 90 < threshold.level < 166  # the middle of all that are right
    assert [values.mean() for values in result.values] == [1, 1, 1, 1]
    assert [candidate.gain for candidate in result.decision.candidates] == [Estimate(0, 0, 0)] * 4


def test_a_threshold_that_truly_beats_the_principled_rule_is_found(tmp_path: Path) -> None:
    """A wide surround at 0.45 is never building: the cut takes it in, a threshold above does not."""
    truth = np.zeros((60, SIZE, SIZE), bool)
    truth[:, 10:20, 10:20] = True
    probabilities = np.zeros(truth.shape)
    probabilities[:, 7:23, 7:23] = 0.45
    probabilities[truth] = 0.6
    probabilities += np.random.default_rng(5).uniform(0, 0.02, truth.shape)
    result = tuned(tmp_path, probabilities.astype(np.float32), truth)
    rule, decision = result.decision.rule, result.decision
    assert type(rule) is Threshold and 0.47 < rule.level / 256 <= 0.6
    assert (decision.reason, decision.place, decision.scores.score.mean) == ("better", 1, 1)
    assert score_of(result, 0, OWN).mean == 0 == score_of(result, 3, OWN).mean
    assert [difference.by.mean for difference in decision.differences] == pytest.approx([1, 1, 0])
    assert np.array_equal(result.chosen_values, result.values[1])


def test_cleaning_wins_over_speckles(tmp_path: Path) -> None:
    _, truth = noisy_tiles(80)
    clear = np.where(truth, 0.9, 0.1)
    random = np.random.default_rng(1)
    clear[random.random(truth.shape) < 0.01] = 0.9
    rule = tuned(tmp_path, clear.astype(np.float32), truth).decision.rule
    assert type(rule) is CleanedThreshold
    assert rule.minimum_area > 0


def test_scores_are_those_of_the_masks(tmp_path: Path) -> None:
    """A fixed threshold's scores, by way of masks and plain sums."""
    probabilities, truth = noisy_tiles(45)
    result = tuned(tmp_path, probabilities, truth, fixed=Threshold(140))
    intersection, union = overlaps(probabilities >= 140 / 256, truth)
    one, zero = (competition_scores(intersection, union, empty, FIRST.iou_steps) for empty in ("one", "zero"))
    has_buildings = truth.any(axis=(1, 2))
    expected = {
        "score_empty_one": one.mean(),
        "score_empty_zero": zero.mean(),
        "score_buildings": one[has_buildings].mean(),
        "iou_empty_one": ious(intersection, union, "one").mean(),
        "iou_empty_zero": ious(intersection, union, "zero").mean(),
        "iou_buildings": ious(intersection, union, "one")[has_buildings].mean(),
    }
    scores = result.decision.scores.by_variant
    means = {variant.key: estimate.mean for variant, estimate in scores.items() if estimate}
    assert means == pytest.approx(expected)
    assert result.curves[parse_variant("score_empty_one")][139] == pytest.approx(expected["score_empty_one"])
    assert rules_of(result) == [result.decision.rule] == [Threshold(140)]
    half = competition_scores(*overlaps(probabilities >= 0.5, truth), "one", FIRST.iou_steps)
    gain = result.decision.candidates[0].gain
    assert gain is not None and gain.mean == pytest.approx((one - half).mean()) and gain.low <= gain.mean <= gain.high
    assert result.decision.reason == "" and result.decision.differences == ()


def test_blocks_of_tiles_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probabilities = np.random.default_rng(3).random((23, SIZE, SIZE), np.float32)
    truth = probabilities + np.random.default_rng(4).random((23, SIZE, SIZE)) > 1.2
    whole = tuned(tmp_path, probabilities, truth, per_cluster=1)
    monkeypatch.setattr(search, "AT_ONCE", 5)
    blockwise = tuned(tmp_path, probabilities, truth, per_cluster=1)
    assert len(whole.values) == 4
    assert whole.decision == blockwise.decision
    for variant, curve in whole.curves.items():
        assert blockwise.curves[variant] == pytest.approx(curve, abs=1e-12)


def test_scores_are_cross_fitted(tmp_path: Path) -> None:
    """One cluster is unlike the others: with it left out, the others choose a threshold that fails on it."""
    truth = np.zeros((20, SIZE, SIZE), bool)
    truth[:, 8:24, 8:24] = True
    probabilities = np.where(truth, 0.9, 0.7).astype(np.float32)  # 0.8 is right
    probabilities[:2] = np.where(truth[:2], 0.5, 0.1)  # 0.3 is right
    result = tuned(tmp_path, probabilities, truth, per_cluster=1)
    assert result.values[1].tolist() == [0.0] * 2 + [1.0] * 18
    assert result.decision.scores.parts == 10


def test_too_few_clusters_say_so(tmp_path: Path) -> None:
    probabilities, truth = noisy_tiles(16)
    few = tuned(tmp_path / "few", probabilities, truth, per_cluster=4).decision.scores
    assert (few.clusters, few.effective_clusters, few.parts, few.reliable) == (4, 4, 4, False)
    alone = tuned(tmp_path / "alone", probabilities, truth, per_cluster=16).decision.scores
    assert (alone.clusters, alone.effective_clusters, alone.parts, alone.reliable) == (1, 1, 1, False)


def test_without_any_building(tmp_path: Path) -> None:
    decision = tuned(tmp_path, np.full((4, SIZE, SIZE), 0.1, np.float32), np.zeros((4, SIZE, SIZE), bool)).decision
    assert decision.scores.by_variant[MetricVariant("competition", None)] is None
    assert decision.scores.empty_share == 1 and decision.scores.tiles_with_buildings == 0
    assert written(tmp_path, decision)["scores"]["score_buildings"] is None


def test_the_same_maps_give_the_same_decision(tmp_path: Path) -> None:
    probabilities, truth = noisy_tiles(30)
    first, second = (
        written(tmp_path, tuned(tmp_path / name, probabilities, truth, per_cluster=1).decision) for name in "ab"
    )
    assert json.dumps(first) == json.dumps(second)
    assert {"decision", "threshold", "score", "scores", "candidates", "differences"} <= set(first)
    assert len(first["candidates"]) == len(first["differences"]) + 1 == 4
    assert {difference["than"] for difference in first["differences"]} == {"principled rule"}


def test_levels_around_share_a_lattice() -> None:
    assert levels_around(90) == levels_around(100) == [64, 80, 96, 112, 128]
    for level in range(1, 256):
        assert all(1 <= near <= 255 for near in levels_around(level))
        assert min(abs(near - level) for near in levels_around(level)) <= 8
