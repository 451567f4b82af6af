"""Scores, against cases worked by hand and a slow reference."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.masks.scores import competition_scores, ious, overlaps, threshold_table


@pytest.mark.parametrize(
    ("intersection", "union", "score"),
    [
        (0, 10, 0.0),
        (49, 100, 0.0),
        (1, 2, 0.0),  # exactly .50 does not exceed .50
        (501, 1000, 0.1),
        (3, 5, 0.2),  # exactly .60: .50 and .55 are passed
        (60, 100, 0.2),
        (7, 10, 0.4),
        (76, 100, 0.6),
        (4, 5, 0.6),
        (85, 100, 0.7),
        (9, 10, 0.8),
        (95, 100, 0.9),
        (951, 1000, 1.0),
        (65536, 65536, 1.0),
    ],
)
def test_the_table_of_the_competition(intersection: int, union: int, score: float) -> None:
    assert competition_scores(np.array([intersection]), np.array([union]))[0] == score


def test_tiles_without_buildings() -> None:
    intersection, union = np.array([0, 0]), np.array([0, 7])  # nothing predicted; seven pixels predicted
    for score in (competition_scores, ious):
        assert score(intersection, union, "one").tolist() == [1, 0]
        assert score(intersection, union, "zero").tolist() == [0, 0]


@given(st.integers(1, 10_000).flatmap(lambda union: st.tuples(st.integers(0, union), st.just(union))))
def test_scores_agree_with_exact_fractions(pair: tuple[int, int]) -> None:
    intersection, union = pair
    exact = Fraction(intersection, union)
    passed = sum(exact > Fraction(50 + 5 * step, 100) for step in range(10))
    assert competition_scores(np.array(pair[0]), np.array(pair[1])) == passed / 10
    assert ious(np.array(intersection), np.array(union)) == pytest.approx(float(exact))


def test_small_counts_do_not_overflow() -> None:
    intersection, union = np.array([250], np.uint8), np.array([255], np.uint8)
    assert competition_scores(intersection, union)[0] == 1


def test_overlaps_by_hand() -> None:
    predicted = np.array([[[1, 1, 0]], [[0, 0, 0]]], bool)
    truth = np.array([[[0, 1, 1]], [[0, 0, 0]]], np.uint8)
    intersection, union = overlaps(predicted, truth)
    assert intersection.tolist() == [1, 0] and union.tolist() == [3, 0]


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 1.0]))
def test_one_pass_equals_a_loop_over_thresholds(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    levels = random.integers(0, 256, (3, 5, 4), np.uint8)
    truth = random.random((3, 5, 4)) < share
    intersection, union = threshold_table(levels, truth)
    for level in range(256):
        expected = overlaps(levels >= level, truth)
        assert np.array_equal(intersection[:, level], expected[0])
        assert np.array_equal(union[:, level], expected[1])


def test_truth_of_other_length_is_refused() -> None:
    with pytest.raises(ValueError):
        threshold_table(np.zeros((2, 4, 4), np.uint8), np.zeros((1, 4, 4), bool))
