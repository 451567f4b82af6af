"""The rules that compete, each in many settings, and what every setting does on every tile.

All are measured in one pass over the maps, or two: the thresholds worth cleaning around are known only after the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np
from tqdm import tqdm

from kaggle_seg.competition import DEFAULT, Competition, EmptyTile
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.masks.cleaning import cleaned_overlaps
from kaggle_seg.masks.decisions import CleanedThreshold, ExpectedIoUCut, Rule, Threshold, best_cuts
from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.masks.scores import ious, scores_of, threshold_table

Score = Literal["competition", "iou"]
RuleKind = TypeVar("RuleKind", bound=Rule, covariant=True)
Truth = Callable[[slice], np.ndarray]
"""Gives the masks, bool or 0/1 (n, H, W), of a slice of the tiles."""

MINIMUM_AREAS = (0, 16, 32, 64, 128)
MAXIMUM_HOLES = (0, 32, 128)
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
    """One rule in K settings, and its overlaps with the truth on N tiles.

    Attributes:
        rules: the K settings.
        intersection, union: int64 (N, K).
    """

    rules: Sequence[RuleKind]
    intersection: np.ndarray
    union: np.ndarray

    def scores(self, objective: Objective) -> np.ndarray:
        """float64 (N, K)."""
        return objective.of(self.intersection, self.union)


@dataclass(frozen=True)
class Measured:
    """What one pass over the maps finds.

    Attributes:
        intersection, union: int64 (N, 256), at all levels.
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
        return Candidates(rules, self.intersection[:, 1:], self.union[:, 1:])

    def cuts_and_silence(self) -> Candidates[ExpectedIoUCut]:
        """Each tile's own cut, silent below an expected IoU of 0, 1/256, ... 255/256."""
        silences = np.arange(LEVELS) / LEVELS
        # a cut of 256 is the empty mask: nothing met, and the union is the truth itself
        intersection = np.append(self.intersection, np.zeros_like(self.truth_area)[:, None], axis=1)
        union = np.append(self.union, self.truth_area[:, None], axis=1)
        cuts = np.where(self.expected[:, None] >= silences, self.cuts[:, None], LEVELS)
        return Candidates(
            [ExpectedIoUCut(float(silence)) for silence in silences],
            np.take_along_axis(intersection, cuts, axis=1),
            np.take_along_axis(union, cuts, axis=1),
        )


def measure(maps: Maps, truth: Truth) -> Measured:
    """Overlaps of all thresholds and the best cuts, in one pass; memory grows by 4 KiB a tile, not by its pixels."""
    found: list[tuple[np.ndarray, ...]] = []
    for tiles, levels, sums in progress(maps, "thresholds"):
        masks = np.asarray(truth(tiles), bool)
        area = np.count_nonzero(masks, axis=(1, 2)).astype(np.int64)
        found.append((*threshold_table(levels, masks), area, *best_cuts(levels, sums)))
    return Measured(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def cleaned_thresholds(maps: Maps, truth: Truth, levels: Sequence[int]) -> Candidates[CleanedThreshold]:
    """Thresholds at some levels, each cleaned in every way of the grid; a second pass over the maps."""
    found = []
    for tiles, shard, _ in progress(maps, "clean-up"):
        masks = truth(tiles)
        pairs = [cleaned_overlaps(shard >= level, masks, MINIMUM_AREAS, MAXIMUM_HOLES) for level in levels]
        found.append([np.stack(arrays, axis=1).reshape(len(shard), -1) for arrays in zip(*pairs, strict=True)])
    intersection, union = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    rules = [CleanedThreshold(level, area, hole) for level in levels for hole in MAXIMUM_HOLES for area in MINIMUM_AREAS]
    return Candidates(rules, intersection, union)


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
