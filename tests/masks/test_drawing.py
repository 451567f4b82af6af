"""Runs drawn into masks, against a loop over the runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.masks.drawing import WORD, draw, words_in


def drawn(masks: list[list[tuple[int, int]]], height: int, width: int) -> np.ndarray:
    """Masks of runs, each the first pixel (from 1) and the one after the last."""
    runs = [run for mask in masks for run in (*mask, (0, 0))]
    starts, ends = np.array(runs, np.int64).T
    return draw(starts, ends, len(masks), height, width)


def slowly(masks: list[list[tuple[int, int]]], height: int, width: int) -> np.ndarray:
    """The same, pixel by pixel."""
    flat = np.zeros((len(masks), width * height), np.uint8)
    for place, mask in enumerate(masks):
        for start, end in mask:
            flat[place, start - 1 : end - 1] = 1
    return flat.reshape(len(masks), width, height).transpose(0, 2, 1)


@st.composite
def any_masks(draw_: st.DrawFn) -> tuple[list[list[tuple[int, int]]], int, int]:
    """Ascending runs that may touch, in masks narrower and wider than a word."""
    height, width = draw_(st.integers(1, 5)), draw_(st.sampled_from([1, 2, WORD - 1, WORD, WORD + 1, 2 * WORD + 3]))
    borders = st.lists(st.integers(1, height * width + 1), max_size=12, unique=True)
    masks = []
    for _ in range(draw_(st.integers(1, 5))):
        edges = sorted(draw_(borders))
        masks.append(list(zip(edges[: len(edges) // 2 * 2 : 2], edges[1::2], strict=True)))
    return masks, height, width


@settings(deadline=None)
@given(any_masks())
def test_runs_are_drawn_as_a_loop_draws_them(case: tuple[list[list[tuple[int, int]]], int, int]) -> None:
    assert np.array_equal(drawn(*case), slowly(*case))


@pytest.mark.parametrize("width", [1, 63, 64, 65, 256])
def test_the_first_and_the_last_pixel_and_all_of_them(width: int) -> None:
    pixels = 3 * width
    masks = [[(1, 2)], [(pixels, pixels + 1)], [(1, pixels + 1)], [], [(1, 3), (3, 4)]] if width > 1 else [[(1, 4)], []]
    assert np.array_equal(drawn(masks, 3, width), slowly(masks, 3, width))


def test_words_hold_64_pixels() -> None:
    assert [words_in(width) for width in (1, 64, 65, 256)] == [1, 1, 2, 4]
