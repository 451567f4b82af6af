"""What a run's report needs to know of its validation tiles: one pass over their maps; memory grows by 2 KiB a tile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.decisions.candidates import AT_ONCE, progress
from kaggle_seg.decisions.rules import Rule, Threshold, from_plain
from kaggle_seg.decisions.validation import Validation, validation_of
from kaggle_seg.masks.maps import LEVELS, MapStore
from kaggle_seg.masks.scores import competition_scores, ious, overlaps, threshold_table
from kaggle_seg.pages.decision import objective_of, read_decision
from kaggle_seg.run_directory import Run

UNDECIDED = Threshold(LEVELS // 2)  # where nothing was tuned yet


@dataclass(frozen=True)
class Measures:
    """N validation tiles under all thresholds and under the run's decision.

    Attributes:
        validation: the tiles.
        rule: the decision; a threshold of 0.5 where there is none yet.
        decision: what decision.json says; None where there is none of these maps.
        intersection, union: int32 (N, 256), at all thresholds.
        truth_area: int64 (N,), building pixels.
        decided_intersection, decided_union: int64 (N,), of the decision's masks.
        level_sums: float64 (256,), the sum of the unrounded probabilities at each level.
    """

    validation: Validation
    rule: Rule
    decision: dict[str, Any] | None
    intersection: np.ndarray
    union: np.ndarray
    truth_area: np.ndarray
    decided_intersection: np.ndarray
    decided_union: np.ndarray
    level_sums: np.ndarray

    @property
    def competition(self) -> Competition:
        """Whose steps count: that of the tiles, which all runs are of."""
        return DEFAULT

    def summed(self, of: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """The sum over all tiles of what is made of them at each threshold; memory does not grow with their number.

        Args:
            of: from intersection, union and predicted pixels, int64 (n, 256), to numbers of that shape.

        Returns:
            Numbers, (256,).
        """
        sums = []
        for first in range(0, len(self.union), AT_ONCE):
            tiles = slice(first, first + AT_ONCE)
            intersection, union = self.intersection[tiles].astype(np.int64), self.union[tiles].astype(np.int64)
            sums.append(of(intersection, union, union - self.truth_area[tiles, None] + intersection).sum(axis=0))
        return np.sum(sums, axis=0)

    def passed(self, step: int) -> np.ndarray:
        """How many tiles pass an IoU step, in twentieths, at each threshold: int64 (256,)."""
        return self.summed(lambda intersection, union, _: 20 * intersection > step * union)

    def empty(self) -> np.ndarray:
        """How many tiles are predicted to be empty at each threshold: int64 (256,)."""
        return self.summed(lambda _intersection, _union, predicted: predicted == 0)

    @property
    def decided_area(self) -> np.ndarray:
        """int64 (N,), pixels of the decision's masks."""
        return self.decided_union - self.truth_area + self.decided_intersection

    @property
    def decided_scores(self) -> np.ndarray:
        """float64 (N,), what the decision's masks earn, in the reading that was tuned for."""
        reading = objective_of(self.decision).empty_tile
        return competition_scores(self.decided_intersection, self.decided_union, reading, self.competition.iou_steps)

    @property
    def decided_ious(self) -> np.ndarray:
        """float64 (N,), IoU of the decision's masks; of nothing with nothing as it was tuned for."""
        return ious(self.decided_intersection, self.decided_union, objective_of(self.decision).empty_tile)

    def pixels_by_level(self) -> tuple[np.ndarray, np.ndarray]:
        """How many pixels of all tiles have each level, and how many of them are buildings: int64 (256,) each."""
        predicted = self.summed(lambda _intersection, _union, predicted: predicted)
        met = self.summed(lambda intersection, _union, _predicted: intersection)
        return predicted - np.append(predicted[1:], 0), met - np.append(met[1:], 0)


def measure_runs(runs: Sequence[Run], data: Path | None = None) -> Measures:
    """Measures the validation tiles of a run, or of several runs together.

    Args:
        runs: one or more that have predicted; of several the maps are averaged.
        data: the folder of tiles; None: the one they were split from.

    Raises:
        BadInput: no maps are there, or the tiles are gone or others now.
    """
    validation = validation_of(runs, data)
    decision = read_decision(runs)
    rule = from_plain(decision["decision"]) if decision else UNDECIDED
    found: list[tuple[np.ndarray, ...]] = []
    level_sums = np.zeros(LEVELS)
    for tiles, levels, sums in progress(validation.maps, "report"):
        masks = np.asarray(validation.truth(tiles), bool)
        area = np.count_nonzero(masks, axis=(1, 2)).astype(np.int64)
        tables = [table.astype(np.int32) for table in threshold_table(levels, masks)]  # pixels of a tile fit
        found.append((*tables, area, *overlaps(rule.masks(levels, sums), masks)))
        level_sums += sums.sum(axis=0, dtype=np.float64)
    intersection, union, area, met, joined = (np.concatenate(part) for part in zip(*found, strict=True))
    return Measures(validation, rule, decision, intersection, union, area, met, joined, level_sums)


def highest_levels(store: MapStore) -> np.ndarray:
    """The highest level of each tile, int (N,); its mask is empty at every threshold above.

    The sums tell it without a look at the pixels: at level k >= 1 they are above 0 just where there are pixels.
    """
    highest = np.zeros(len(store.ids), np.int64)
    for tiles, _, sums in store.shards():
        highest[tiles] = LEVELS - 1 - (np.asarray(sums)[:, ::-1] > 0).argmax(axis=1)
    return highest
