"""The rules that compete, each in many settings, and what every setting does on every tile.

All are measured in one pass over the maps, or two: the thresholds worth cleaning around are known only after the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np
from tqdm import tqdm

from kaggle_seg.competition import DEFAULT, Competition, EmptyTile
from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Rule, Threshold, best_cuts
from kaggle_seg.decisions.search import PartScores
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.masks.cleaning import cleaned_overlaps
from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.masks.scores import ious, scores_of, threshold_table

Score = Literal["competition", "iou"]
RuleKind = TypeVar("RuleKind", bound=Rule, covariant=True)
Truth = Callable[[slice], np.ndarray]
"""Gives the masks, bool or 0/1 (n, H, W), of a slice of the tiles."""
Overlaps = tuple[np.ndarray, np.ndarray]
"""Intersection and union of predicted and true masks, int64, of one shape."""

MINIMUM_AREAS = (0, 16, 32, 64, 128)
MAXIMUM_HOLES = (0, 32, 128)
AT_ONCE = 1024  # tiles whose overlaps and scores in all settings are held at once
SPACING = 16  # levels between the thresholds tried with cleaning


@dataclass(frozen=True)
class Objective:
    """What is to be maximised.

    Attributes:
        score: the competition score or the mean IoU, both per tile.
        empty_tile: what a tile without buildings earns for an empty prediction.
        competition: what its score counts.
    """

    score: Score = "competition"
    empty_tile: EmptyTile = DEFAULT.empty_tile
    competition: Competition = DEFAULT

    @property
    def reading(self) -> str:
        """Its name among the readings of a score, such as "competition_one"."""
        return f"{self.score}_{self.empty_tile}"

    def of(self, intersection: np.ndarray, union: np.ndarray) -> np.ndarray:
        """The score of each pair of intersection and union; float64, the same shape."""
        if self.score == "iou":
            return ious(intersection, union, self.empty_tile)
        return scores_of(self.competition, intersection, union, self.empty_tile)


@dataclass(frozen=True)
class Candidates(Generic[RuleKind]):
    """One rule in K settings, and what each does on N tiles.

    Attributes:
        rules: the K settings.
        tiles: N.
        overlaps: from a slice of the tiles to their overlaps with the truth, (n, K).
    """

    rules: Sequence[RuleKind]
    tiles: int
    overlaps: Callable[[slice], Overlaps]

    def score_parts(self, objective: Objective, parts: np.ndarray) -> PartScores:
        """What the tiles of each part earn; `parts` is the part of each tile, int (N,) from 0."""
        sizes = np.bincount(parts)
        sums = np.zeros((len(sizes), len(self.rules)))
        for tiles in self._blocks():
            scores, part_of = objective.of(*self.overlaps(tiles)), parts[tiles]
            for part in np.unique(part_of):
                sums[part] += scores[part_of == part].sum(axis=0)
        return PartScores(sums, sizes)

    def mean_scores(self, objective: Objective) -> np.ndarray:
        """The mean over all tiles in each setting, float64 (K,)."""
        return self.score_parts(objective, np.zeros(self.tiles, np.int64)).means(np.ones(1, bool))

    def overlaps_at(self, columns: np.ndarray) -> Overlaps:
        """The overlaps of each tile in a setting of its own, (N,); `columns`, int (N,), says which."""
        found = [
            [np.take_along_axis(table, columns[tiles, None], axis=1)[:, 0] for table in self.overlaps(tiles)]
            for tiles in self._blocks()
        ]
        intersection, union = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return intersection, union

    def _blocks(self) -> Iterator[slice]:
        for first in range(0, self.tiles, AT_ONCE):
            yield slice(first, min(first + AT_ONCE, self.tiles))


@dataclass(frozen=True)
class Measured:
    """What one pass over the maps finds.

    Attributes:
        intersection, union: int32 (N, 256), at all levels.
        truth_area: int64 (N,), building pixels of each tile.
        cuts: int (N,), the cut of the greatest expected IoU.
        expected: float64 (N,), that IoU.
    """

    intersection: np.ndarray
    union: np.ndarray
    truth_area: np.ndarray
    cuts: np.ndarray
    expected: np.ndarray

    def thresholds(self) -> Candidates[Threshold]:
        """One threshold for all tiles: the levels 1 to 255."""
        rules = [Threshold(level) for level in range(1, LEVELS)]
        return Candidates(rules, len(self.union), whole_numbers(self.intersection[:, 1:], self.union[:, 1:]))

    def cuts_and_silence(self) -> Candidates[ExpectedIoUCut]:
        """Each tile's own cut, silent below an expected IoU of 0, 1/256, ... 255/256."""
        silences = np.arange(LEVELS) / LEVELS

        def overlaps(tiles: slice) -> Overlaps:
            area = self.truth_area[tiles, None]
            # a cut of 256 is the empty mask: nothing met, and the union is the truth itself
            intersection = np.append(self.intersection[tiles], np.zeros_like(area), axis=1)
            union = np.append(self.union[tiles], area, axis=1)
            cuts = np.where(self.expected[tiles, None] >= silences, self.cuts[tiles, None], LEVELS)
            return np.take_along_axis(intersection, cuts, axis=1), np.take_along_axis(union, cuts, axis=1)

        return Candidates([ExpectedIoUCut(float(silence)) for silence in silences], len(self.union), overlaps)


def whole_numbers(intersection: np.ndarray, union: np.ndarray) -> Callable[[slice], Overlaps]:
    """Overlaps from tables kept in 32 bits: a tile's pixels fit, their multiples need not."""
    return lambda tiles: (intersection[tiles].astype(np.int64), union[tiles].astype(np.int64))


def measure(maps: Maps, truth: Truth) -> Measured:
    """Overlaps of all thresholds and the best cuts, in one pass; memory grows by 2 KiB a tile, not by its pixels."""
    found: list[tuple[np.ndarray, ...]] = []
    for tiles, levels, sums in progress(maps, "thresholds"):
        masks = np.asarray(truth(tiles), bool)
        area = np.count_nonzero(masks, axis=(1, 2)).astype(np.int64)
        tables = [table.astype(np.int32) for table in threshold_table(levels, masks)]
        found.append((*tables, area, *best_cuts(levels, sums)))
    return Measured(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def cleaned_thresholds(maps: Maps, truth: Truth, levels: Sequence[int]) -> Candidates[CleanedThreshold]:
    """Thresholds at some levels, each cleaned in every way of the grid; a second pass over the maps."""
    found = []
    for tiles, shard, _ in progress(maps, "clean-up"):
        masks = truth(tiles)
        pairs = [cleaned_overlaps(shard >= level, masks, MINIMUM_AREAS, MAXIMUM_HOLES) for level in levels]
        tables = [np.stack(arrays, axis=1).reshape(len(shard), -1) for arrays in zip(*pairs, strict=True)]
        found.append([table.astype(np.int32) for table in tables])
    intersection, union = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    rules = [CleanedThreshold(level, area, hole) for level in levels for hole in MAXIMUM_HOLES for area in MINIMUM_AREAS]
    return Candidates(rules, len(union), whole_numbers(intersection, union))


def levels_around(level: int) -> list[int]:
    """Five levels around one, on a lattice that neighbouring choices share, so that few are measured in all.

    >>> levels_around(107), levels_around(3)
    ([80, 96, 112, 128, 144], [1, 16, 32])
    """
    middle = round(level / SPACING)
    return sorted({min(max(SPACING * step, 1), LEVELS - 1) for step in range(middle - 2, middle + 3)})


def progress(maps: Maps, doing: str) -> tqdm:
    """The shards of the maps, with a bar on a terminal once they take over two seconds."""
    return tqdm(maps.shards(), desc=doing, unit="shard", delay=2, disable=None)
