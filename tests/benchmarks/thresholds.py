"""How fast IoU and competition score of every tile are found at all 255 thresholds, against a loop over the thresholds; and
how long a decision takes: all rules compared on stored maps, then the masks and run lengths of as many tiles.

    python -m tests.benchmarks.thresholds [--tiles 765] [--decided 1234]

The ways that find scores work on the same drawn maps, on one thread, and must give the same numbers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.tuning import tune
from kaggle_seg.masks.maps import LEVELS, MapStore, quantise
from kaggle_seg.masks.scores import competition_scores, ious, overlaps, own_variant, threshold_table
from kaggle_seg.submission.deciding import run_lengths_of
from tests.benchmarks.turns import Row, make_parser, run, take_turns, timed

SIDE, ROUNDS, SEED = 256, 3, 0
PER_CLUSTER, MOST_SECONDS = 12, 10
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


def both_scores(intersection: np.ndarray, union: np.ndarray) -> Scores:
    return ious(intersection, union, "one"), competition_scores(intersection, union, "one", range(10, 20))


def by_histograms(levels: np.ndarray, truth: np.ndarray) -> Scores:
    """One pass over the pixels: both scores, float64 (N, 255)."""
    intersection, union = threshold_table(levels, truth)
    return both_scores(intersection[:, 1:], union[:, 1:])


def by_a_loop(levels: np.ndarray, truth: np.ndarray) -> Scores:
    """One pass over all tiles for each threshold, as it is usually written: both scores, float64 (N, 255)."""
    pairs = [overlaps(levels >= level, truth) for level in range(1, LEVELS)]
    intersection, union = np.array(pairs).transpose(1, 2, 0)
    return both_scores(intersection, union)


def by_a_loop_in_a_loop(levels: np.ndarray, truth: np.ndarray) -> Scores:
    """The same tile by tile, which is faster, as a tile stays in the processor's cache: float64 (N, 255)."""
    intersection, union = np.empty((2, len(levels), LEVELS - 1), np.int64)
    for tile in range(len(levels)):
        for level in range(1, LEVELS):
            mask = levels[tile] >= level
            intersection[tile, level - 1] = np.count_nonzero(mask & truth[tile])
            union[tile, level - 1] = np.count_nonzero(mask | truth[tile])
    return both_scores(intersection, union)


OURS, PLAIN, BY_TILES = "histograms", "a loop over thresholds", "a loop over tiles and thresholds"
WAYS = {OURS: by_histograms, PLAIN: by_a_loop, BY_TILES: by_a_loop_in_a_loop}


def rows(options: argparse.Namespace) -> list[Row]:
    """All ways in turns, and a look at whether they found the same."""
    count, rounds = (20, 1) if options.quick else (options.tiles, ROUNDS)
    levels, truth = draw_tiles(count)
    found: dict[str, Scores] = {}

    def work(name: str) -> Callable[[], None]:
        return lambda: found.update({name: WAYS[name](levels, truth)})

    turns = take_turns({name: timed(work(name)) for name in WAYS}, rounds)
    assert all(np.array_equal(found[OURS], scores) for scores in found.values()), "the ways differ"
    operation = f"scores at {LEVELS - 1} thresholds ({count} tiles)"
    return [
        turns.row(operation, PLAIN),
        turns.row(operation, BY_TILES),
        turns.row(operation, OURS, against=PLAIN, wanted=100, note="equal results"),
        turns.row(operation, OURS, against=BY_TILES),
        decision_row(20 if options.quick else options.decided),
    ]


def decision_row(count: int) -> Row:
    """The seconds from the stored maps of N validation tiles to the run lengths of as many tiles."""
    levels, truth = draw_tiles(count)
    ids, competition = [str(number) for number in range(count)], find_competition()
    clusters = [f"scene {number // PER_CLUSTER}" for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        store = MapStore.create(Path(folder), ids, ids, SIDE, SIDE)
        for shard, tiles in enumerate(store.missing_shards()):
            store.write_shard(shard, *quantise((levels[tiles] + np.float32(0.5)) / LEVELS))
        started = time.perf_counter()
        tuned = tune(store, lambda tiles: truth[tiles], clusters, own_variant(competition), competition)
        run_lengths_of(store, tuned.decision.rule, competition)
        seconds = time.perf_counter() - started
    operation, way = f"the decision ({count} validation tiles, {count} test tiles)", "tune and decide"
    return Row(operation, way, f"{seconds:.1f} s", value=seconds, unit="s", wanted=MOST_SECONDS, at_most=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--tiles", type=int, default=765, help="how many are scored (default: 765)")
    parser.add_argument("--decided", type=int, default=1234, help="how many are decided (default: 1234)")
    return run(parser, rows, argv)


if __name__ == "__main__":
    sys.exit(main())
