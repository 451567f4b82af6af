"""Masks in several rows, one for each region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as draw

from kaggle_seg.competition import PixelOrder
from kaggle_seg.masks import rle
from kaggle_seg.masks.several import join_runs, split_regions

MASK = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1]], bool)


def test_regions_in_the_order_of_their_first_pixels() -> None:
    # down the columns: 1-4, 5-8, 9-12, 13-16; the first region is joined at a corner
    assert split_regions("1 1 4 2 10 1 16 1", 4, 4) == ["1 1 5 1 10 1", "4 1", "16 1"]
    assert split_regions(rle.encode(MASK[None], "rows")[0], 4, 4, "rows") == ["1 2 7 1", "13 1", "16 1"]


def test_an_empty_mask_is_one_empty_row() -> None:
    assert split_regions("", 4, 4) == [""] and join_runs([""]) == ""


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["16 1", "1 2"], "1 2 16 1"),
        (["1 2", "2 2"], "1 2 2 2"),
        (["9 1"], "9 1"),
        (["9 1 2 1"], "9 1 2 1"),
        (["1 2", "3"], "1 2 3"),
        (["1 2", "x 1"], "1 2 x 1"),
        (["1 2", "\u0663 1"], "1 2 \u0663 1"),
    ],
)
def test_rows_are_joined_and_faults_are_left_to_the_checks(texts: list[str], joined: str) -> None:
    assert join_runs(texts) == joined


@settings(max_examples=50, deadline=None)
@given(mask=draw.arrays(bool, (6, 7), elements=st.booleans()), order=st.sampled_from(("columns", "rows")))
def test_regions_joined_are_the_mask(mask: np.ndarray, order: PixelOrder) -> None:
    (text,) = rle.encode(mask[None], order)
    parts = split_regions(text, 6, 7, order)
    assert (sum(rle.decode_many(parts, 6, 7, order).astype(int)) == mask).all()
    assert join_runs(parts).split()[::2] == sorted(join_runs(parts).split()[::2], key=int)
