"""Search among candidates: each rule in many settings, what every setting does on every tile, and which one is chosen.

All settings are measured in one pass over the maps, or two: the thresholds worth cleaning around are known only after the
first. A setting is chosen on all tiles or, cross-fitted, for the tiles of each part on those of the other parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from kaggle_seg.decisions.rules import (
    CleanedThreshold,
    CutOrEmpty,
    ExpectedIoUCut,
    Rule,
    Threshold,
    best_cuts,
    highest_probabilities,
)
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.masks.cleaning import cleaned_overlaps
from kaggle_seg.masks.maps import LEVELS, show_progress
from kaggle_seg.masks.scores import threshold_table

RuleKind = TypeVar("RuleKind", bound=Rule, covariant=True)
Cut = TypeVar("Cut", bound=ExpectedIoUCut | CutOrEmpty)
Truth = Callable[[slice], np.ndarray]
"""Gives the masks, bool or 0/1 (n, H, W), of a slice of the tiles."""
Overlaps = tuple[np.ndarray, np.ndarray]
"""Intersection and union of predicted and true masks, int64, of one shape."""
ScoreTiles = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From intersection and union to the score of each tile, float64, of the same shape."""
Choose = Callable[[np.ndarray], int]
"""From the parts that choose, bool (P,), to the column of the setting that they choose."""

MINIMUM_AREAS = (0, 16, 32, 64, 128)
MAXIMUM_HOLES = (0, 32, 128)
AT_ONCE = 1024  # tiles whose overlaps and scores in all settings are held at once
REACH = 8  # settings to either side over which a curve is smoothed before its maximum is taken
SAME = 1e-9  # scores nearer than this are equal, in whatever order a processor sums them


@dataclass(frozen=True)
class PartScores:
    """The scores of the tiles of P parts in K settings; settings are chosen by whole parts.

    Attributes:
        sums: float64 (P, K), the scores of each part's tiles, added up.
        sizes: int (P,), how many tiles each part has.
    """

    sums: np.ndarray
    sizes: np.ndarray

    def means(self, parts: np.ndarray) -> np.ndarray:
        """The mean score of a tile of some parts, bool (P,), in each setting: float64 (K,)."""
        return self.sums[parts].sum(axis=0) / self.sizes[parts].sum()


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

    def score_parts(self, score: ScoreTiles, parts: np.ndarray) -> PartScores:
        """The scores of the tiles of each part; `parts` is the part of each tile, int (N,) from 0."""
        sizes = np.bincount(parts)
        sums = np.zeros((len(sizes), len(self.rules)))
        for tiles in self._blocks():
            scores, part_of = score(*self.overlaps(tiles)), parts[tiles]
            for part in np.unique(part_of):
                sums[part] += scores[part_of == part].sum(axis=0)
        return PartScores(sums, sizes)

    def mean_scores(self, score: ScoreTiles) -> np.ndarray:
        """The mean over all tiles in each setting, float64 (K,)."""
        return self.score_parts(score, np.zeros(self.tiles, np.int64)).means(np.ones(1, bool))

    def overlaps_at(self, columns: np.ndarray) -> Overlaps:
        """The overlaps of each tile in a setting of its own, (N,); `columns`, int (N,), says which."""
        blocks = [
            [np.take_along_axis(table, columns[tiles, None], axis=1)[:, 0] for table in self.overlaps(tiles)]
            for tiles in self._blocks()
        ]
        intersection, union = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return intersection, union

    def _blocks(self) -> Iterator[slice]:
        for first in range(0, self.tiles, AT_ONCE):
            yield slice(first, min(first + AT_ONCE, self.tiles))


@dataclass(frozen=True)
class Measured:
    """What one pass over the maps measures.

    Attributes:
        intersection, union: int32 (N, 256), at all levels.
        truth_area: int64 (N,), building pixels of each tile.
        cuts: int (N,), the cut of the greatest expected IoU.
        expected: float64 (N,), that IoU.
        highest: float64 (N,), the probability of the most probable pixel.
    """

    intersection: np.ndarray
    union: np.ndarray
    truth_area: np.ndarray
    cuts: np.ndarray
    expected: np.ndarray
    highest: np.ndarray

    def thresholds(self) -> Candidates[Threshold]:
        """One threshold for all tiles: the levels 1 to 255."""
        rules = [Threshold(level) for level in range(1, LEVELS)]
        return Candidates(rules, len(self.union), whole_numbers(self.intersection[:, 1:], self.union[:, 1:]))

    def expected_iou_cuts(self) -> Candidates[ExpectedIoUCut]:
        """Each tile's own cut, with a minimum expected IoU of 0, 1/256, ... 255/256."""
        return self.tile_cuts([ExpectedIoUCut(level / LEVELS) for level in range(LEVELS)])

    def tile_cuts(self, rules: Sequence[Cut]) -> Candidates[Cut]:
        """Each tile's own cut, or nothing, as each of K rules has it."""

        def overlaps(tiles: slice) -> Overlaps:
            area = self.truth_area[tiles, None]
            # a cut of 256 is the empty mask: nothing met, and the union is the truth itself
            intersection = np.append(self.intersection[tiles], np.zeros_like(area), axis=1)
            union = np.append(self.union[tiles], area, axis=1)
            predicted = [rule.predicts(self.expected[tiles], self.highest[tiles]) for rule in rules]
            cuts = np.where(np.stack(predicted, axis=1), self.cuts[tiles, None], LEVELS)
            return np.take_along_axis(intersection, cuts, axis=1), np.take_along_axis(union, cuts, axis=1)

        return Candidates(rules, len(self.union), overlaps)


def whole_numbers(intersection: np.ndarray, union: np.ndarray) -> Callable[[slice], Overlaps]:
    """Overlaps from tables kept in 32 bits: a tile's pixels fit, their multiples need not."""
    return lambda tiles: (intersection[tiles].astype(np.int64), union[tiles].astype(np.int64))


def truth_of(masks: np.ndarray, rows: np.ndarray) -> Truth:
    """The masks of some tiles among more.

    Args:
        masks: uint8 0/1 (M, H, W), memory-mapped.
        rows: int (N,), the row of each tile.
    """
    return lambda tiles: masks[rows[tiles]]


def measure(maps: Maps, truth: Truth) -> Measured:
    """Overlaps of all thresholds and the best cuts, in one pass; memory grows by 2 KiB a tile, not by its pixels."""
    shards: list[tuple[np.ndarray, ...]] = []
    for tiles, levels, sums in show_progress(maps.shards(), "thresholds"):
        masks = np.asarray(truth(tiles), bool)
        area = np.count_nonzero(masks, axis=(1, 2)).astype(np.int64)
        tables = [table.astype(np.int32) for table in threshold_table(levels, masks)]
        shards.append((*tables, area, *best_cuts(levels, sums), highest_probabilities(levels, sums)))
    return Measured(*(np.concatenate(arrays) for arrays in zip(*shards, strict=True)))


def cleaned_thresholds(maps: Maps, truth: Truth, levels: Sequence[int]) -> Candidates[CleanedThreshold]:
    """Thresholds at some levels, each cleaned in every way of the grid; a second pass over the maps."""
    shards = []
    for tiles, shard, _ in show_progress(maps.shards(), "clean-up"):
        masks = truth(tiles)
        pairs = [cleaned_overlaps(shard >= level, masks, MINIMUM_AREAS, MAXIMUM_HOLES) for level in levels]
        tables = [np.stack(arrays, axis=1).reshape(len(shard), -1) for arrays in zip(*pairs, strict=True)]
        shards.append([table.astype(np.int32) for table in tables])
    intersection, union = (np.concatenate(arrays) for arrays in zip(*shards, strict=True))
    rules = [CleanedThreshold(level, area, hole) for level in levels for hole in MAXIMUM_HOLES for area in MINIMUM_AREAS]
    return Candidates(rules, len(union), whole_numbers(intersection, union))


def smoothed_peak(scores: PartScores) -> Choose:
    """Chooses where the mean score, averaged over the neighbouring settings, is greatest; the middle of a plateau.

    Args:
        scores: in a row of neighbouring settings.
    """
    window = np.ones(2 * REACH + 1)
    neighbours = np.convolve(np.ones(scores.sums.shape[1]), window)[REACH:-REACH]

    def choose(parts: np.ndarray) -> int:
        smooth = np.convolve(scores.means(parts), window)[REACH:-REACH] / neighbours
        best = np.flatnonzero(smooth >= smooth.max() - SAME)
        return int(best[len(best) // 2])

    return choose


def nearest_as_good(scores: PartScores, preferred: int) -> Choose:
    """Chooses, of the settings that score no less than `smoothed_peak` by more than noise, the nearest to a preferred one.

    So a tuned setting is drawn towards one that was known beforehand, the further the less certain it is. Noise is one
    standard error of the paired difference, from its scatter among the parts.

    Args:
        scores: in a row of neighbouring settings.
        preferred: the column of the setting known beforehand.

    Source: the rule of one standard error; L. Breiman, J. Friedman, R. Olshen and C. Stone, Classification and Regression
    Trees, 1984, section 3.4.3.
    """
    choose_peak = smoothed_peak(scores)

    def choose(parts: np.ndarray) -> int:
        peak, sizes = choose_peak(parts), scores.sizes[parts]
        lost = scores.sums[parts, peak][:, None] - scores.sums[parts]
        mean = lost.sum(axis=0) / sizes.sum()
        scatter = ((lost - sizes[:, None] * mean) ** 2).sum(axis=0) * len(sizes) / max(1, len(sizes) - 1)
        as_good = np.flatnonzero(mean <= np.sqrt(scatter) / sizes.sum() + SAME)
        return int(as_good[np.abs(as_good - preferred).argmin()])

    return choose


def best_near(scores: PartScores, levels: Sequence[int], levels_near: Callable[[np.ndarray], Sequence[int]]) -> Choose:
    """Chooses the greatest mean score among the settings at certain levels; of equals the first.

    Args:
        scores: in K settings.
        levels: the level of each setting, K.
        levels_near: from the parts that choose, bool (P,), to the levels among which they choose.
    """

    def choose(parts: np.ndarray) -> int:
        means = np.where(np.isin(levels, levels_near(parts)), scores.means(parts), -np.inf)
        return int(np.argmax(means >= means.max() - SAME))

    return choose


def always(column: int) -> Choose:
    """Chooses one setting, whatever the parts."""
    return lambda parts: column
