"""Scores, against cases worked by hand and a slow reference."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.scores import (
    EVERY_TILE,
    VARIANTS,
    MetricVariant,
    by_label,
    competition_scores,
    dice,
    ious,
    overlaps,
    own_variant,
    parse_variant,
    threshold_table,
)

FIRST = find_competition()
STEPS = FIRST.iou_steps
KEYS = ["score_empty_one", "score_empty_zero", "score_buildings", "iou_empty_one", "iou_empty_zero", "iou_buildings"]
OLD_NAMES = ["competition_one", "competition_zero", "competition_buildings", "iou_one", "iou_zero", "iou_buildings"]


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
    assert competition_scores(np.array([intersection]), np.array([union]), "one", STEPS)[0] == score


def test_tiles_without_buildings() -> None:
    intersection, union = np.array([0, 0]), np.array([0, 7])  # nothing predicted; seven pixels predicted
    for variant in EVERY_TILE:
        values = variant.values(FIRST, intersection, union)
        assert values.tolist() == [1 if variant.empty_tile == "one" else 0, 0]


@given(st.integers(1, 10_000).flatmap(lambda union: st.tuples(st.integers(0, union), st.just(union))))
def test_scores_agree_with_exact_fractions(pair: tuple[int, int]) -> None:
    intersection, union = pair
    exact = Fraction(intersection, union)
    passed = sum(exact > Fraction(50 + 5 * step, 100) for step in range(10))
    assert competition_scores(np.array(pair[0]), np.array(pair[1]), "one", STEPS) == passed / 10
    assert ious(np.array(intersection), np.array(union), "one") == pytest.approx(float(exact))


def test_small_counts_do_not_overflow() -> None:
    intersection, union = np.array([250], np.uint8), np.array([255], np.uint8)
    assert competition_scores(intersection, union, "one", STEPS)[0] == 1


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


def test_every_variant_has_its_key() -> None:
    assert [variant.key for variant in VARIANTS] == KEYS


@pytest.mark.parametrize("names", [KEYS, OLD_NAMES])
def test_new_and_old_names_are_read(names: list[str]) -> None:
    assert [parse_variant(name) for name in names] == list(VARIANTS)


@pytest.mark.parametrize(
    "name", ["", "score", "competition_", "iou_two", "score_one", "Score_empty_one", "competition_None"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="score_empty_one, "):
        parse_variant(name)


@pytest.mark.parametrize(("score", "name"), [("iou_steps", "score"), ("iou", "IoU"), ("dice", "Dice")])
def test_people_read_one_name_everywhere(score: str, name: str) -> None:
    competition = replace(find_competition(), score=score)  # type: ignore[arg-type]
    assert [variant.label(competition) for variant in VARIANTS] == [
        f"{name} (empty tiles count 1)",
        f"{name} (empty tiles count 0)",
        f"{name} (tiles with buildings)",
        "IoU (empty tiles count 1)",
        "IoU (empty tiles count 0)",
        "IoU (tiles with buildings)",
    ]


def test_of_two_variants_of_one_name_the_first_is_shown() -> None:
    labels = by_label(VARIANTS, replace(FIRST, score="iou"))
    assert list(labels.values()) == [variant for variant in VARIANTS if variant.score == "competition"]
    assert len(by_label(VARIANTS, FIRST)) == 6


def test_a_variant_can_be_told_apart_and_collected() -> None:
    assert len({*VARIANTS, MetricVariant("iou", "one")}) == 6


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_variant_scores_as_its_competition_says(both: int, others: int) -> None:
    intersection, union = np.array([both]), np.array([both + others])
    for kind, score in (("iou", ious), ("dice", dice)):
        competition = replace(FIRST, score=kind)  # type: ignore[arg-type]
        values = MetricVariant("competition", "zero").values(competition, intersection, union)
        assert values == score(intersection, union, "zero")
        assert MetricVariant("iou", "zero").values(competition, intersection, union) == ious(intersection, union, "zero")


def test_a_competition_has_a_variant_of_its_own() -> None:
    assert own_variant(FIRST) == MetricVariant("competition", "one")
    assert own_variant(replace(FIRST, empty_tile="zero")) == MetricVariant("competition", "zero")
