"""Runs drawn into masks, many masks at once and 64 pixels at a time.

64 pixels of a row are the bits of one word. Where a run starts, its pixel's bit is added to the word; where one has just
ended, its pixel's bit is taken off. The sum of a word and of all above it then has the bits of the pixels inside runs, once
those columns are seen to that begin inside a run: their bits are added to the first row.

Columns are counted through all masks, each with one more at its right that is never drawn: there ends a run that holds the
last pixel of its mask.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

WORD = 64  # pixels


def draw(starts: NDArray[np.int64], ends: NDArray[np.int64], count: int, height: int, width: int) -> NDArray[np.uint8]:
    """Draws runs into masks.

    Args:
        starts: (R,), the pixel each run starts at, numbered down the columns from 1; ascending within a mask.
        ends: (R,), the pixel after its last. Behind the runs of each mask stands one that starts and ends at 0.
        count: how many masks.
        height, width: of every mask.

    Returns:
        0 and 1 (count, height, width).
    """
    columns, rows = find_places(starts, ends, height, width)
    bits, first_words = words_of_columns(1 << (count - 1).bit_length(), height, width)
    changed = bits.take(columns)
    np.negative(changed[len(starts) :], out=changed[len(starts) :])
    begun_inside = find_begun_inside(columns, count * (width + 1))

    words = np.zeros((count, height, words_in(width)), np.uint64)
    flat = words.reshape(-1)
    np.add.at(flat, first_words.take(columns) + rows * words_in(width), changed)
    np.add.at(flat, first_words[begun_inside], bits[begun_inside])
    np.add.accumulate(words, axis=1, out=words)
    return np.unpackbits(words.view(np.uint8)).reshape(count, height, -1)[:, :, :width]


def words_in(width: int) -> int:
    """How many words hold a row."""
    return -(-width // WORD)


def find_places(
    starts: NDArray[np.int64], ends: NDArray[np.int64], height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of all starts, then of all ends; those of the runs that part the masks are in columns never drawn."""
    origins = np.cumsum(starts == 0, dtype=np.int64) * ((width + 1) * height) - 1
    pixels = np.concatenate([starts + origins, ends + origins])
    columns = pixels // height
    return columns, pixels - columns * height


@functools.lru_cache(maxsize=4)
def words_of_columns(count: int, height: int, width: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """For each column of `count` masks, its bit, none where it is never drawn, and which word holds it in the first row."""
    single_bits = np.packbits(np.eye(WORD, dtype=bool), axis=1).view(np.uint64)[:, 0]
    column = np.arange(width + 1)
    bits = np.where(column < width, single_bits[column % WORD], 0)
    words = np.minimum(column // WORD, words_in(width) - 1)
    return np.tile(bits, count), (np.arange(count)[:, None] * (height * words_in(width)) + words).reshape(-1)


def find_begun_inside(columns: NDArray[np.int64], count: int) -> NDArray[np.intp]:
    """Which of `count` columns begin inside a run: those with an odd number of starts and ends in the columns before."""
    changes = np.bincount(columns, minlength=count)
    return np.flatnonzero((np.cumsum(changes) - changes) % 2 == 1)
