"""How fast run lengths are written and read, beside the functions usually copied from Kaggle notebooks; one thread.

    python tests/benchmarks/run_lengths.py [MASKS]

All ways take turns, round by round, so that a busy machine slows them alike; a ratio is the median over the rounds.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from kaggle_seg.masks import rle

SIDE, ROUNDS, SEED = 256, 9, 0


def draw_masks(count: int) -> np.ndarray:
    """Ragged masks with about as many runs as a map of buildings gives: bool (N, 256, 256), a fifth of them building."""
    rng = np.random.default_rng(SEED)
    masks = np.empty((count, SIDE, SIDE), bool)
    for mask in masks:
        ground = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE), np.float32), 14)
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


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(count: int) -> None:
    masks = draw_masks(count)
    texts = [usual_encode(mask) for mask in masks]
    assert rle.encode(masks) == texts
    assert np.array_equal(rle.decode_many(texts, SIDE, SIDE), masks)
    ways: dict[str, Callable[[], Any]] = {
        "encode, usual": lambda: [usual_encode(mask) for mask in masks],
        "encode, rle.encode": lambda: rle.encode(masks),
        "decode, usual": lambda: [usual_decode(text) for text in texts],
        "decode, rle.decode_many": lambda: rle.decode_many(texts, SIDE, SIDE),
    }
    rounds = [{name: seconds(work) for name, work in ways.items()} for _ in range(ROUNDS)]
    runs = statistics.mean(len(text.split()) / 2 for text in texts)
    print(f"{count} masks of {SIDE} x {SIDE} pixels, {runs:.0f} runs each; median of {ROUNDS} rounds\n")
    print("| way | masks/s | x usual |\n|---|---|---|")
    for name in ways:
        usual = f"{name.split(',')[0]}, usual"
        speed = count / statistics.median(taken[name] for taken in rounds)
        ratio = statistics.median(taken[usual] / taken[name] for taken in rounds)
        print(f"| {name} | {speed:,.0f} | {ratio:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1234)
