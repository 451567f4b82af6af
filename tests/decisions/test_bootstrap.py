"""Units of resampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.decisions.bootstrap import Units


def names(sizes: list[int]) -> list[str]:
    return [f"scene {number}" for number, size in enumerate(sizes) for _ in range(size)]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_units_are_dealt_whole_into_at_most_ten_parts(sizes: list[int]) -> None:
    units = Units(names(sizes))
    parts = units.parts()
    assert len(parts) == sum(sizes) and set(parts) == set(range(parts.max() + 1))
    assert parts.max() < min(10, len(sizes))
    assert all(len(set(parts[units.index == unit])) == 1 for unit in range(units.count))
    assert (parts.max() > 0) == (len(sizes) > 1)


def test_equal_units_make_equal_parts_of_neighbours() -> None:
    parts = Units(names([4] * 20)).parts()
    assert np.bincount(parts).tolist() == [8] * 10
    assert (np.diff(parts) >= 0).all()


def test_the_order_of_tiles_does_not_matter() -> None:
    given_names = names([3, 5, 2, 7, 1, 9])
    order = np.random.default_rng(1).permutation(len(given_names))
    shuffled = Units([given_names[tile] for tile in order]).parts()
    assert np.array_equal(shuffled, Units(given_names).parts()[order])


def test_the_mean_is_over_tiles_not_units() -> None:
    units = Units(["a", "a", "a", "b"])
    estimate = units.estimate(np.array([1.0, 1.0, 1.0, 0.0]))
    assert estimate is not None and estimate.mean == 0.75
    assert (estimate.low, estimate.high) == (0, 1)


def test_only_counted_tiles_count() -> None:
    units = Units(["a", "b", "c"])
    estimate = units.estimate(np.array([1.0, 0.5, 9.0]), np.array([True, True, False]))
    assert estimate is not None and estimate.mean == 0.75 and estimate.high <= 1
    assert units.estimate(np.ones(3), np.zeros(3, bool)) is None


@pytest.mark.parametrize(("count", "reliable"), [(19, False), (20, True)])
def test_few_units_are_not_reliable(count: int, reliable: bool) -> None:
    assert Units([str(number) for number in range(count)]).reliable == reliable


def test_the_interval_covers_the_truth_where_tiles_of_a_unit_are_alike() -> None:
    random, units = np.random.default_rng(2), Units(names([8] * 30))
    singly = Units([str(number) for number in range(240)])
    covered = covered_singly = 0
    for _ in range(100):
        values = random.normal(0.4, 0.2, 30)[units.index] + random.normal(0, 0.05, 240)
        together, alone = units.estimate(values), singly.estimate(values)
        assert together is not None and alone is not None
        covered += together.low <= 0.4 <= together.high
        covered_singly += alone.low <= 0.4 <= alone.high
    assert 88 <= covered <= 99
    assert covered_singly < 70  # tiles drawn singly claim far more certainty than there is
