"""Candidates, choosing and cross-fitting."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaggle_seg.decisions.rules import best_cuts
from kaggle_seg.decisions.search import (
    PartScores,
    always,
    best_near,
    cleaned_thresholds,
    cross_fit,
    levels_around,
    measure,
    smoothed_peak,
    truth_of,
)
from kaggle_seg.masks.maps import quantise
from kaggle_seg.masks.scores import overlaps
from tests.decisions.noisy_tiles import noisy_tiles, stored

EVERYTHING = np.ones(1, bool)


def scores_of(*scores: np.ndarray) -> PartScores:
    """Of parts of one tile each."""
    return PartScores(np.array(scores), np.ones(len(scores), int))


def test_a_broad_hill_beats_a_narrow_spike() -> None:
    curve = np.zeros(255)
    curve[100:140] = 0.5
    curve[20] = 1.0
    assert 108 <= smoothed_peak(scores_of(curve))(EVERYTHING) <= 131


def test_the_middle_of_a_plateau_is_chosen() -> None:
    assert smoothed_peak(scores_of(np.ones(255)))(EVERYTHING) == 127


def test_edges_are_averaged_over_the_settings_there_are() -> None:
    rising = np.linspace(0, 1, 255)
    assert smoothed_peak(scores_of(rising))(EVERYTHING) == 254
    assert smoothed_peak(scores_of(rising[::-1]))(EVERYTHING) == 0


def test_the_best_of_the_levels_near() -> None:
    scores, levels = scores_of(np.array([0.9, 0.4, 0.7, 0.7])), [1, 2, 3, 3]
    assert best_near(scores, levels, lambda chosen: [2, 3])(EVERYTHING) == 2
    assert best_near(scores, levels, lambda chosen: [1, 2, 3])(EVERYTHING) == 0


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
    assert cross_fit(always(4), np.zeros(3, int)).tolist() == [4] * 3


def test_large_parts_count_for_more() -> None:
    scores = PartScores(np.array([[6.0, 0.0], [0.0, 2.0]]), np.array([9, 2]))
    both, second = np.array([True, True]), np.array([False, True])
    assert scores.means(both).tolist() == [6 / 11, 2 / 11] and scores.means(second).tolist() == [0.0, 1.0]


def test_cross_fitting_is_not_flattered_by_noise() -> None:
    scores = np.random.default_rng(0).random((100, 400))
    parts = np.arange(100) % 10
    choose = best_near(PartScores(scores.reshape(10, 10, 400).sum(axis=0), np.full(10, 10)), [1] * 400, lambda chosen: [1])
    in_sample = scores[:, choose(np.ones(10, bool))].mean()
    cross_fitted = scores[np.arange(100), cross_fit(choose, parts)].mean()
    assert in_sample > 0.56 and abs(cross_fitted - 0.5) < 0.06


def test_candidates_do_what_their_rules_do(tmp_path: Path) -> None:
    probabilities, truth = noisy_tiles(12)
    probabilities[3] = 0
    store = stored(tmp_path, probabilities)
    levels, sums = quantise(probabilities)
    measured = measure(store, lambda tiles: truth[tiles])
    assert np.array_equal(measured.cuts, best_cuts(levels, sums)[0])
    cleaned = cleaned_thresholds(store, lambda tiles: truth[tiles], [100, 150])
    assert len(cleaned.rules) == 30
    for settings in (measured.thresholds(), measured.expected_iou_cuts(), cleaned):
        met, joined = settings.overlaps(slice(None))
        for column in range(0, len(settings.rules), 7):
            intersection, union = overlaps(settings.rules[column].masks(levels, sums), truth)
            assert np.array_equal(met[:, column], intersection)
            assert np.array_equal(joined[:, column], union)


def test_levels_around_share_a_lattice() -> None:
    assert levels_around(90) == levels_around(100) == [64, 80, 96, 112, 128]
    for level in range(1, 256):
        assert all(1 <= near <= 255 for near in levels_around(level))
        assert min(abs(near - level) for near in levels_around(level)) <= 8


def test_the_masks_of_some_tiles_among_more() -> None:
    masks, rows = np.arange(10)[:, None, None] * np.ones((1, 2, 2), int), np.array([7, 2, 9])
    assert truth_of(masks, rows)(slice(1, 3))[:, 0, 0].tolist() == [2, 9]
