"""Run lengths against a reference that goes pixel by pixel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kaggle_seg.competition import PixelOrder
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle

ORDERS: list[PixelOrder] = ["columns", "rows"]
stacks = hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=20))


def encode_slowly(mask: np.ndarray, pixel_order: PixelOrder) -> str:
    """The format's definition, one pixel at a time."""
    height, width = mask.shape
    by_columns = [(row, column) for column in range(width) for row in range(height)]
    by_rows = [(row, column) for row in range(height) for column in range(width)]
    runs: list[list[int]] = []
    inside = False
    for number, pixel in enumerate(by_columns if pixel_order == "columns" else by_rows, start=1):
        if mask[pixel] and inside:
            runs[-1][1] += 1
        elif mask[pixel]:
            runs.append([number, 1])
        inside = bool(mask[pixel])
    return " ".join(f"{start} {length}" for start, length in runs)


def decode_slowly(text: str, height: int, width: int, pixel_order: PixelOrder) -> np.ndarray:
    flat = np.zeros(height * width, bool)
    numbers = [int(word) for word in text.split()]
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        for pixel in range(start - 1, start - 1 + length):
            flat[pixel] = True
    return flat.reshape(width, height).T if pixel_order == "columns" else flat.reshape(height, width)


@pytest.mark.parametrize("pixel_order", ORDERS)
@settings(deadline=None)
@given(masks=stacks)
def test_any_masks_are_written_as_the_reference_writes_them_and_read_back(
    pixel_order: PixelOrder, masks: np.ndarray
) -> None:
    texts = rle.encode(masks, pixel_order)
    assert texts == [encode_slowly(mask, pixel_order) for mask in masks]
    assert np.array_equal(rle.decode_many(texts, *masks.shape[1:], pixel_order), masks)


@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 200)),
    dense=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_rows_of_any_number_of_words_are_drawn(shape: tuple[int, int, int], dense: float, seed: int) -> None:
    masks = np.random.default_rng(seed).random(shape) < dense
    texts = [encode_slowly(mask, "columns") for mask in masks]
    assert np.array_equal(rle.decode_many(texts, *shape[1:]), masks)


@settings(deadline=None)
@given(masks=stacks, cuts=st.sets(st.integers(1, 400)), spaces=st.sampled_from([" ", "  "]), zeros=st.integers(0, 9))
def test_texts_written_otherwise_mean_the_same(masks: np.ndarray, cuts: set[int], spaces: str, zeros: int) -> None:
    """Runs cut in two that touch, more spaces than one, zeros in front."""
    texts = []
    for text in rle.encode(masks):
        pieces: list[int] = []
        numbers = [int(word) for word in text.split()]
        for start, length in zip(numbers[::2], numbers[1::2], strict=True):
            borders = [start, *sorted(cut for cut in cuts if start < cut < start + length), start + length]
            for first, stop in itertools.pairwise(borders):
                pieces += [first, stop - first]
        texts.append(spaces.join("0" * zeros + str(number) for number in pieces))
    assert np.array_equal(rle.decode_many(texts, *masks.shape[1:]), masks)


@pytest.mark.parametrize("pixel_order", ORDERS)
@pytest.mark.parametrize(
    "shape", [(300, 16, 24), (300, 101, 101), (2, 1280, 1918), (40, 256, 256), (1, 1, 70000), (2, 70000, 1)]
)
def test_sizes_of_real_tiles(shape: tuple[int, int, int], pixel_order: PixelOrder) -> None:
    rng = np.random.default_rng(5)
    coarse = rng.random((shape[0], -(-shape[1] // 9), -(-shape[2] // 9))) < 0.4
    masks = coarse.repeat(9, axis=1).repeat(9, axis=2)[:, : shape[1], : shape[2]]
    masks = masks & (rng.random(shape) < 0.99)
    texts = rle.encode(masks, pixel_order)
    assert texts[-1] == encode_slowly(masks[-1], pixel_order)
    assert np.array_equal(rle.decode_many(texts, *shape[1:], pixel_order), masks)


@pytest.mark.parametrize(
    ("pixels", "columns", "rows"),
    [
        ([], "", ""),
        ([(0, 0)], "1 1", "1 1"),
        ([(1, 2)], "6 1", "6 1"),
        ([(1, 0)], "2 1", "4 1"),
        ([(1, 0), (0, 1)], "2 2", "2 1 4 1"),
        ([(0, 2), (1, 0)], "2 1 5 1", "3 2"),
        ([(row, column) for row in range(2) for column in range(3)], "1 6", "1 6"),
    ],
    ids=["empty", "first pixel", "last pixel", "one pixel", "across columns", "across rows", "full"],
)
def test_worked_cases_of_two_rows_and_three_columns(pixels: list[tuple[int, int]], columns: str, rows: str) -> None:
    mask = np.zeros((2, 3), bool)
    for pixel in pixels:
        mask[pixel] = True
    assert rle.encode(mask[None]) == [columns]
    assert rle.encode(mask[None], "rows") == [rows]
    assert np.array_equal(rle.decode(columns, 2, 3), mask)
    assert np.array_equal(rle.decode(rows, 2, 3, "rows"), mask)


def test_a_long_stack_keeps_its_order_across_chunks() -> None:
    count = 2 * rle.chunk_length(64, 64) + 3
    masks = np.zeros((count, 64, 64), bool)
    masks.reshape(count, -1)[np.arange(count), np.arange(count) * 7 % 4096] = True
    texts = rle.encode(masks)
    assert texts == [encode_slowly(mask, "columns") for mask in masks[:3]] + texts[3:]
    assert np.array_equal(rle.decode_many(texts, 64, 64), masks)


def test_a_worst_case_mask_keeps_every_run() -> None:
    board = np.indices((256, 256)).sum(axis=0) % 2 == 1
    text = rle.encode(board[None])[0]
    assert text == encode_slowly(board, "columns")
    assert np.array_equal(rle.decode(text, 256, 256), board)


def test_no_masks_are_no_texts() -> None:
    assert rle.encode(np.zeros((0, 8, 8), bool)) == []
    assert rle.decode_many([], 8, 8).shape == (0, 8, 8)


@pytest.mark.parametrize("masks", [np.zeros((4, 4), bool), np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 4))])
def test_what_is_no_stack_of_masks_is_refused(masks: np.ndarray) -> None:
    with pytest.raises(ValueError, match="bool"):
        rle.encode(masks)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("5", ["1 numbers, wanted pairs"]),
        ("1 2 9", ["3 numbers, wanted pairs"]),
        ("nan", ["'nan', wanted a number"]),
        ("1 2.0", ["'2.0', wanted a number"]),
        ("1 -2", ["'-2', wanted a number"]),
        ("1,2", ["'1,2', wanted a number"]),
        ("1\t2", ["wanted a number"]),
        ("١ ٢", ["wanted a number"]),
        ("a 1 b 1", ["'a', wanted a number of pixels (and 1 more such)"]),
        ("1 99999999999999999999999", ["wanted a number"]),
        ("0 3", ["run '0 3' starts before pixel 1"]),
        ("3 0", ["run '3 0' holds no pixel"]),
        ("11 3", ["run '11 3' ends after pixel 12"]),
        ("13 1", ["run '13 1' ends after pixel 12"]),
        ("5 2 1 2", ["run '1 2' starts before the run that stands before it"]),
        ("1 3 3 1", ["run '3 1' overlaps"]),
        ("4 1 4 1", ["run '4 1' overlaps"]),
        (
            "0 1 9 9 3 0 7",
            ["7 numbers", "'0 1' starts before pixel 1", "'3 0' holds no", "'9 9' ends after", "'3 0' starts before"],
        ),
    ],
)
def test_faults_are_named_one_by_one(text: str, wanted: list[str]) -> None:
    found = rle.faults(text, 12)
    assert len(found) == len(wanted), found
    for part, line in zip(wanted, found, strict=True):
        assert part in line
    with pytest.raises(BadInput, match="mask 1: "):
        rle.decode_many(["", text], 3, 4)


@pytest.mark.parametrize(
    ("text", "same"), [("1 3 4 2", "1 5"), (" 1  2 ", "1 2"), ("007 1", "7 1"), ("1 1 2 1 3 10", "1 12")]
)
def test_touching_runs_spaces_and_zeros_in_front_do_no_harm(text: str, same: str) -> None:
    assert rle.faults(text, 12) == []
    assert np.array_equal(rle.decode(text, 3, 4), rle.decode(same, 3, 4))


@settings(deadline=None)
@given(texts=st.lists(st.text(alphabet="0123 -x", max_size=12), max_size=5))
def test_decoding_refuses_exactly_the_texts_with_faults(texts: list[str]) -> None:
    problems = [f"mask {i}: {fault}" for i, text in enumerate(texts) for fault in rle.faults(text, 30)]
    if problems:
        with pytest.raises(BadInput) as refusal:
            rle.decode_many(texts, 5, 6)
        assert refusal.value.problems == problems
    else:
        drawn = rle.decode_many(texts, 5, 6)
        assert all(np.array_equal(m, decode_slowly(t, 5, 6, "columns")) for m, t in zip(drawn, texts, strict=True))


def test_faults_of_a_later_chunk_are_named_by_their_place_in_the_whole_list() -> None:
    texts = [""] * rle.chunk_length(1024, 1024) + ["1 1", "5"]
    with pytest.raises(BadInput, match=rf"mask {len(texts) - 1}: 1 numbers"):
        rle.decode_many(texts, 1024, 1024)
