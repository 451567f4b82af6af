"""The principled rule: what it is for each score, and that it stays where tuning could only follow noise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.competition import ScoreKind
from kaggle_seg.decisions.record import Estimate
from kaggle_seg.decisions.rules import CutOrEmpty, ExpectedIoUCut, Rule, Threshold
from kaggle_seg.decisions.tuning import best_by_more_than_noise, principled_rule, tune
from kaggle_seg.masks.maps import quantise
from kaggle_seg.masks.scores import MetricVariant, overlaps
from tests.decisions.noisy_tiles import EMPTY_ZERO, FIRST, OWN, SIZE, noisy_tiles, rules_of, score_of, stored, tuned


@pytest.mark.parametrize(
    ("score", "variant", "steps", "rule"),
    [
        ("iou_steps", OWN, range(10, 20), ExpectedIoUCut(0.5)),
        ("iou_steps", OWN, range(13, 20), ExpectedIoUCut(0.65)),
        ("iou_steps", EMPTY_ZERO, range(10, 20), ExpectedIoUCut(0)),
        ("iou_steps", MetricVariant("iou", "one"), range(10, 20), CutOrEmpty("iou")),
        ("iou", OWN, range(10, 20), CutOrEmpty("iou")),
        ("iou", EMPTY_ZERO, range(10, 20), ExpectedIoUCut(0)),
        ("dice", OWN, range(10, 20), CutOrEmpty("dice")),
        ("dice", MetricVariant("iou", "one"), range(10, 20), CutOrEmpty("iou")),
        ("dice", EMPTY_ZERO, range(10, 20), ExpectedIoUCut(0)),
    ],
)
def test_the_principled_rule_follows_from_the_score(
    tmp_path: Path, score: ScoreKind, variant: MetricVariant, steps: range, rule: Rule
) -> None:
    competition = replace(FIRST, score=score, iou_steps=tuple(steps))
    assert principled_rule(variant, competition) == rule
    probabilities, truth = noisy_tiles(40)
    result = tuned(tmp_path, probabilities, truth, variant=variant, competition=competition, per_cluster=1)
    assert rules_of(result)[0] == rule
    levels, sums = quantise(probabilities)
    mean = variant.values(competition, *overlaps(rule.masks(levels, sums), truth)).mean()
    assert score_of(result, 0, variant).mean == pytest.approx(mean)


@pytest.mark.parametrize("score", ["iou", "dice"])
def test_without_steps_a_doubtful_building_is_predicted_and_a_faint_one_is_not(tmp_path: Path, score: ScoreKind) -> None:
    truth = np.zeros((40, SIZE, SIZE), bool)
    truth[::2, 8:20, 8:20] = True
    probabilities = np.full(truth.shape, 0.01, np.float32)
    probabilities[::2, 4:24, 4:24] = 0.3
    probabilities[::2, 13:15, 13:15] = 0.95
    result = tuned(tmp_path, probabilities, truth, competition=replace(FIRST, score=score))
    principled = result.decision.candidates[0]
    assert isinstance(principled.rule, CutOrEmpty) and principled.empty_share == 0.5
    counted = score_of(result, 0, MetricVariant("competition", None)).mean
    assert counted == pytest.approx(144 / 400 if score == "iou" else 288 / 544)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=19), st.integers(0, 99))
def test_with_few_clusters_nothing_is_tuned(tmp_path_factory: pytest.TempPathFactory, sizes: list[int], seed: int) -> None:
    """However much a threshold would gain there."""
    probabilities, truth = noisy_tiles(sum(sizes), seed)
    names = [f"scene {scene}" for scene, size in enumerate(sizes) for _ in range(size)]
    store = stored(tmp_path_factory.mktemp("maps"), probabilities / 2)
    decision = tune(store, lambda tiles: truth[tiles], names, OWN, FIRST).decision
    assert (decision.rule, decision.reason, decision.scores.reliable) == (ExpectedIoUCut(0.5), "few clusters", False)
    assert len(decision.candidates) == 1 and decision.candidates[0].gain is not None
    assert decision.scores.effective_clusters == pytest.approx(sum(sizes) ** 2 / sum(size**2 for size in sizes))


def test_large_clusters_count_as_few(tmp_path: Path) -> None:
    """20 clusters are enough, but not if two of them hold nearly all tiles."""
    probabilities, truth = noisy_tiles(78)
    names = ["large"] * 30 + ["larger"] * 30 + [f"single {tile}" for tile in range(18)]
    decision = tune(stored(tmp_path, probabilities / 2), lambda tiles: truth[tiles], names, OWN, FIRST).decision
    assert decision.reason == "few clusters" and decision.scores.clusters == 20
    assert decision.scores.effective_clusters == pytest.approx(78**2 / 1818)


ESTIMATES = st.builds(Estimate, *[st.floats(-1, 1)] * 3)


@given(st.lists(st.tuples(st.builds(Threshold, st.integers(1, 255)), ESTIMATES), max_size=4))
def test_a_rule_is_chosen_only_if_it_beats_the_principled_one(tuned_rules: list[tuple[Threshold, Estimate]]) -> None:
    rules, leads = [ExpectedIoUCut(0.5), *(rule for rule, _ in tuned_rules)], [lead for _, lead in tuned_rules]
    place = best_by_more_than_noise(rules, leads)
    beating = [lead.mean for lead in leads if lead.low > 0]
    assert leads[place - 1].mean == max(beating) if beating else place == 0
    assert (
        best_by_more_than_noise([Threshold(128)] * (len(leads) + 1), leads) == 0
    )  # the same rule beats itself by noise alone
