"""How fast run lengths are written and read, beside the functions usually copied from Kaggle notebooks, and pycocotools.

    python -m tests.benchmarks.run_lengths [--masks 1234]

All on one thread, from masks as they come (bool, C order) to text, and back. pycocotools writes compressed bytes of its own,
which Kaggle does not read; it wants arrays in Fortran order, and bringing them there is part of its work; it gives such
arrays back, which is taken as it is. It gets its masks one by one, in which it is faster than all at once.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from kaggle_seg.masks import rle
from tests.benchmarks.turns import Row, installed, make_parser, not_measured, run, take_turns, timed

SIDE, ROUNDS, SEED = 256, 9, 0
COCO = "pycocotools.mask"


def draw_masks(count: int) -> np.ndarray:
    """Ragged masks with about as many runs as a map of buildings gives, 235: bool (N, 256, 256), a fifth of it building."""
    rng = np.random.default_rng(SEED)
    masks = np.empty((count, SIDE, SIDE), bool)
    for mask in masks:
        ground = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE), np.float32), 30)
        mask[:] = ground > np.quantile(ground, 0.8)
        mask &= rng.random((SIDE, SIDE)) > 0.0008
    return masks


def usual_encode(mask: np.ndarray) -> str:
    """The encoder of countless Kaggle notebooks."""
    pixels = np.concatenate([[0], mask.T.flatten(), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(number) for number in runs)


def usual_decode(text: str) -> np.ndarray:
    """Its counterpart: split, then a slice for each run."""
    words = text.split()
    starts, lengths = (np.asarray(numbers, dtype=int) for numbers in (words[0::2], words[1::2]))
    pixels = np.zeros(SIDE * SIDE, np.uint8)
    for start, length in zip(starts - 1, lengths, strict=True):
        pixels[start : start + length] = 1
    return pixels.reshape(SIDE, SIDE).T


def encoders(masks: np.ndarray) -> dict[str, Callable[[], Any]]:
    """From masks to run lengths."""
    ways: dict[str, Callable[[], Any]] = {
        "np.where": lambda: [usual_encode(mask) for mask in masks],
        "rle.encode": lambda: rle.encode(masks),
    }
    if installed("pycocotools"):
        from pycocotools import mask as coco

        ways[COCO] = lambda: [coco.encode(np.asfortranarray(mask.view(np.uint8))) for mask in masks]
    return ways


def decoders(masks: np.ndarray, texts: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """Back to masks; pycocotools from its own bytes."""
    ways: dict[str, Callable[[], Any]] = {
        "split and slice": lambda: [usual_decode(text) for text in texts],
        "rle.decode_many": lambda: rle.decode_many(texts, SIDE, SIDE),
    }
    if installed("pycocotools"):
        from pycocotools import mask as coco

        encoded = [coco.encode(np.asfortranarray(mask.view(np.uint8))) for mask in masks]
        ways[COCO] = lambda: [coco.decode(one) for one in encoded]
    return ways


def compare(
    operation: str, ways: dict[str, Callable[[], Any]], wanted: Sequence[float], count: int, rounds: int
) -> list[Row]:
    """The rows of one direction: the usual way, pycocotools, and ours against both."""
    turns = take_turns({name: timed(work) for name, work in ways.items()}, rounds)
    usual, ours = list(ways)[:2]
    rows = [turns.row(operation, usual, turns.rate(usual, count, "masks"))]
    if COCO in ways:
        rows.append(turns.row(operation, COCO, turns.rate(COCO, count, "masks")))
    for against, least in zip((usual, COCO), wanted, strict=True):
        if against in ways:
            rows.append(turns.row(operation, ours, turns.rate(ours, count, "masks"), against, wanted=least))
        else:
            rows.append(not_measured(operation, ours, against=against, wanted=least))
    return rows


def rows(options: argparse.Namespace) -> list[Row]:
    """Encoding and decoding, after a check that all ways say the same."""
    count, rounds = (50, 2) if options.quick else (options.masks, ROUNDS)
    masks = draw_masks(count)
    texts = [usual_encode(mask) for mask in masks]
    assert rle.encode(masks) == texts
    assert np.array_equal(rle.decode_many(texts, SIDE, SIDE), masks)
    assert np.array_equal(np.stack([usual_decode(text) for text in texts]), masks)
    runs = statistics.mean(len(text.split()) / 2 for text in texts)
    of = f"{count} masks of {runs:.0f} runs, one thread"
    return [
        *compare(f"masks to run lengths ({of})", encoders(masks), (5, 3), count, rounds),
        *compare(f"run lengths to masks ({of})", decoders(masks, texts), (4, 2), count, rounds),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--masks", type=int, default=1234, help="how many (default: 1234)")
    return run(parser, rows, argv)


if __name__ == "__main__":
    sys.exit(main())
