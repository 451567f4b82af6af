"""The rules that make masks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.decisions.rules import (
    CleanedThreshold,
    CutOrEmpty,
    ExpectedIoUCut,
    Rule,
    Threshold,
    best_cuts,
    from_plain,
    highest_probabilities,
    to_plain,
)
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import quantise


def expected_iou(mask: np.ndarray, probabilities: np.ndarray) -> float:
    """The expected IoU of a mask to first order, from the unrounded probabilities themselves; 0 for an empty one."""
    met, missed = float(probabilities[mask].sum(dtype=float)), float(probabilities[~mask].sum(dtype=float))
    return met / (int(mask.sum()) + missed) if mask.any() else 0.0


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 1.0, 5.0, 30.0]), st.sampled_from([0.0, 0.3, 0.6]))
def test_the_cut_agrees_with_a_slow_reference(seed: int, power: float, minimum: float) -> None:
    probabilities = (np.random.default_rng(seed).random((3, 6, 5)) ** power).astype(np.float32)
    levels, sums = quantise(probabilities)
    masks = ExpectedIoUCut(minimum).masks(levels, sums)
    for tile in range(3):
        best = max(expected_iou(levels[tile] >= cut, probabilities[tile]) for cut in range(256))
        assert best_cuts(levels, sums)[1][tile] == pytest.approx(best, abs=1e-6)
        if abs(best - minimum) > 1e-5:
            reached = expected_iou(masks[tile], probabilities[tile])
            assert reached == pytest.approx(best if best > minimum else 0, abs=1e-6)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 1.0, 5.0]))
def test_no_other_mask_has_a_greater_expected_iou_or_dice(seed: int, power: float) -> None:
    """All 512 masks of nine pixels: the best of both scores is the cut, and its threshold is J / (1 + J) = F / 2."""
    pixels = ((np.random.default_rng(seed).integers(0, 256, 9) / 255) ** power).astype(np.float32)
    levels, sums = quantise(pixels[None, None])
    (cut,), (best,) = best_cuts(levels, sums)
    masks = (np.arange(512)[:, None] >> np.arange(9)) & 1 > 0
    met, total = masks @ pixels.astype(float), float(pixels.sum(dtype=float))
    count = masks.sum(axis=1)
    ious, dices = met / np.maximum(count + total - met, 1e-12), 2 * met / np.maximum(count + total, 1e-12)
    cut_out = levels[0, 0] >= cut
    own = int((cut_out << np.arange(9)).sum())
    # pixels of one level are all in the mask or all out of it, which may cost a little
    assert ious[own] == pytest.approx(best, abs=1e-6) and ious.max() <= best + 0.01
    assert dices.max() <= dices[own] + 0.01 and dices[own] == pytest.approx(2 * best / (1 + best), abs=1e-6)
    threshold = best / (1 + best)
    assert threshold == pytest.approx(dices[own] / 2, abs=1e-6)
    assert (pixels[cut_out] >= threshold - 0.005).all() and (pixels[~cut_out] <= threshold + 0.005).all()


def test_an_empty_mask_is_preferred_where_it_should_score_more() -> None:
    faint, doubtful, certain = np.zeros((3, 1, 100), np.float32)
    faint[0, :50] = 0.02  # most probably nothing is there
    doubtful[0, :50], doubtful[0, 0] = 0.3, 0.95  # something is, but who knows where its outline runs
    certain[0, :50] = 0.9
    levels, sums = quantise(np.stack([faint, doubtful, certain]))
    assert highest_probabilities(levels, sums) == pytest.approx([0.02, 0.95, 0.9], abs=1e-6)
    expected = best_cuts(levels, sums)[1]
    assert 0.2 < expected[1] < 0.5  # too low for any IoU step, yet not nothing
    for score in ("iou", "dice"):
        assert CutOrEmpty(score).masks(levels, sums).any(axis=(1, 2)).tolist() == [False, True, True]
    assert ExpectedIoUCut(0.5).masks(levels, sums).any(axis=(1, 2)).tolist() == [False, False, True]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_probable_building_is_never_left_out_and_an_improbable_one_always(expected: float, highest: float) -> None:
    expected = min(expected, highest)  # as in every map
    iou, dice = (bool(CutOrEmpty(score).predicts(np.array(expected), np.array(highest))) for score in ("iou", "dice"))
    assert iou == (expected >= 1 - highest)
    assert dice or not iou  # the Dice coefficient of a mask is at least its IoU
    if expected > 0.5:
        assert iou
    if highest < 1 / 3:
        assert not dice and not iou


def test_the_cut_by_hand() -> None:
    # two sure pixels, one at 0.5, one at 0.1: 1.8/2.6, 2.3/3.1 and 2.4/4.0
    levels, sums = quantise(np.array([[[0.9, 0.9, 0.5, 0.1]]], np.float32))
    cuts, expected = best_cuts(levels, sums)
    assert expected[0] == pytest.approx((0.9 + 0.9 + 0.5) / (3 + 0.1), abs=1e-6)
    assert (levels[0] >= cuts[0]).tolist() == [[True, True, True, False]]


def test_sums_count_where_levels_round_away() -> None:
    # 4000 pixels at 0.001 share level 0: together they are 4 pixels of building, which the four sure ones must share
    probabilities = np.full((1, 1, 4004), 0.001, np.float32)
    probabilities[..., :4] = 1
    levels, sums = quantise(probabilities)
    assert best_cuts(levels, sums)[1][0] == pytest.approx(4 / (4 + 4), abs=1e-4)
    assert not ExpectedIoUCut(0.51).masks(levels, sums).any()
    assert ExpectedIoUCut(0.49).masks(levels, sums).sum() == 4


def test_nothing_is_predicted_where_nothing_is_probable() -> None:
    levels, sums = quantise(np.zeros((1, 4, 4), np.float32))
    assert not ExpectedIoUCut(0.0).masks(levels, sums).any()


def test_thresholds() -> None:
    levels, sums = quantise(np.array([[[0.4, 0.5, 0.6], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]], np.float32))
    assert Threshold(128).masks(levels, sums)[0].tolist() == [[False, True, True], [False] * 3, [True, False, False]]
    assert CleanedThreshold(128, 2, 0).masks(levels, sums).sum() == 2
    assert Threshold(64).threshold == 0.25 and ExpectedIoUCut(0.5).threshold is None


@pytest.mark.parametrize("rule", [Threshold(7), CleanedThreshold(128, 32, 64), ExpectedIoUCut(0.5), CutOrEmpty("dice")])
def test_rules_survive_json(rule: Rule) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(rule)))) == rule


def test_older_versions_had_another_name_for_the_minimum() -> None:
    assert from_plain({"rule": "expected-IoU cut", "silence": 0.5}) == ExpectedIoUCut(0.5)
    assert to_plain(ExpectedIoUCut(0.5)) == {"rule": "expected-IoU cut", "minimum_expected_iou": 0.5}


@pytest.mark.parametrize(
    "plain",
    [
        {},
        None,
        [],
        {"rule": "coin"},
        {"rule": []},
        {"rule": "threshold", "silence": 0.5},
        {"rule": "threshold"},
        {"rule": "threshold", "level": 0},
        {"rule": "threshold", "level": 256},
        {"rule": "threshold", "level": "107"},
        {"rule": "threshold", "level": True},
        {"rule": "threshold", "level": 10.5},
        {"rule": "cleaned threshold", "level": 100, "minimum_area": -1, "maximum_hole": 0},
        {"rule": "expected-IoU cut", "silence": 1.5},
        {"rule": "expected-IoU cut or empty", "score": "luck"},
        {"rule": "expected-IoU cut or empty", "score": []},
        {"rule": "expected-IoU cut or empty"},
        {"rule": "expected-IoU cut", "silence": 0.5, "minimum_expected_iou": 0.5, "level": 3},
    ],
)
def test_other_rules_are_refused(plain: Any) -> None:
    with pytest.raises(BadInput, match="not a decision"):
        from_plain(plain)


def test_a_minimum_of_nothing_is_not_spoken_of() -> None:
    assert str(ExpectedIoUCut(0)) == "expected-IoU cut"
    assert str(ExpectedIoUCut(0.5)) == "expected-IoU cut, empty below an expected IoU of 0.500"


def test_labels_for_file_names() -> None:
    assert [rule.label for rule in (Threshold(64), ExpectedIoUCut(0.5), CutOrEmpty("iou"))] == [
        "t0.250",
        "cut0.50",
        "cut-or-empty",
    ]
