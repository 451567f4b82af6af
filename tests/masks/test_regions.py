"""Regions counted from runs, against SciPy's labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from kaggle_seg.masks.cleaning import EDGES_AND_CORNERS
from kaggle_seg.masks.regions import count_regions


def label(mask: np.ndarray) -> int:
    return ndimage.label(mask, EDGES_AND_CORNERS)[1]


def spiral(side: int) -> np.ndarray:
    """One line of pixels that winds inwards, a pixel apart from itself."""
    mask = np.zeros((side, side), bool)
    for ring in range(0, side // 2, 2):
        mask[ring, max(0, ring - 1) : side - ring] = True
        mask[ring : side - ring, side - ring - 1] = True
        mask[side - ring - 1, ring : side - ring] = True
        mask[ring + 2 : side - ring, ring] = True
    return mask


@settings(deadline=None)
@given(masks=hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=14)))
def test_any_masks_have_as_many_regions_as_scipy_finds(masks: np.ndarray) -> None:
    assert count_regions(masks).tolist() == [label(mask) for mask in masks]


@pytest.mark.parametrize("density", [0.05, 0.4, 0.55, 0.6, 0.95])
def test_large_ragged_masks(density: float) -> None:
    masks = np.random.default_rng(1).random((5, 128, 200)) < density
    assert count_regions(masks).tolist() == [label(mask) for mask in masks]


def test_a_long_winding_region_is_one() -> None:
    snake = np.ones((200, 201), bool)
    snake[:, 1::2] = False
    snake[0, 1::4] = snake[-1, 3::4] = True
    masks = np.stack([snake, snake[::-1], ~snake])
    assert count_regions(masks).tolist() == [label(mask) for mask in masks]
    assert count_regions(masks)[0] == 1
    assert count_regions(spiral(60)[None]).tolist() == [label(spiral(60))]


def test_a_long_stack_of_small_masks() -> None:
    masks = np.random.default_rng(2).random((2200, 33, 41)) < 0.3
    counts = count_regions(masks)
    assert counts[::500].tolist() == [label(mask) for mask in masks[::500]]


def test_regions_do_not_reach_into_the_next_mask() -> None:
    masks = np.zeros((3, 4, 4), bool)
    masks[0, :, 3] = masks[1, :, 0] = masks[2] = True
    assert count_regions(masks).tolist() == [1, 1, 1]
