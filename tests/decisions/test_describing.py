"""A decision in lines that a person reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.describing import caveats, choice_line, decision_lines, headings
from kaggle_seg.decisions.record import Candidate, Decision, Estimate, Scores
from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Threshold
from kaggle_seg.masks.scores import VARIANTS, MetricVariant

FIRST = find_competition()
DICE = replace(FIRST, score="dice")
IOU = replace(FIRST, score="iou")


def decision(variant: MetricVariant = VARIANTS[0], **changes: Any) -> Decision:
    """A threshold was chosen, before a cut."""
    estimates = {one: Estimate(place / 10, 0.0, 1.0) for place, one in enumerate(VARIANTS)}
    facts = {"clusters": 24, "empty_share": 0.25, "tiles": 48, "tiles_with_buildings": 36, "parts": 10} | changes
    candidates = Candidate(Threshold(107), estimates, 0.25), Candidate(ExpectedIoUCut(0.5), dict.fromkeys(VARIANTS), 0.5)
    cut = replace(candidates[1], by_variant=estimates | {MetricVariant("competition", None): None})
    return Decision(Threshold(107), Scores(variant, estimates[variant], estimates, **facts), (candidates[0], cut), ())


def test_the_table() -> None:
    assert decision_lines(decision(), FIRST) == [
        "48 validation tiles, 36 with buildings, in 24 bootstrap clusters (scenes, groups or pieces of ids)",
        "scores are cross-fitted: each tile is scored in the setting that other clusters chose",
        "in brackets: 95 % intervals",
        "* 1  threshold 0.418",
        "  2  expected-IoU cut, empty below an expected IoU of 0.500",
        "rule                          1                       2",
        "score (empty tiles count 1)   0.000 (0.000 to 1.000)  0.000 (0.000 to 1.000)",
        "score (empty tiles count 0)   0.100                   0.100",
        "score (tiles with buildings)  0.200                   -",
        "IoU (empty tiles count 1)     0.300                   0.300",
        "empty predictions             25.0% of tiles          50.0% of tiles",
    ]


def test_three_rules_fit_into_100_characters() -> None:
    two = decision()
    cleaned = replace(two.candidates[0], rule=CleanedThreshold(107, 128, 128))
    three = replace(two, candidates=(*two.candidates, cleaned))
    assert max(map(len, decision_lines(three, FIRST))) <= 100


@pytest.mark.parametrize(
    ("competition", "variant", "expected"),
    [
        (
            DICE,
            MetricVariant("competition", "zero"),
            [
                "Dice (empty tiles count 0)",
                "Dice (empty tiles count 1)",
                "Dice (tiles with buildings)",
                "IoU (empty tiles count 0)",
            ],
        ),
        (
            DICE,
            MetricVariant("iou", "one"),
            [
                "IoU (empty tiles count 1)",
                "IoU (empty tiles count 0)",
                "IoU (tiles with buildings)",
                "Dice (empty tiles count 1)",
            ],
        ),
        (
            IOU,
            MetricVariant("competition", "one"),
            ["IoU (empty tiles count 1)", "IoU (empty tiles count 0)", "IoU (tiles with buildings)"],
        ),
    ],
)
def test_a_score_has_its_competitions_name_and_stands_there_once(
    competition: Competition, variant: MetricVariant, expected: list[str]
) -> None:
    assert headings(decision(variant), competition) == [*expected, "empty predictions"]


def test_caveats() -> None:
    assert caveats(decision()) == []
    assert "in one bootstrap cluster" in caveats(decision(parts=1))[0]
    assert caveats(decision(clusters=3, reliable=False)) == [
        "fewer than 20 bootstrap clusters (3): the intervals are unreliable"
    ]


def test_the_line_of_a_choice() -> None:
    line = choice_line(Choice(Threshold(107), decision(clusters=3, reliable=False).scores), DICE)
    assert line == (
        "decision: threshold 0.418; Dice (empty tiles count 1) 0.000 (0.000 to 1.000), unreliable (bootstrap clusters: 3)"
    )
    assert choice_line(Choice(Threshold(107), None), FIRST) == "decision: threshold 0.418; validation score unknown"
