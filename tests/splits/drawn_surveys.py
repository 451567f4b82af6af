"""Surveys of tiles whose neighbours are given, for tests of what is made of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from kaggle_seg.config import SplitMethod, SplitSettings
from kaggle_seg.splits.neighbours import Links
from kaggle_seg.splits.splitting import Split, make_split
from kaggle_seg.splits.survey import Survey

NOTHING = np.empty((0, 2), np.int64)
DATA = {"root": "/tiles", "fingerprint": "f"}


def survey(
    training: Sequence[object], test: Sequence[object], pairs: Sequence[tuple[int, int]], buildings: Sequence[int] = ()
) -> Survey:
    links = Links(np.array(pairs, np.int64).reshape(-1, 2), NOTHING, NOTHING, (0,))
    built = np.array(buildings or [97 * row % 500 for row in range(len(training))], np.int64)
    return Survey(list(map(str, training)), list(map(str, test)), built, links)


def raster(rows: int, columns: int, test: set[int], seed: int = 0) -> Survey:
    """One large scene numbered row by row, in whose numbers the test tiles leave gaps."""
    training = [number for number in range(rows * columns) if number not in test]
    order = {number: row for row, number in enumerate([*training, *sorted(test)])}
    beside = [(n, n + 1) for n in range(rows * columns) if (n + 1) % columns]
    below = [(n, n + columns) for n in range((rows - 1) * columns)]
    pairs = [(order[a], order[b]) for a, b in beside + below]
    built = np.random.default_rng(seed).integers(0, 900, len(training))
    return survey(training, sorted(test), pairs, (built * (built > 250)).tolist())


def split(tiles: Survey, method: SplitMethod = "auto", **changes: object) -> Split:
    return make_split(tiles, dataclasses.replace(SplitSettings(method=method), **changes), DATA)


@st.composite
def surveys(draw: st.DrawFn, largest: int = 9, fewest: int = 8) -> Survey:
    """Tiles of scenes of one to `largest`, in any order, some of them test tiles, with any buildings."""
    sizes = draw(st.lists(st.integers(1, largest), min_size=fewest, max_size=40))
    starts = np.cumsum([0, *sizes])
    place = np.random.default_rng(draw(st.integers(0, 99))).permutation(sum(sizes))
    chains = [(place[tile], place[tile + 1]) for a, b in pairwise(starts) for tile in range(a, b - 1)]
    training = sum(sizes) - draw(st.integers(0, sum(sizes) // 5))
    buildings = draw(st.lists(st.one_of(st.just(0), st.integers(0, 65536)), min_size=training, max_size=training))
    ids = list(range(0, 3 * sum(sizes), 3)) if draw(st.booleans()) else list(range(sum(sizes)))
    return survey(ids[:training], ids[training:], chains, [*buildings])
