"""What the gallery reckons from probability maps before a browser sees them."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.decisions.rules import best_cuts
from kaggle_seg.masks.maps import quantise
from kaggle_seg.pages.gallery.packed_maps import pack_map, thresholds_with


def unpack(packed: str, height: int, width: int) -> np.ndarray:
    """A packed map again, pixel by pixel, as its description says."""
    stored = np.frombuffer(zlib.decompress(base64.b64decode(packed)), np.uint8).reshape(height, width)
    levels = np.zeros((height + 1, width + 1), int)
    for row in range(height):
        for column in range(width):
            left, above, corner = levels[row + 1, column], levels[row, column + 1], levels[row, column]
            foretold = sorted((left, above, left + above - corner))[1]
            levels[row + 1, column + 1] = (stored[row, column] + foretold) % 64
    return levels[1:, 1:]


@given(st.sets(st.integers(1, 255), max_size=2))
def test_the_levels_of_csv_and_run_are_among_the_thresholds(levels: set[int]) -> None:
    thresholds = thresholds_with(*levels)
    assert levels <= set(thresholds)
    assert len(set(thresholds)) == 63
    assert thresholds == sorted(thresholds)
    assert thresholds[0] >= 1
    assert thresholds[-1] <= 255


@given(st.integers(0, 2**32), st.integers(1, 255), st.sampled_from([(1, 1), (1, 9), (9, 1), (8, 13)]))
def test_a_packed_map_gives_the_mask_of_every_threshold(seed: int, level: int, shape: tuple[int, int]) -> None:
    levels = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    thresholds = thresholds_with(level)
    tile = pack_map(levels, np.zeros(256, np.float32), None, thresholds)
    shown = unpack(tile.packed, *shape)
    for place, threshold in enumerate(thresholds):
        assert np.array_equal(shown > place, levels >= threshold)
    assert tile.highest == shown.max()


def test_uncertainty_and_expected_iou_come_from_the_unrounded_probabilities() -> None:
    probabilities = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    (levels,), (sums,) = quantise(probabilities[None])
    mask = levels >= 90
    tile = pack_map(levels, sums, mask, thresholds_with(90))
    assert tile.uncertainty == pytest.approx(np.minimum(probabilities, 1 - probabilities).mean(), rel=1e-5)
    met = probabilities[mask].sum()
    assert tile.expected_iou == pytest.approx(met / (mask.sum() + probabilities.sum() - met), rel=1e-5)
    assert pack_map(levels, sums, np.zeros_like(mask), thresholds_with(90)).expected_iou is None
    assert pack_map(levels, sums, None, thresholds_with(90)).expected_iou is None


def test_the_expected_iou_of_a_cut_is_that_of_the_decisions() -> None:
    levels, sums = quantise(np.random.default_rng(1).random((1, 20, 30)) ** 3)
    (cut,), (best,) = best_cuts(levels, sums)
    assert pack_map(levels[0], sums[0], levels[0] >= cut, thresholds_with(9)).expected_iou == pytest.approx(best)
