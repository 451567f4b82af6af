"""Bootstrap clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.decisions.bootstrap import BootstrapClusters, cross_fit


def names(sizes: list[int]) -> list[str]:
    return [f"scene {number}" for number, size in enumerate(sizes) for _ in range(size)]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_clusters_are_dealt_whole_into_at_most_ten_parts(sizes: list[int]) -> None:
    clusters = BootstrapClusters(names(sizes))
    parts = clusters.parts()
    assert len(parts) == sum(sizes) and set(parts) == set(range(parts.max() + 1))
    assert parts.max() < min(10, len(sizes))
    assert all(len(set(parts[clusters.index == cluster])) == 1 for cluster in range(clusters.count))
    assert (parts.max() > 0) == (len(sizes) > 1)


def test_equal_clusters_make_equal_parts_of_neighbours() -> None:
    parts = BootstrapClusters(names([4] * 20)).parts()
    assert np.bincount(parts).tolist() == [8] * 10
    assert (np.diff(parts) >= 0).all()


def test_the_order_of_tiles_does_not_matter() -> None:
    given_names = names([3, 5, 2, 7, 1, 9])
    order = np.random.default_rng(1).permutation(len(given_names))
    shuffled = BootstrapClusters([given_names[tile] for tile in order]).parts()
    assert np.array_equal(shuffled, BootstrapClusters(given_names).parts()[order])


def test_the_mean_is_over_tiles_not_clusters() -> None:
    clusters = BootstrapClusters(["a", "a", "a", "b"])
    estimate = clusters.estimate(np.array([1.0, 1.0, 1.0, 0.0]))
    assert estimate is not None and estimate.mean == 0.75
    assert (estimate.low, estimate.high) == (0, 1)


def test_only_counted_tiles_count() -> None:
    clusters = BootstrapClusters(["a", "b", "c"])
    estimate = clusters.estimate(np.array([1.0, 0.5, 9.0]), np.array([True, True, False]))
    assert estimate is not None and estimate.mean == 0.75 and estimate.high <= 1
    assert clusters.estimate(np.ones(3), np.zeros(3, bool)) is None


@pytest.mark.parametrize(("count", "reliable"), [(19, False), (20, True)])
def test_few_clusters_are_not_reliable(count: int, reliable: bool) -> None:
    assert BootstrapClusters([str(number) for number in range(count)]).reliable == reliable


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(1, 5))
def test_equal_clusters_count_fully_and_unequal_ones_for_less(sizes: list[int], times: int) -> None:
    effective = BootstrapClusters(names(sizes)).effective
    assert 1 <= effective <= len(sizes) + 1e-9
    assert BootstrapClusters(names([times] * len(sizes))).effective == pytest.approx(len(sizes))
    assert BootstrapClusters(names([size * times for size in sizes])).effective == pytest.approx(effective)


def test_two_large_clusters_among_twenty_are_not_reliable() -> None:
    clusters = BootstrapClusters(names([60, 57, *[1] * 17, 2]))
    assert clusters.count == 20 and len(clusters.index) == 136
    assert clusters.effective == pytest.approx(136**2 / (60**2 + 57**2 + 17 + 4)) and 2.6 < clusters.effective < 2.8
    assert not clusters.reliable


def test_no_tile_chooses_what_it_is_scored_with() -> None:
    parts = np.array([0, 2, 1, 0, 2, 2])
    asked: list[np.ndarray] = []

    def choose(chosen: np.ndarray) -> int:
        asked.append(chosen)
        return len(asked) - 1

    columns = cross_fit(choose, parts)
    for tile, column in enumerate(columns):
        assert np.array_equal(asked[column], np.arange(3) != parts[tile])


def test_one_part_chooses_for_itself() -> None:
    assert cross_fit(lambda chosen: 4 if chosen.all() else 0, np.zeros(3, int)).tolist() == [4] * 3


def test_the_interval_covers_the_truth_where_tiles_of_a_cluster_are_alike() -> None:
    random, clusters = np.random.default_rng(2), BootstrapClusters(names([8] * 30))
    singly = BootstrapClusters([str(number) for number in range(240)])
    covered = covered_singly = 0
    for _ in range(100):
        values = random.normal(0.4, 0.2, 30)[clusters.index] + random.normal(0, 0.05, 240)
        together, alone = clusters.estimate(values), singly.estimate(values)
        assert together is not None and alone is not None
        covered += together.low <= 0.4 <= together.high
        covered_singly += alone.low <= 0.4 <= alone.high
    assert 88 <= covered <= 99
    assert covered_singly < 70  # tiles drawn singly claim far more certainty than there is
