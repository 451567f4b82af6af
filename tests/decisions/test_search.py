"""Candidates, and choosing among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaggle_seg.decisions.bootstrap import cross_fit
from kaggle_seg.decisions.rules import CutOrEmpty, best_cuts, highest_probabilities
from kaggle_seg.decisions.search import (
    PartScores,
    best_near,
    cleaned_thresholds,
    measure,
    nearest_as_good,
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


def test_of_settings_as_good_the_nearest_to_the_preferred_one() -> None:
    """A gain that all parts agree on is followed; one that they differ on is noise."""
    hill = np.maximum(0, 1 - np.abs(np.arange(256) - 60) / 40)
    agreed = PartScores(np.tile(hill, (10, 1)), np.full(10, 1))
    assert nearest_as_good(agreed, 128)(np.ones(10, bool)) == smoothed_peak(agreed)(np.ones(10, bool)) == 60
    scatter = np.random.default_rng(0).normal(0, 1, (10, 1)) * (np.arange(256) != 60)
    scatter -= scatter.mean(axis=0)
    for size, expected in ((0.5, range(62, 72)), (20, [128])):
        differing = PartScores(agreed.sums + size * scatter, agreed.sizes)
        assert smoothed_peak(differing)(np.ones(10, bool)) == 60
        assert nearest_as_good(differing, 128)(np.ones(10, bool)) in expected


def test_of_a_plateau_the_preferred_setting_is_kept() -> None:
    flat = PartScores(np.ones((10, 256)), np.full(10, 1))
    assert nearest_as_good(flat, 128)(np.ones(10, bool)) == 128
    assert nearest_as_good(flat, 0)(np.arange(10) < 1) == 0


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
    assert np.array_equal(measured.highest, highest_probabilities(levels, sums))
    cleaned = cleaned_thresholds(store, lambda tiles: truth[tiles], [100, 150])
    assert len(cleaned.rules) == 30
    either = measured.tile_cuts([CutOrEmpty("iou"), *[CutOrEmpty("dice")] * 7])
    for settings in (measured.thresholds(), measured.expected_iou_cuts(), either, cleaned):
        met, joined = settings.overlaps(slice(None))
        for column in range(0, len(settings.rules), 7):
            intersection, union = overlaps(settings.rules[column].masks(levels, sums), truth)
            assert np.array_equal(met[:, column], intersection)
            assert np.array_equal(joined[:, column], union)


def test_the_masks_of_some_tiles_among_more() -> None:
    masks, rows = np.arange(10)[:, None, None] * np.ones((1, 2, 2), int), np.array([7, 2, 9])
    assert truth_of(masks, rows)(slice(1, 3))[:, 0, 0].tolist() == [2, 9]
