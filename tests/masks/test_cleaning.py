"""Cleaning masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kaggle_seg.masks.cleaning import clean, cleaned_overlaps
from kaggle_seg.masks.scores import overlaps

MASKS = hnp.arrays(bool, (2, 7, 6))


def drawing(*rows: str) -> np.ndarray:
    return np.array([[character == "#" for character in row] for row in rows])[None]


def test_small_regions_go_and_holes_are_filled() -> None:
    before = drawing(
        "####...",
        "#..#.#.",
        "####...",
        ".......",
        "#.#..##",
        "###..##",
    )
    after = drawing(
        "####...",
        "####...",
        "####...",
        ".......",
        "#.#..##",  # the notch is open to the outside
        "###..##",
    )
    assert np.array_equal(clean(before, minimum_area=4, maximum_hole=2), after)


@pytest.mark.parametrize(("maximum_hole", "filled"), [(0, False), (3, False), (4, True)])
def test_a_hole_is_filled_up_to_its_area(maximum_hole: int, filled: bool) -> None:
    ring = drawing("####", "#..#", "#..#", "####")
    assert clean(ring, maximum_hole=maximum_hole).all() == filled


def test_what_reaches_the_border_is_no_hole() -> None:
    court = drawing("#.#", "#.#", "###")
    assert np.array_equal(clean(court, maximum_hole=99), court)


def test_a_region_at_the_minimum_stays() -> None:
    mask = drawing("##..", "....", "...#")
    assert clean(mask, minimum_area=2).sum() == 2
    assert clean(mask, minimum_area=3).sum() == 0


def test_corners_join_regions_but_do_not_close_holes_open() -> None:
    diagonal = drawing("#..", ".#.", "..#")
    assert clean(diagonal, minimum_area=3).sum() == 3
    diamond = drawing(".#.", "#.#", ".#.")
    assert clean(diamond, maximum_hole=1)[0, 1, 1]


def test_a_filled_roof_counts_whole() -> None:
    ring = drawing("###", "#.#", "###")
    assert clean(ring, minimum_area=9, maximum_hole=1).sum() == 9


@given(MASKS, st.integers(0, 12), st.integers(0, 12))
def test_cleaning_twice_changes_nothing(masks: np.ndarray, minimum_area: int, maximum_hole: int) -> None:
    once = clean(masks, minimum_area, maximum_hole)
    assert np.array_equal(clean(once, minimum_area), once)
    assert np.array_equal(clean(masks), masks)


def test_the_grid_joins_what_a_filled_hole_touches() -> None:
    """A court with two huts in it, one of them at a corner of the wall; and a hole that stays open."""
    mask = drawing(
        "######..####",
        "#....#..#..#",
        "#.##.#..#..#",
        "#....#..####",
        "#...##......",
        "####.....#..",
        "...........#",
    )
    for truth in (mask, ~mask, np.ones_like(mask)):
        minimum_areas, maximum_holes = (0, 2, 3, 10, 20, 30), (0, 3, 4, 9, 10, 99)
        grid = cleaned_overlaps(mask, truth, minimum_areas, maximum_holes)
        for row, hole in enumerate(maximum_holes):
            for column, area in enumerate(minimum_areas):
                met, joined = overlaps(clean(mask, area, hole), truth)
                assert (grid[0][0, row, column], grid[1][0, row, column]) == (met[0], joined[0])


@given(MASKS, MASKS)
def test_the_grid_equals_cleaning_one_by_one(masks: np.ndarray, truth: np.ndarray) -> None:
    minimum_areas, maximum_holes = (0, 2, 5), (0, 1, 4)
    intersection, union = cleaned_overlaps(masks, truth, minimum_areas, maximum_holes)
    for row, maximum_hole in enumerate(maximum_holes):
        for column, minimum_area in enumerate(minimum_areas):
            expected = overlaps(clean(masks, minimum_area, maximum_hole), truth)
            assert np.array_equal(intersection[:, row, column], expected[0])
            assert np.array_equal(union[:, row, column], expected[1])


def test_tiles_do_not_touch_each_other() -> None:
    masks = np.concatenate([drawing("##", ".."), drawing("##", "..")])
    assert clean(masks, minimum_area=3).sum() == 0
