"""Choosing the decision: three rules compete on validation tiles.

The score of each is cross-fitted: its setting is chosen on nine tenths of the units and scored on the last tenth, ten times
over, so that choosing among hundreds of settings cannot flatter it. The simplest rule wins that no other beats: one beats
another when the 95 % interval of their paired difference lies above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

import numpy as np

from kaggle_seg.competition import Competition, EmptyTile
from kaggle_seg.decisions.bootstrap import Estimate, Units
from kaggle_seg.decisions.candidates import (
    Candidates,
    Measured,
    Objective,
    Score,
    Truth,
    cleaned_thresholds,
    levels_around,
    measure,
)
from kaggle_seg.decisions.rules import Rule, Threshold, to_plain
from kaggle_seg.decisions.search import Choose, always, best_near, choosers, cross_fit, smoothed_peak
from kaggle_seg.masks.averaging import Maps


@dataclass(frozen=True)
class Contender:
    """A rule in the setting that all tiles chose, and what it earned where it was cross-fitted.

    Attributes:
        rule: the rule.
        scores: by reading, "competition_one" to "iou_buildings"; None where no tile counts.
        empty_share: share of tiles for which nothing is predicted.
        values: float64 (N,), what it earned on each tile in the reading that is maximised.
    """

    rule: Rule
    scores: dict[str, Estimate | None]
    empty_share: float
    values: np.ndarray

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {
            "decision": to_plain(self.rule),
            "threshold": self.rule.threshold,
            "words": str(self.rule),
            "scores": {name: estimate and asdict(estimate) for name, estimate in self.scores.items()},
            "empty_predictions": self.empty_share,
        }


@dataclass(frozen=True)
class Difference:
    """How much more `rule` earned than `than`, paired by tiles."""

    rule: str
    than: str
    by: Estimate


@dataclass(frozen=True)
class Tuned:
    """What tuning found.

    Attributes:
        objective: what was maximised.
        chosen: the winner.
        contenders: all rules, simplest first.
        differences: of each pair of them.
        curves: mean scores at the levels 1 to 255, float64 (255,), by reading.
        tiles, tiles_with_buildings, units: how many.
        parts: into how many parts the units were dealt; 1: there was nothing to leave out.
        reliable: whether there are units enough for the intervals to be relied on.
    """

    objective: Objective
    chosen: Contender
    contenders: tuple[Contender, ...]
    differences: tuple[Difference, ...]
    curves: dict[str, np.ndarray]
    tiles: int
    tiles_with_buildings: int
    units: int
    parts: int
    reliable: bool

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it; without the curves."""
        reading = self.chosen.plain()["scores"][self.objective.reading]
        return {
            **self.chosen.plain(),
            "score": {
                "score": self.objective.score,
                "empty_tile": self.objective.empty_tile,
                **reading,
                "units": self.units,
                "reliable": self.reliable,
            },
            "contenders": [contender.plain() for contender in self.contenders],
            "differences": [asdict(difference) for difference in self.differences],
            "tiles": self.tiles,
            "tiles_with_buildings": self.tiles_with_buildings,
            "parts": self.parts,
        }


def tune(
    maps: Maps,
    truth: Truth,
    unit_names: Sequence[str],
    objective: Objective | None = None,
    fixed: Threshold | None = None,
) -> Tuned:
    """Chooses the decision for these maps.

    Args:
        maps: of N validation tiles, at least one.
        truth: their masks.
        unit_names: the unit of each tile, N.
        objective: what to maximise; None: the competition's own score.
        fixed: score this threshold alone, and choose nothing.

    Returns:
        The winner, its rivals, their scores and the curves.
    """
    objective = objective or Objective()
    measured, units = measure(maps, truth), Units(unit_names)
    parts = units.parts()
    if fixed is None:
        entries = rivals(maps, truth, measured, parts, objective)
    else:
        entries = [(measured.thresholds(), always(fixed.level - 1))]
    contenders = tuple(compete(*entry, measured, units, objective) for entry in entries)
    chosen, differences = simplest_unbeaten(contenders, units)
    with_buildings = measured.truth_area > 0
    return Tuned(
        objective=objective,
        chosen=chosen,
        contenders=contenders,
        differences=differences,
        curves=mean_curves(measured, objective.competition),
        tiles=len(parts),
        tiles_with_buildings=int(with_buildings.sum()),
        units=units.count,
        parts=int(parts.max()) + 1,
        reliable=units.reliable,
    )


def rivals(
    maps: Maps, truth: Truth, measured: Measured, parts: np.ndarray, objective: Objective
) -> list[tuple[Candidates[Rule], Choose]]:
    """The three rules, simplest first, each in all its settings and with how to choose among them."""
    thresholds, cuts = measured.thresholds(), measured.cuts_and_silence()
    choose_level = smoothed_peak(thresholds.score_parts(objective, parts))

    def levels_near(chosen: np.ndarray) -> list[int]:
        return levels_around(thresholds.rules[choose_level(chosen)].level)

    count = int(parts.max()) + 1
    levels = sorted({level for chosen in [*choosers(count), np.ones(count, bool)] for level in levels_near(chosen)})
    cleaned = cleaned_thresholds(maps, truth, levels)
    cleaned_scores = cleaned.score_parts(objective, parts)
    return [
        (thresholds, choose_level),
        (cleaned, best_near(cleaned_scores, [rule.level for rule in cleaned.rules], levels_near)),
        (cuts, smoothed_peak(cuts.score_parts(objective, parts))),
    ]


def compete(
    candidates: Candidates[Rule], choose: Choose, measured: Measured, units: Units, objective: Objective
) -> Contender:
    """Cross-fits one rule and scores it under every reading."""
    parts = units.parts()
    intersection, union = candidates.overlaps_at(cross_fit(choose, parts))
    scores: dict[str, Estimate | None] = {}
    for score in get_args(Score):
        for empty_tile in get_args(EmptyTile):
            values = Objective(score, empty_tile, objective.competition).of(intersection, union)
            scores[f"{score}_{empty_tile}"] = units.estimate(values)
        # a tile with buildings earns the same in both readings
        scores[f"{score}_buildings"] = units.estimate(values, measured.truth_area > 0)
    predicted_area = union - measured.truth_area + intersection
    return Contender(
        rule=candidates.rules[choose(np.ones(int(parts.max()) + 1, bool))],
        scores=scores,
        empty_share=float(np.mean(predicted_area == 0)),
        values=objective.of(intersection, union),
    )


def simplest_unbeaten(contenders: Sequence[Contender], units: Units) -> tuple[Contender, tuple[Difference, ...]]:
    """The first contender that no other beats, and the paired differences of all."""
    differences, beaten = [], set()
    for later, other in enumerate(contenders):
        for earlier, one in enumerate(contenders[:later]):
            by = units.estimate(other.values - one.values)
            assert by is not None  # every tile counts
            differences.append(Difference(other.rule.name, one.rule.name, by))
            if by.low > 0:
                beaten.add(earlier)
            elif by.high < 0:
                beaten.add(later)
    # among intervals of means one contender is always unbeaten, but a percentile interval gives no such promise
    unbeaten = [contender for number, contender in enumerate(contenders) if number not in beaten]
    chosen = unbeaten[0] if unbeaten else max(contenders, key=lambda contender: float(contender.values.mean()))
    return chosen, tuple(differences)


def mean_curves(measured: Measured, competition: Competition) -> dict[str, np.ndarray]:
    """Mean scores against the threshold, by reading."""
    thresholds = measured.thresholds()
    objectives = [Objective(score, empty, competition) for score in get_args(Score) for empty in get_args(EmptyTile)]
    return {objective.reading: thresholds.mean_scores(objective) for objective in objectives}
