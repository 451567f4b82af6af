"""A decision in lines that a person reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kaggle_seg.competition import Competition, ScoreKind, find_competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.describing import candidate_rows, caveats, choice_line, decision_lines, headings, reason
from kaggle_seg.decisions.record import Candidate, Decision, Difference, Estimate, Scores
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


def with_reason(reason: str, place: int = 0) -> Decision:
    """A decision of this version among the principled rule and three tuned ones."""
    two = decision(effective_clusters=21.25)
    estimates = two.candidates[0].by_variant
    rules = ExpectedIoUCut(0.5), Threshold(107), CleanedThreshold(107, 128, 128), ExpectedIoUCut(0.375)
    candidates = tuple(Candidate(rule, estimates, 0.25, Estimate(-0.0125, -0.25, 0.125)) for rule in rules)
    leads = [Difference(rule.name, "principled rule", Estimate(0.02, 0.01, 0.03)) for rule in rules[1:]]
    return replace(two, rule=rules[place], candidates=candidates, differences=tuple(leads), reason=reason)


def test_the_table_of_an_old_record() -> None:
    assert decision_lines(decision(), FIRST) == [
        "48 validation tiles, 36 with buildings, in 24 bootstrap clusters (scenes, groups or pieces of ids)",
        "scores are cross-fitted: each tile is scored in the setting that other clusters chose",
        "all intervals are 95 % intervals",
        "* 1  threshold 0.418",
        "  2  expected-IoU cut, empty below an expected IoU of 0.500",
        "rule                          1               2",
        "score (empty tiles count 1)   0.000           0.000",
        "                              0.000 to 1.000  0.000 to 1.000",
        "score (empty tiles count 0)   0.100           0.100",
        "score (tiles with buildings)  0.200           -",
        "IoU (empty tiles count 1)     0.300           0.300",
        "empty predictions             25.0% of tiles  50.0% of tiles",
    ]


def test_the_table_says_what_each_rule_gains_and_why_one_was_chosen() -> None:
    lines = decision_lines(with_reason("unbeaten"), FIRST)
    assert lines[1] == "these clusters count as 21.2 of equal size"
    assert lines[4:8] == [
        "* 1  expected-IoU cut, empty below an expected IoU of 0.500",
        "  2  threshold 0.418",
        "  3  threshold 0.418, regions from 128 px, holes filled up to 128 px",
        "  4  expected-IoU cut, empty below an expected IoU of 0.375",
    ]
    assert lines[11].split("  ")[0] == "gain over threshold 0.5" and lines[11].split()[4:] == ["-0.013"] * 4
    assert lines[12].strip() == "  ".join(["-0.250 to +0.125"] * 4)
    assert lines[-1] == "rule 1, which follows from the score, stays: no tuned rule beats it by more than noise"


@pytest.mark.parametrize("score", ["iou_steps", "iou", "dice"])
def test_four_rules_fit_into_100_characters(score: ScoreKind) -> None:
    for told, place in (("unbeaten", 0), ("few clusters", 0), ("better", 3)):
        assert max(map(len, decision_lines(with_reason(told, place), replace(FIRST, score=score)))) <= 100


def test_the_reason_is_told_in_one_sentence() -> None:
    assert reason(with_reason("better", 2)) == [
        "rule 3 beats rule 1, which follows from the score, by more than noise: +0.020 (+0.010 to +0.030)"
    ]
    (few,) = reason(replace(with_reason("few clusters"), differences=()))
    assert few == "rule 1, which follows from the score, stays: with so few bootstrap clusters nothing is tuned"
    assert reason(decision()) == reason(with_reason("of a later version")) == []
    assert reason(replace(with_reason("unbeaten"), candidates=())) == []


def test_in_a_report_an_interval_stands_beside_its_mean() -> None:
    (chosen, cells), *_ = candidate_rows(with_reason("unbeaten"), FIRST)
    assert chosen and cells[1:3] == ["0.000 (0.000 to 1.000)", "-0.013 (-0.250 to +0.125)"]
    assert headings(with_reason("unbeaten"), FIRST)[1] == "gain over threshold 0.5"


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
    assert caveats(decision(clusters=20, effective_clusters=2.72, reliable=False)) == [
        "20 bootstrap clusters count as only 2.7 of equal size, fewer than 10: the intervals are unreliable"
    ]


def test_the_line_of_a_choice() -> None:
    line = choice_line(Choice(Threshold(107), decision(clusters=3, reliable=False).scores), DICE)
    assert line == (
        "decision: threshold 0.418; Dice (empty tiles count 1) 0.000 (0.000 to 1.000); fewer than 20 bootstrap "
        "clusters (3): the intervals are unreliable"
    )
    assert choice_line(Choice(Threshold(107), None), FIRST) == "decision: threshold 0.418; validation score unknown"
