"""What the records say: how an interval reads, and what a provenance tells of its rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.decisions.record import Candidate, Decision, Estimate, Provenance, Scores
from kaggle_seg.decisions.rules import ExpectedIoUCut, Threshold
from kaggle_seg.masks.scores import MetricVariant


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("", "0.603 (0.581 to 0.625)"),
        (".4f", "0.6030 (0.5810 to 0.6250)"),
        ("+.4f", "+0.6030 (+0.5810 to +0.6250)"),
    ],
)
def test_an_interval_reads_the_same_everywhere(digits: str, text: str) -> None:
    estimate = Estimate(0.603, 0.581, 0.625)
    assert format(estimate, digits) == text
    assert str(estimate) == f"{estimate}" == "0.603 (0.581 to 0.625)"


@given(*[st.floats(-1, 1)] * 3)
def test_no_number_is_lost(mean: float, low: float, high: float) -> None:
    text = f"{Estimate(mean, low, high):.17g}"
    numbers = text.replace("(", "").replace(")", "").replace(" to", "").split()
    assert [float(number) for number in numbers] == [mean, low, high]


def test_a_provenance_tells_its_threshold_and_its_score() -> None:
    csv, own = Path("a.csv"), MetricVariant("competition", "one")
    nothing = Provenance(csv)
    assert (nothing.threshold, nothing.score, nothing.variant) == (None, None, None)
    assert Provenance(csv, rule=Threshold(64)).threshold == 0.25
    assert Provenance(csv, rule=ExpectedIoUCut(0.5)).threshold is None
    scored = Provenance(csv, scores=Scores(own, Estimate(0.5, 0.4, 0.6), {}))
    assert (scored.score, scored.variant) == (Estimate(0.5, 0.4, 0.6), own)


def test_the_place_of_the_chosen_rule() -> None:
    scores = Scores(MetricVariant("competition", "one"), Estimate(0.5, 0.4, 0.6), {})
    rules = ExpectedIoUCut(0.5), Threshold(64), ExpectedIoUCut(0.5)
    candidates = tuple(Candidate(rule, {}, 0.0) for rule in rules)
    places = [Decision(rule, scores, candidates, ()).place for rule in (*rules, Threshold(65))]
    assert places == [0, 1, 0, None]
