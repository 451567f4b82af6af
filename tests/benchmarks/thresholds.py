"""How fast IoU and competition score of every tile are found at all 255 thresholds, against a loop over the thresholds.

    python tests/benchmarks/thresholds.py [TILES]

The ways take turns on the same drawn maps and must give the same numbers; a ratio is the median over the rounds.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
from scipy import ndimage

from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.masks.scores import competition_scores, ious, overlaps, threshold_table

SIDE, ROUNDS, SEED = 256, 3, 0
Scores = tuple[np.ndarray, np.ndarray]


def draw_tiles(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth levels, uint8 (N, 256, 256), and masks that agree with them more or less, bool (N, 256, 256)."""
    random = np.random.default_rng(SEED)
    levels, truth = np.empty((count, SIDE, SIDE), np.uint8), np.empty((count, SIDE, SIDE), bool)
    for tile in range(count):
        ground, noise = ndimage.gaussian_filter(random.standard_normal((2, SIDE, SIDE), np.float32), (0, 8, 8)) * 25
        levels[tile] = 255 / (1 + np.exp(-2 * ground))
        truth[tile] = ground + noise > random.uniform(0, 3)
    return levels, truth


def by_histograms(levels: np.ndarray, truth: np.ndarray) -> Scores:
    """One pass over the pixels: both scores, float64 (N, 255)."""
    intersection, union = threshold_table(levels, truth)
    return ious(intersection[:, 1:], union[:, 1:]), competition_scores(intersection[:, 1:], union[:, 1:])


def by_a_loop(levels: np.ndarray, truth: np.ndarray) -> Scores:
    """One pass over all tiles for each threshold, as it is usually written: both scores, float64 (N, 255)."""
    pairs = [overlaps(levels >= level, truth) for level in range(1, LEVELS)]
    intersection, union = np.array(pairs).transpose(1, 2, 0)
    return ious(intersection, union), competition_scores(intersection, union)


def by_a_loop_in_a_loop(levels: np.ndarray, truth: np.ndarray) -> Scores:
    """The same tile by tile, which is faster, as a tile stays in the processor's cache: float64 (N, 255)."""
    intersection, union = np.empty((2, len(levels), LEVELS - 1), np.int64)
    for tile in range(len(levels)):
        for level in range(1, LEVELS):
            mask = levels[tile] >= level
            intersection[tile, level - 1] = np.count_nonzero(mask & truth[tile])
            union[tile, level - 1] = np.count_nonzero(mask | truth[tile])
    return ious(intersection, union), competition_scores(intersection, union)


WAYS = {
    "histograms": by_histograms,
    "a loop over thresholds": by_a_loop,
    "the same, tile by tile": by_a_loop_in_a_loop,
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 765
    levels, truth = draw_tiles(count)
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        found = []
        for name, way in WAYS.items():
            started = time.perf_counter()
            found.append(way(levels, truth))
            seconds[name].append(time.perf_counter() - started)
        assert all(np.array_equal(found[0], other) for other in found[1:]), "the ways differ"
    print(f"{count} tiles of {SIDE}x{SIDE}, {LEVELS - 1} thresholds, one thread; equal results")
    for name, times in seconds.items():
        ratio = statistics.median(other / fast for fast, other in zip(seconds["histograms"], times, strict=True))
        print(f"{name:24} {statistics.median(times):8.2f} s {ratio:8.0f} times as long")


if __name__ == "__main__":
    main()
