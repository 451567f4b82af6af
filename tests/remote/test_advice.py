"""What the ledger teaches: the next upload, the final choice, local against public scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.remote import advice
from kaggle_seg.submission.comparison import agreement

from .conftest import Outcome, row
from .kaggle_server import KaggleServer

Make = Callable[..., Path]
Run = Callable[..., Outcome]


def test_the_list_advises_on_the_next_upload(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    assert run_submit(str(make_csv("a.csv", 0.39))).code == 0
    make_csv("b.csv", 0.40, runs=("7 3", "", "1 128"))
    make_csv("c.csv", 0.38, runs=("7 3", "5 1", ""))
    outcome = run_submit("--list")
    assert outcome.code == 0
    assert (
        "next: submissions/b.csv, local score 0.4000 (0.3800 to 0.4200), +0.0100 from the best upload (submissions/a.csv)"
        in outcome.out
    )
    assert "is within the noise" in outcome.out
    assert f"at an IoU of {(1 + 1 + 0.5) / 3:.3f}" in outcome.out  # two masks alike, one half as large
    assert "submissions: unknown; add --refresh to ask Kaggle" in outcome.out
    assert "public against local score (empty tiles count 1): 1 upload has both, too few to compare" in outcome.out


def test_a_large_gain_exceeds_the_noise(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    assert run_submit(str(make_csv("a.csv", 0.30))).code == 0
    make_csv("b.csv", 0.40, runs=("7 3", "", "1 128"))
    assert "this exceeds the noise" in run_submit("--list").out


def test_the_two_for_the_end_are_the_best_public_and_the_best_local_one() -> None:
    rows = [row(1, 0.50, 0.60), row(2, 0.55, 0.58), row(3, 0.40, 0.59)]
    assert advice.final_choice(rows) == (
        "final: choose 101 (best public score, 0.60000) and 102 (best local score of the others, 0.55000)"
    )
    assert "there is no second one yet" in advice.final_choice(rows[:1])
    assert advice.final_choice([]) == ""


def test_offset_from_three_rows_and_ranks_from_eight() -> None:
    rows = [row(number, 0.3 + 0.01 * number, 0.5 + 0.01 * number + 0.001 * (number % 2)) for number in range(1, 9)]
    assert advice.relation(advice.scored(rows[:2])) == "2 uploads have both, too few to compare"
    three = advice.relation(advice.scored(rows[:3]))
    # offsets .201, .200, .201: mean .20067, deviation .00057735, times t(.975, 2) = 4.30265 over the root of 3: .00143
    assert "public minus local score is +0.2007 (+0.1992 to +0.2021) on average (95 % interval, from 3 uploads)" in three
    assert "3 uploads are too few" in three
    assert "rank correlation +1.00" in advice.relation(advice.scored(rows))
    assert "rank correlation -1.00" in advice.relation(
        advice.scored([replace(each, public_score=str(1 - (each.number("local_score") or 0))) for each in rows])
    )


def test_metric_variants_are_not_mixed() -> None:
    rows = [row(1, 0.5, 0.6), replace(row(2, 0.7, 0.6), metric_variant="iou_empty_one")]
    lines = advice.local_against_public(rows, find_competition())
    assert [line.partition(":")[0] for line in lines] == [
        "public against local IoU (empty tiles count 1)",
        "public against local score (empty tiles count 1)",
    ]


def test_a_csv_agrees_fully_with_itself(make_csv: Make) -> None:
    path = make_csv()
    assert agreement(path, path, find_competition()) == 1.0
    assert agreement(path, make_csv("b.csv", runs=("20 3", "1 1", "1 256")), find_competition()) == pytest.approx(1 / 3)
