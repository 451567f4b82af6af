"""Whole numbers as text and back, tens of thousands at a time: most of the work on run lengths."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

TABLE_NUMBERS = 1 << 17  # numbers up to here are written by looking them up
WORD = 8  # numbers of up to so many digits are read all at once, each as one word of 8 bytes


def spell(numbers: NDArray[np.integer], largest: int) -> tuple[NDArray[np.generic], NDArray[np.integer]]:
    """Each number (1 to `largest`) as its digits and a space, padded with zero bytes; and how many characters these are."""
    if largest < TABLE_NUMBERS:
        words, widths = spelling_table()
        return words.take(numbers), widths.take(numbers)
    spelled = np.strings.add(numbers.astype("S"), b" ")
    return spelled, np.strings.str_len(spelled)


@functools.lru_cache(maxsize=1)
def spelling_table() -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """What `spell` gives for all numbers below `TABLE_NUMBERS`; words of 8 bytes are the quickest to look up."""
    numbers, powers = np.arange(TABLE_NUMBERS)[:, None], 10 ** np.arange(5, -1, -1)
    words = np.zeros((TABLE_NUMBERS, 8), np.uint8)
    words[:, :6] = np.where(numbers >= powers, numbers // powers % 10 + ord("0"), 0)
    words[:, 6] = ord(" ")
    return words.view(np.uint64)[:, 0], np.count_nonzero(words, axis=1).astype(np.uint8)


def parse(text: str) -> NDArray[np.int64] | None:
    """The numbers in a text.

    Args:
        text: at least one number, with spaces between; quickest with a single one between, and none at the ends.

    Returns:
        int64 (K,); in place of a number that is too large stands the largest there is. None if the text holds anything but
        digits and spaces.

    >>> parse("5 1 007 65536").tolist(), parse("5 x")
    ([5, 1, 7, 65536], None)
    """
    if not text.isascii():
        return None
    padded = (" " * WORD + text + " ").encode()
    characters = np.frombuffer(padded, np.uint8)[WORD:]
    spaces = characters == ord(" ")
    if not (spaces | (characters - ord("0") < 10)).all():  # what comes before "0" wraps around to far above 10
        return None
    ends = np.flatnonzero(spaces)
    widths = np.diff(ends, prepend=-1) - 1
    if widths.min() < 1 or widths.max() > WORD:
        return np.fromstring(text, np.int64, sep=" ")
    words_before = np.ndarray(len(characters), "<u8", padded, strides=(1,))  # [i]: the 8 characters before character i
    return join_digits(words_before.take(ends), widths)


def join_digits(words: NDArray[np.uint64], widths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers that words of 8 characters end with: digits join into pairs, pairs into fours, fours into one number.

    Args:
        words: 8 characters each, the first in the lowest byte.
        widths: how many of them are the number's, 1 to 8.

    Source: D. Lemire, "Quickly parsing eight digits", 2018, https://lemire.me/blog/2018/10/03/quickly-parsing-eight-digits/.
    """
    values = words & (0x0F0F0F0F0F0F0F0F << (64 - 8 * widths).astype(np.uint64))  # "0" is 0x30; others become 0
    for base, bits, kept in ((10, 8, 0x00FF00FF00FF00FF), (100, 16, 0x0000FFFF0000FFFF), (10_000, 32, 0xFFFFFFFF)):
        values = (values * base + (values >> bits)) & kept
    return values.view(np.int64)
