"""The validation tiles of a run under its decision and under every threshold; one pass over their maps, 2 KiB a tile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.keeping import kept_decision
from kaggle_seg.decisions.record import Decision
from kaggle_seg.decisions.rules import Rule, Threshold
from kaggle_seg.decisions.search import AT_ONCE
from kaggle_seg.decisions.validation import Validation, validation_of
from kaggle_seg.masks.maps import LEVELS, MapStore, show_progress
from kaggle_seg.masks.scores import MetricVariant, overlaps, own_variant, threshold_table
from kaggle_seg.run_directory import Run

UNDECIDED = Threshold(LEVELS // 2)  # where nothing was tuned yet


@dataclass(frozen=True)
class Measures:
    """N validation tiles under all thresholds and under the run's decision.

    Attributes:
        competition: what counts.
        validation: the tiles.
        rule: the decision; a threshold of 0.5 where there is none yet.
        decision: what was tuned for these maps; None where nothing was.
        intersection, union: int32 (N, 256), at all thresholds.
        truth_area: int64 (N,), building pixels.
        decided_intersection, decided_union: int64 (N,), of the decision's masks.
        level_sums: float64 (256,), the sum of the unrounded probabilities at each level.
    """

    competition: Competition
    validation: Validation
    rule: Rule
    decision: Decision | None
    intersection: np.ndarray
    union: np.ndarray
    truth_area: np.ndarray
    decided_intersection: np.ndarray
    decided_union: np.ndarray
    level_sums: np.ndarray

    @property
    def maximised(self) -> MetricVariant:
        """The metric variant that the decision was tuned for; the competition's own where there is none."""
        return self.decision.scores.variant if self.decision else own_variant(self.competition)

    def __len__(self) -> int:
        return len(self.union)

    def score(self, variant: MetricVariant, intersection: np.ndarray, union: np.ndarray) -> np.ndarray:
        """The score of tiles in a metric variant; float64, of the shape of both."""
        return variant.values(self.competition, intersection, union)

    def curve(self, variant: MetricVariant) -> np.ndarray:
        """The mean score at the thresholds 1/256 to 255/256, float64 (255,)."""
        return self.summed(lambda intersection, union, _: self.score(variant, intersection, union))[1:] / len(self)

    def decided_mean(self, variant: MetricVariant) -> float:
        """The mean score of the decision's masks."""
        return float(self.score(variant, self.decided_intersection, self.decided_union).mean())

    def summed(self, of: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """The sum over all tiles of what is made of them at each threshold; memory does not grow with their number.

        Args:
            of: from intersection, union and predicted pixels, int64 (n, 256), to numbers of that shape.

        Returns:
            Numbers, (256,).
        """
        sums = []
        for first in range(0, len(self), AT_ONCE):
            tiles = slice(first, first + AT_ONCE)
            intersection, union = self.intersection[tiles].astype(np.int64), self.union[tiles].astype(np.int64)
            sums.append(of(intersection, union, union - self.truth_area[tiles, None] + intersection).sum(axis=0))
        return np.sum(sums, axis=0)

    @property
    def steps(self) -> tuple[int, ...]:
        """The IoU steps that count, in twentieths; none where the competition's score has no steps."""
        return self.competition.iou_steps if self.competition.score == "iou_steps" else ()

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
        """float64 (N,), the competition score of the decision's masks; empty tiles count as it was tuned for."""
        variant = MetricVariant("competition", self.maximised.empty_tile)
        return self.score(variant, self.decided_intersection, self.decided_union)

    @property
    def decided_ious(self) -> np.ndarray:
        """float64 (N,), the IoU of the decision's masks; empty tiles count as it was tuned for."""
        variant = MetricVariant("iou", self.maximised.empty_tile)
        return self.score(variant, self.decided_intersection, self.decided_union)

    def pixels_by_level(self) -> tuple[np.ndarray, np.ndarray]:
        """How many pixels of all tiles have each level, and how many of them are buildings: int64 (256,) each."""
        predicted = self.summed(lambda _intersection, _union, predicted: predicted)
        met = self.summed(lambda intersection, _union, _predicted: intersection)
        return predicted - np.append(predicted[1:], 0), met - np.append(met[1:], 0)


def measure_runs(runs: Sequence[Run], competition: Competition, data: Path | None = None) -> Measures:
    """Measures the validation tiles of a run, or of several runs together.

    Args:
        runs: one or more that have predicted; of several the maps are averaged.
        competition: the one they are for.
        data: the folder of tiles; None: the one they were split from.

    Raises:
        BadInput: no maps are there, or the tiles are gone or others now.
    """
    validation = validation_of(runs, data)
    decision = kept_decision(runs)
    rule = decision.rule if decision else UNDECIDED
    measured: list[tuple[np.ndarray, ...]] = []
    level_sums = np.zeros(LEVELS)
    for tiles, levels, sums in show_progress(validation.maps.shards(), "report"):
        masks = np.asarray(validation.truth(tiles), bool)
        area = np.count_nonzero(masks, axis=(1, 2)).astype(np.int64)
        tables = [table.astype(np.int32) for table in threshold_table(levels, masks)]  # pixels of a tile fit
        measured.append((*tables, area, *overlaps(rule.masks(levels, sums), masks)))
        level_sums += sums.sum(axis=0, dtype=np.float64)
    intersection, union, area, met, joined = (np.concatenate(part) for part in zip(*measured, strict=True))
    return Measures(competition, validation, rule, decision, intersection, union, area, met, joined, level_sums)


def highest_levels(store: MapStore) -> np.ndarray:
    """The highest level of each tile, int (N,); its mask is empty at every threshold above.

    The sums tell it without a look at the pixels: at level k >= 1 they are above 0 just where there are pixels.
    """
    highest = np.zeros(len(store.ids), np.int64)
    for tiles, _, sums in store.shards():
        highest[tiles] = LEVELS - 1 - (np.asarray(sums)[:, ::-1] > 0).argmax(axis=1)
    return highest
