"""Run lengths: a mask as the text that Kaggle reads.

The format. Number the pixels of an H × W mask from 1 to H·W: down the first column, then down the second, and so on
("columns"); some competitions go along the rows instead ("rows"). A run is an unbroken stretch of building pixels in that
order. It is written as two numbers, the pixel it starts at and how many it has; runs are written in ascending order, with a
space between numbers. A run goes on from the foot of one column to the head of the next. A mask without buildings is the
empty text.

Three rows of four pixels, numbered down the columns, and a mask of the same size:

    1  4  7  10         .  .  .  #
    2  5  8  11         .  #  .  .        "5 1 9 2": pixel 5 alone, then pixels 9 and 10
    3  6  9  12         .  .  #  .

>>> import numpy as np
>>> mask = np.zeros((3, 4), bool)
>>> mask[1, 1] = mask[2, 2] = mask[0, 3] = True
>>> encode(mask[None])
['5 1 9 2']
>>> encode(mask[None], "rows")
['4 1 6 1 11 1']
>>> bool((decode("5 1 9 2", height=3, width=4) == mask).all())
True
>>> encode(np.stack([np.zeros((256, 256), bool), np.ones((256, 256), bool)]))
['', '1 65536']
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.competition import PixelOrder
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import digits, drawing

CHUNK_PIXELS = 1 << 21  # masks are worked on in chunks of about this many pixels, which stay in the processor's cache


def encode(masks: NDArray[np.bool_], pixel_order: PixelOrder = "columns") -> list[str]:
    """Writes masks as run lengths.

    Args:
        masks: bool (N, H, W).
        pixel_order: the order in which pixels are counted.

    Returns:
        One text per mask; empty for a mask without buildings.

    Raises:
        ValueError: not a stack of boolean masks.
    """
    if masks.ndim != 3 or masks.dtype != bool:
        raise ValueError(f"masks must be bool (N, H, W); found {masks.dtype} {masks.shape}")
    if pixel_order == "rows":
        masks = masks.transpose(0, 2, 1)
    texts: list[str] = []
    chunk = chunk_length(*masks.shape[1:])
    for first in range(0, len(masks), chunk):
        part = masks[first : first + chunk]
        texts += write_runs(find_changes(part), len(part), part[0].size)
    return texts


def chunk_length(height: int, width: int) -> int:
    """How many masks of this size are worked on at once."""
    return max(1, CHUNK_PIXELS // max(1, height * width))


def find_changes(masks: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Where a run starts or has just ended.

    Eight pixels are compared at a time: each row's bits, packed into bytes, with those of the row above; the first row with
    the last row one column to the left, because that is where the count comes from.

    Args:
        masks: bool (N, H, W), N >= 1.

    Returns:
        Ascending (2 R,): start, end, start, end ... of the R runs of all masks, as keys i (H W + 1) + p for pixel p (from 0)
        of mask i. An end is the pixel after the run, so p = H W is the end of a run that holds the last pixel.
    """
    height, width = masks.shape[1:]
    before_column = np.zeros_like(masks[:, 0])
    before_column[:, 1:] = masks[:, -1, :-1]
    changed = np.packbits(masks, axis=2)
    changed[:, 1:] ^= changed[:, :-1].copy()
    changed[:, 0] ^= np.packbits(before_column, axis=1)

    flat = changed.reshape(-1)
    occupied = np.flatnonzero(flat != 0)
    bits = np.flatnonzero(np.unpackbits(flat[occupied]).view(bool))
    first_keys = keys_of_bytes(max(len(masks), chunk_length(height, width)), height, width)[occupied]
    keys = first_keys[bits >> 3] + (bits & 7).astype(first_keys.dtype) * first_keys.dtype.type(height)

    held_last_pixel = np.flatnonzero(masks[:, -1, -1]).astype(first_keys.dtype)
    keys = np.concatenate([keys, held_last_pixel * (height * width + 1) + height * width])
    keys.sort()
    return keys


@functools.lru_cache(maxsize=4)
def keys_of_bytes(count: int, height: int, width: int) -> NDArray[np.integer]:
    """The key (see `find_changes`) of the first pixel in each byte of `count` packed masks; flat, in their order."""
    kind = np.int32 if count * (height * width + 1) + 8 * height < 2**31 else np.int64
    image, row, byte = np.ogrid[:count, :height, : -(-width // 8)]
    return (image * (height * width + 1) + byte * 8 * height + row).astype(kind).reshape(-1)


def write_runs(changes: NDArray[np.integer], count: int, pixels: int) -> list[str]:
    """The texts of `count` masks of so many pixels each, from their changes (see `find_changes`)."""
    starts, ends = changes[::2], changes[1::2]
    image = starts // (pixels + 1)
    numbers = np.empty_like(changes)
    numbers[::2] = starts - image * (pixels + 1) + 1
    numbers[1::2] = ends - starts
    spelled, widths = digits.spell(numbers, pixels)
    text = spelled.tobytes().translate(None, b"\0").decode("ascii")
    stops = np.concatenate([[0], np.cumsum(widths, dtype=np.int64)])
    borders = stops[2 * np.searchsorted(image, np.arange(count + 1))].tolist()
    return [text[start:stop].rstrip() for start, stop in itertools.pairwise(borders)]


def decode(run_lengths: str, height: int, width: int, pixel_order: PixelOrder = "columns") -> NDArray[np.bool_]:
    """The mask, bool (height, width), that one text of run lengths stands for; `decode_many` says the rest."""
    return decode_many([run_lengths], height, width, pixel_order)[0]


def decode_many(
    run_lengths: Sequence[str], height: int, width: int, pixel_order: PixelOrder = "columns"
) -> NDArray[np.bool_]:
    """Draws masks of one size from their run lengths.

    Args:
        run_lengths: one text per mask.
        height, width: of every mask.
        pixel_order: the order in which pixels were counted.

    Returns:
        bool (N, height, width).

    Raises:
        BadInput: with every fault (see `faults`) of every text, each named by its place in the list.
    """
    if pixel_order == "rows":
        return decode_many(run_lengths, width, height).transpose(0, 2, 1)
    masks = np.empty((len(run_lengths), height, width), np.uint8)
    chunk = chunk_length(height, drawing.words_in(width) * drawing.WORD)
    for first in range(0, len(run_lengths), chunk):
        texts = run_lengths[first : first + chunk]
        runs = read_runs(texts, height * width)
        if runs is None:
            raise BadInput(
                [f"mask {first + i}: {fault}" for i, text in enumerate(texts) for fault in faults(text, height * width)]
            )
        masks[first : first + chunk] = drawing.draw(*runs, len(texts), height, width)
    return masks.view(bool)


def faults(run_lengths: str, pixels: int) -> list[str]:
    """What is wrong with one text of run lengths: a line for each kind of fault, naming the first of its kind.

    Several spaces in a row, or at an end, do no harm. Runs may touch: "1 3 4 2" can only mean the mask of "1 5", and Kaggle
    reads it so, though `encode` never writes it.

    Args:
        run_lengths: the text.
        pixels: how many the mask has.

    Returns:
        The faults; none for a sound text.

    >>> faults("", pixels=9), faults("1 3 4 2", pixels=9)
    ([], [])
    >>> for fault in faults("3 4 5 1 9", pixels=9):
    ...     print(fault)
    5 numbers, wanted pairs of start and length
    run '5 1' overlaps the run before it, wanted runs that touch at most
    """
    parts = [part for part in run_lengths.split(" ") if part]
    strange = [part for part in parts if not (part.isascii() and part.isdecimal() and len(part.lstrip("0")) <= 18)]
    if strange:
        return [f"{strange[0]!r}, wanted a number of pixels" + more(len(strange))]
    numbers = np.array(parts, np.int64)
    starts, lengths = numbers[: len(parts) // 2 * 2].reshape(-1, 2).T
    ends = starts + lengths - 1
    ends_before = np.concatenate([[0], ends])[: len(ends)]
    behind = np.diff(starts, prepend=0) < 0
    kinds = {
        "starts before pixel 1, wanted pixels counted from 1": starts < 1,
        "holds no pixel, wanted a length of 1 or more": lengths < 1,
        f"ends after pixel {pixels}, wanted it inside the mask": ends > pixels,
        "starts before the run that stands before it, wanted ascending starts": behind & (starts > 0),
        "overlaps the run before it, wanted runs that touch at most": (starts <= ends_before) & ~behind & (starts > 0),
    }
    lines = [f"{len(parts)} numbers, wanted pairs of start and length"] * (len(parts) % 2)
    for kind, here in kinds.items():
        for run in np.flatnonzero(here)[:1]:
            lines.append(f"run '{starts[run]} {lengths[run]}' {kind}" + more(int(here.sum())))
    return lines


def more(count: int) -> str:
    """How a line ends that stands for `count` faults of its kind."""
    return f" (and {count - 1} more such)" if count > 1 else ""


def read_runs(texts: Sequence[str], pixels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The runs of texts of run lengths, one after another; None if any of them has a fault.

    Args:
        texts: at least one.
        pixels: how many each mask has.

    Returns:
        Twice (R,): the pixel each run starts at, from 1, and the one after its last. Behind the runs of each text stands one
        that starts and ends at 0: no sound text holds a 0, so these part the texts.
    """
    numbers = digits.parse(" ".join(part for text in texts for part in (text, "0 0") if part))
    if numbers is None or len(numbers) % 2 or numbers.max() > pixels:
        return None
    starts, lengths = numbers[::2], numbers[1::2]
    ends = starts + lengths
    parting = starts == 0
    sound = (
        np.count_nonzero(parting) == len(texts)
        and np.array_equal(parting, lengths == 0)  # after a text of an odd number of numbers they would not pair up
        and ends.max() <= pixels + 1
        and (parting[1:] | (starts[1:] >= ends[:-1])).all()
    )
    return (starts, ends) if sound else None
