"""What must be in order before a CSV leaves this machine: the CSV, and what the competition takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kaggle_seg.remote.gate import Admission
from kaggle_seg.remote.ledger import Ledger

from .conftest import Outcome, assert_agree
from .kaggle_server import SLUG, KaggleServer

Make = Callable[..., Path]
Run = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("runs", "fault"),
    [(("7 3", "", "1 257"), "run '1 257' ends after pixel 256"), (("7 3", "nan", "1 1"), "'nan' for an empty mask")],
)
def test_a_faulty_csv_stops_before_all_else(
    runs: tuple[str, ...], fault: str, server: KaggleServer, make_csv: Make, run_submit: Run
) -> None:
    outcome = run_submit(str(make_csv(runs=runs)))
    assert outcome.code == 2 and fault in outcome.err
    assert server.requests == [] and not Ledger().path.exists()


def test_ids_that_cannot_be_checked_stop_it(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    make_csv().with_suffix(".json").unlink()
    outcome = run_submit("a.csv")
    assert outcome.code == 2 and "--data DIR" in outcome.err
    assert server.requests == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"submissionsDisabled": True}, "is closed"),
        ({"isKernelsSubmissionsOnly": True}, "code competition"),
        ({"userHasEntered": False}, f"accept its rules at https://www.kaggle.com/competitions/{SLUG}/rules"),
    ],
)
def test_a_competition_that_takes_nothing_says_so_before_the_upload(
    facts: dict[str, Any], said: str, server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    server.competition |= facts
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and said in outcome.err
    assert server.count("StartSubmissionUpload") == 0
    assert_agree(server)


def test_nothing_left_for_today_is_said_before_the_upload(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    server.daily = 0
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and "0 of 5 left today, resets 00:00 UTC" in outcome.err
    assert server.count("StartSubmissionUpload") == 0


def facts(**changes: Any) -> dict[str, Any]:
    """What the client answers about a competition that takes submissions."""
    usual = {"left": 2, "daily": 5, "total": 9, "limited_by_total": False, "deadline": None}
    return usual | {"entered": True, "disabled": False, "code_only": False} | changes


def test_what_is_left_is_told_of_a_day_or_in_total() -> None:
    assert Admission(SLUG, facts()).allowance().startswith("2 of 5 left today, resets 00:00 UTC = ")
    assert Admission(SLUG, facts(daily=0)).allowance().startswith("2 left today, ")
    assert Admission(SLUG, facts(limited_by_total=True)).allowance().startswith("2 left in total (9 made)")


def test_a_submission_after_the_deadline_is_called_late() -> None:
    assert (
        "ended on 2019-12-20: late submissions are scored" in Admission(SLUG, facts(deadline="2019-12-20T23:59:00")).late()
    )
    assert Admission(SLUG, facts(deadline="2999-12-20T23:59:00")).late() == Admission(SLUG, facts()).late() == ""
