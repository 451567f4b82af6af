"""Masks in several rows: a row for each region, as the Airbus competition has them.

    ImageId,EncodedPixels
    0a1.jpg,3 2 13 2
    0a1.jpg,37 1
    0b2.jpg,

The first image has two regions, the second none.
"""

from __future__ import annotations

from collections.abc import Sequence

from kaggle_seg.competition import PixelOrder


def join_runs(texts: Sequence[str]) -> str:
    """The runs of several rows in one text, in ascending order; what is no run stays as it is, for the checks to name.

    >>> join_runs(["13 2 20 1", "3 2"]), join_runs(["", ""]), join_runs(["1 x", "3 2"])
    ('3 2 13 2 20 1', '', '1 x 3 2')
    """
    joined = " ".join(text for text in texts if text)
    numbers = joined.split()
    if len(texts) == 1 or len(numbers) % 2 or not all(number.isascii() and number.isdecimal() for number in numbers):
        return joined
    pairs = sorted((int(start), int(length)) for start, length in zip(numbers[::2], numbers[1::2], strict=True))
    return " ".join(f"{start} {length}" for start, length in pairs)


def split_regions(run_lengths: str, height: int, width: int, pixel_order: PixelOrder = "columns") -> list[str]:
    """The run lengths of each region of a mask; one empty text for an empty mask.

    Args:
        run_lengths: of the whole mask.
        height, width: of the mask.
        pixel_order: the order in which pixels are counted.

    Returns:
        A text for each region, in the order of their first pixels; pixels that touch at a corner belong together.
    """
    import numpy as np
    from scipy import ndimage

    from kaggle_seg.masks import rle

    if not run_lengths:
        return [""]
    mask = rle.decode(run_lengths, height, width, pixel_order)
    labels, count = ndimage.label(mask, np.ones((3, 3), bool))
    texts = rle.encode(labels[None] == np.arange(1, count + 1)[:, None, None], pixel_order)
    return sorted(texts, key=lambda text: int(text.partition(" ")[0]))
