"""Tuning: which rule makes masks of these maps, decided on validation tiles.

The principled rule follows from the score, without any tuning (`principled_rule`). Three tuned rules compete with it: one
threshold, a threshold with clean-up, and another minimum expected IoU. Their scores are cross-fitted: a setting is chosen on
nine tenths of the clusters and scored on the last tenth, ten times over, so that choosing among hundreds of settings cannot
flatter it. A tuned rule replaces the principled one only where it beats it: where the 95 % interval of their paired
difference lies above 0. With too few clusters for such an interval nothing is tuned.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.bootstrap import BootstrapClusters, choosers, cross_fit
from kaggle_seg.decisions.record import Candidate, Decision, Difference, Estimate, Scores
from kaggle_seg.decisions.rules import CutOrEmpty, ExpectedIoUCut, Rule, Threshold
from kaggle_seg.decisions.search import (
    Candidates,
    Choose,
    Measured,
    Overlaps,
    ScoreTiles,
    Truth,
    always,
    best_near,
    cleaned_thresholds,
    measure,
    nearest_as_good,
    smoothed_peak,
)
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.masks.scores import EVERY_TILE, VARIANTS, MetricVariant

SPACING = 16  # levels between the thresholds tried with cleaning
HALF = Threshold(LEVELS // 2)  # the gain of each rule is over threshold 0.5


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
        place = self.decision.place
        assert place is not None  # tuning chooses one of its candidates
        return self.values[place]


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
    half = score(*measured.thresholds().overlaps_at(np.full(len(parts), HALF.level - 1)))
    candidates, values = [], []
    for settings, choose in searches(maps, truth, measured, resampling, principled_rule(variant, competition), score, fixed):
        overlaps = settings.overlaps_at(cross_fit(choose, parts))
        rule = settings.rules[choose(np.ones(int(parts.max()) + 1, bool))]
        values.append(score(*overlaps))
        gain = resampling.estimate(values[-1] - half)
        candidates.append(scored(rule, overlaps, gain, measured.truth_area, resampling, competition))
    leads = [known(resampling.estimate(value - values[0])) for value in values[1:]]
    best = best_by_more_than_noise([candidate.rule for candidate in candidates], leads)
    decision = Decision(
        rule=candidates[best].rule,
        scores=scores_of(candidates[best], variant, measured, resampling),
        candidates=tuple(candidates),
        differences=tuple(
            Difference(one.rule.name, "principled rule", lead) for one, lead in zip(candidates[1:], leads, strict=True)
        ),
        reason="" if fixed else "better" if best else "unbeaten" if leads else "few clusters",
    )
    return Tuned(decision, tuple(values), mean_curves(measured, competition), competition)


def principled_rule(variant: MetricVariant, competition: Competition) -> ExpectedIoUCut | CutOrEmpty:
    """The rule that follows from a score alone: each tile's cut of the greatest expected score.

    The IoU and the Dice coefficient have the same such cut, see `rules.best_cuts`; it also serves a score in IoU steps,
    which rises with the IoU. A tile is left empty only where an empty tile counts at all. In steps, a mask that should miss
    the first one scores nothing, so an empty one has nothing to lose. An IoU or a Dice coefficient always scores something,
    and gives way to the empty mask only where that should score more.

    >>> principled_rule(MetricVariant("competition", "one"), Competition("houses"))
    ExpectedIoUCut(minimum_expected_iou=0.5)
    >>> principled_rule(MetricVariant("competition", "zero"), Competition("houses"))
    ExpectedIoUCut(minimum_expected_iou=0.0)
    >>> principled_rule(MetricVariant("competition", "one"), Competition("houses", score="dice"))
    CutOrEmpty(score='dice')
    """
    kind = variant.kind(competition)
    if variant.empty_tile != "one":
        return ExpectedIoUCut(0.0)
    return ExpectedIoUCut(min(competition.iou_steps) / 20) if kind == "iou_steps" else CutOrEmpty(kind)


def searches(
    maps: Maps,
    truth: Truth,
    measured: Measured,
    clusters: BootstrapClusters,
    principled: ExpectedIoUCut | CutOrEmpty,
    score: ScoreTiles,
    fixed: Threshold | None,
) -> list[tuple[Candidates[Rule], Choose]]:
    """The candidates, each in all its settings and with how to choose among them: the principled rule comes first."""
    if fixed is not None:
        return [(measured.thresholds(), always(fixed.level - 1))]
    alone: list[tuple[Candidates[Rule], Choose]] = [(measured.tile_cuts([principled]), always(0))]
    return [*alone, *tuned_rules(maps, truth, measured, clusters.parts(), principled, score)] if clusters.reliable else alone


def tuned_rules(
    maps: Maps,
    truth: Truth,
    measured: Measured,
    parts: np.ndarray,
    principled: ExpectedIoUCut | CutOrEmpty,
    score: ScoreTiles,
) -> list[tuple[Candidates[Rule], Choose]]:
    """The three tuned rules, simplest first; a minimum expected IoU is drawn towards the principled one."""
    thresholds, cuts = measured.thresholds(), measured.expected_iou_cuts()
    choose_level = smoothed_peak(thresholds.score_parts(score, parts))

    def levels_near(chosen: np.ndarray) -> list[int]:
        return levels_around(thresholds.rules[choose_level(chosen)].level)

    count = int(parts.max()) + 1
    levels = sorted({level for chosen in [*choosers(count), np.ones(count, bool)] for level in levels_near(chosen)})
    cleaned = cleaned_thresholds(maps, truth, levels)
    choose_cleaned = best_near(cleaned.score_parts(score, parts), [rule.level for rule in cleaned.rules], levels_near)
    by_minimum = cuts.score_parts(score, parts)
    if isinstance(principled, ExpectedIoUCut):
        choose_minimum = nearest_as_good(by_minimum, round(principled.minimum_expected_iou * LEVELS))
    else:
        choose_minimum = smoothed_peak(by_minimum)
    return [(thresholds, choose_level), (cleaned, choose_cleaned), (cuts, choose_minimum)]


def levels_around(level: int) -> list[int]:
    """Five levels around one, on a lattice that neighbouring choices share, so that few are measured in all.

    >>> levels_around(107), levels_around(3)
    ([80, 96, 112, 128, 144], [1, 16, 32])
    """
    middle = round(level / SPACING)
    return sorted({min(max(SPACING * step, 1), LEVELS - 1) for step in range(middle - 2, middle + 3)})


def scored(
    rule: Rule,
    overlaps: Overlaps,
    gain: Estimate | None,
    truth_area: np.ndarray,
    clusters: BootstrapClusters,
    competition: Competition,
) -> Candidate:
    """A rule with its scores in all metric variants.

    Args:
        rule: in the setting that all tiles chose.
        overlaps: intersection and union of each tile, int64 (N,) each, in the setting that it is scored in.
        gain: over threshold 0.5.
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
    return Candidate(rule, by_variant, float(np.mean(predicted_area == 0)), gain)


def scores_of(chosen: Candidate, variant: MetricVariant, measured: Measured, clusters: BootstrapClusters) -> Scores:
    """The scores of the chosen rule, and the tiles they are of."""
    return Scores(
        variant=variant,
        score=known(chosen.by_variant[variant]),
        by_variant=chosen.by_variant,
        reliable=clusters.reliable,
        clusters=clusters.count,
        empty_share=chosen.empty_share,
        tiles=len(measured.truth_area),
        tiles_with_buildings=int(np.count_nonzero(measured.truth_area)),
        parts=int(clusters.parts().max()) + 1,
        effective_clusters=clusters.effective,
    )


def best_by_more_than_noise(rules: Sequence[Rule], leads: Sequence[Estimate]) -> int:
    """The place of the rule that is chosen: the principled one's, or that of the best of those that beat it.

    Args:
        rules: the principled one, then the tuned ones; one that came to the principled one's setting is that rule.
        leads: what each tuned rule scores more than the principled one.
    """
    better = [place for place, lead in enumerate(leads, start=1) if lead.low > 0 and rules[place] != rules[0]]
    return max(better, key=lambda place: leads[place - 1].mean, default=0)


def mean_curves(measured: Measured, competition: Competition) -> dict[MetricVariant, np.ndarray]:
    """Mean scores of all tiles against the threshold, by metric variant."""
    thresholds = measured.thresholds()
    return {variant: thresholds.mean_scores(functools.partial(variant.values, competition)) for variant in EVERY_TILE}


def known(estimate: Estimate | None) -> Estimate:
    """An estimate over all tiles."""
    assert estimate is not None  # there is at least one tile
    return estimate
