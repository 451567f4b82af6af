"""Tuning: three rules compete on validation tiles, and one of them is chosen.

The score of each is cross-fitted: its setting is chosen on nine tenths of the clusters and scored on the last tenth, ten
times over, so that choosing among hundreds of settings cannot flatter it. The simplest rule wins that no other beats: one
beats another when the 95 % interval of their paired difference lies above 0.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.bootstrap import BootstrapClusters
from kaggle_seg.decisions.record import Candidate, Decision, Difference, Estimate, Scores
from kaggle_seg.decisions.rules import Rule, Threshold
from kaggle_seg.decisions.search import (
    Candidates,
    Choose,
    Measured,
    Overlaps,
    ScoreTiles,
    Truth,
    always,
    best_near,
    choosers,
    cleaned_thresholds,
    cross_fit,
    levels_around,
    measure,
    smoothed_peak,
)
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.masks.scores import EVERY_TILE, VARIANTS, MetricVariant


@dataclass(frozen=True)
class Tuned:
    """What tuning came to.

    Attributes:
        decision: what was chosen, and the scores of all candidates.
        values: float64 (N,) for each candidate: its score on each tile in the variant that was maximised.
        curves: mean scores at the levels 1 to 255, float64 (255,), by metric variant; of all tiles.
        competition: whose score it is.
    """

    decision: Decision
    values: tuple[np.ndarray, ...]
    curves: dict[MetricVariant, np.ndarray]
    competition: Competition

    @property
    def chosen_values(self) -> np.ndarray:
        """The cross-fitted score of the chosen rule on each tile, float64 (N,)."""
        rules = [candidate.rule for candidate in self.decision.candidates]
        return self.values[rules.index(self.decision.rule)]


def tune(
    maps: Maps,
    truth: Truth,
    clusters: Sequence[str],
    variant: MetricVariant,
    competition: Competition,
    fixed: Threshold | None = None,
) -> Tuned:
    """Chooses the decision for these maps.

    Args:
        maps: of N validation tiles, at least one.
        truth: their masks.
        clusters: the name of each tile's bootstrap cluster, N.
        variant: what to maximise.
        competition: whose score it is.
        fixed: score this threshold alone, and choose nothing.

    Returns:
        The decision, the candidates' values and the curves.
    """
    measured, resampling = measure(maps, truth), BootstrapClusters(clusters)
    score, parts = functools.partial(variant.values, competition), resampling.parts()
    if fixed is None:
        searches = three_rules(maps, truth, measured, parts, score)
    else:
        searches = [(measured.thresholds(), always(fixed.level - 1))]
    candidates, values = [], []
    for settings, choose in searches:
        overlaps = settings.overlaps_at(cross_fit(choose, parts))
        rule = settings.rules[choose(np.ones(int(parts.max()) + 1, bool))]
        candidates.append(scored(rule, overlaps, measured.truth_area, resampling, competition))
        values.append(score(*overlaps))
    best, differences = simplest_unbeaten([candidate.rule.name for candidate in candidates], values, resampling)
    chosen = candidates[best]
    scores = Scores(
        variant=variant,
        score=known(chosen.by_variant[variant]),
        by_variant=chosen.by_variant,
        reliable=resampling.reliable,
        clusters=resampling.count,
        empty_share=chosen.empty_share,
        tiles=len(parts),
        tiles_with_buildings=int(np.count_nonzero(measured.truth_area)),
        parts=int(parts.max()) + 1,
    )
    decision = Decision(chosen.rule, scores, tuple(candidates), differences)
    return Tuned(decision, tuple(values), mean_curves(measured, competition), competition)


def three_rules(
    maps: Maps, truth: Truth, measured: Measured, parts: np.ndarray, score: ScoreTiles
) -> list[tuple[Candidates[Rule], Choose]]:
    """The three rules, simplest first, each in all its settings and with how to choose among them."""
    thresholds, cuts = measured.thresholds(), measured.expected_iou_cuts()
    choose_level = smoothed_peak(thresholds.score_parts(score, parts))

    def levels_near(chosen: np.ndarray) -> list[int]:
        return levels_around(thresholds.rules[choose_level(chosen)].level)

    count = int(parts.max()) + 1
    levels = sorted({level for chosen in [*choosers(count), np.ones(count, bool)] for level in levels_near(chosen)})
    cleaned = cleaned_thresholds(maps, truth, levels)
    choose_cleaned = best_near(cleaned.score_parts(score, parts), [rule.level for rule in cleaned.rules], levels_near)
    return [(thresholds, choose_level), (cleaned, choose_cleaned), (cuts, smoothed_peak(cuts.score_parts(score, parts)))]


def scored(
    rule: Rule, overlaps: Overlaps, truth_area: np.ndarray, clusters: BootstrapClusters, competition: Competition
) -> Candidate:
    """A rule with its scores in all metric variants.

    Args:
        rule: in the setting that all tiles chose.
        overlaps: intersection and union of each tile, int64 (N,) each, in the setting that it is scored in.
        truth_area: int64 (N,), building pixels of each tile.
        clusters: of the tiles.
        competition: whose score it is.
    """
    intersection, union = overlaps
    by_variant = {}
    for variant in VARIANTS:
        counted = truth_area > 0 if variant.empty_tile is None else None
        by_variant[variant] = clusters.estimate(variant.values(competition, intersection, union), counted)
    predicted_area = union - truth_area + intersection
    return Candidate(rule, by_variant, float(np.mean(predicted_area == 0)))


def simplest_unbeaten(
    names: Sequence[str], values: Sequence[np.ndarray], clusters: BootstrapClusters
) -> tuple[int, tuple[Difference, ...]]:
    """The place of the first candidate that no other beats, and the paired differences of all.

    Args:
        names: of the candidates' rules, simplest first.
        values: of each candidate its score on each tile, float64 (N,).
        clusters: of the tiles.
    """
    differences, beaten = [], set()
    for later, name in enumerate(names):
        for earlier in range(later):
            by = known(clusters.estimate(values[later] - values[earlier]))
            differences.append(Difference(name, names[earlier], by))
            if by.low > 0:
                beaten.add(earlier)
            elif by.high < 0:
                beaten.add(later)
    # among intervals of means one candidate is always unbeaten, but a percentile interval gives no such promise
    unbeaten = [place for place in range(len(names)) if place not in beaten]
    best = unbeaten[0] if unbeaten else max(range(len(names)), key=lambda place: float(values[place].mean()))
    return best, tuple(differences)


def mean_curves(measured: Measured, competition: Competition) -> dict[MetricVariant, np.ndarray]:
    """Mean scores of all tiles against the threshold, by metric variant."""
    thresholds = measured.thresholds()
    return {variant: thresholds.mean_scores(functools.partial(variant.values, competition)) for variant in EVERY_TILE}


def known(estimate: Estimate | None) -> Estimate:
    """An estimate over all tiles, of which there is at least one."""
    assert estimate is not None
    return estimate
