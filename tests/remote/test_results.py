"""What became of the uploads: waiting for a score, and the ledger brought up to date and shown."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from kaggle_seg.remote.ledger import PENDING, Ledger
from kaggle_seg.remote.results import table

from .conftest import Outcome, assert_agree, row, start
from .kaggle_server import KaggleServer

Make = Callable[..., Path]
Run = Callable[..., Outcome]


def test_waiting_can_be_taken_up_later(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    outcome = run_submit(str(make_csv()), "--no-wait")
    assert outcome.code == 0 and outcome.out == "reference 56000001\n"
    assert Ledger().entries()[0].status == "pending"
    outcome = run_submit("--wait", "56000001")
    assert outcome.code == 0 and "public score 0.64797" in outcome.out
    assert_agree(server)
    assert run_submit("--wait", "7").code == 2


def test_a_score_that_does_not_come_ends_the_wait(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    server.polls = 10**6
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and "submit --wait 56000001" in outcome.err
    assert 20 < server.count("GetSubmission") < 90  # an hour, with pauses that grow to a minute
    assert_agree(server)


def test_a_submission_that_kaggle_cannot_score_says_why(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    server.error = "Evaluation exception\nRequired column 'EncodedPixels' could not be found"
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and "Required column 'EncodedPixels' could not be found" in outcome.err
    assert Ledger().entries()[0].status == "error"
    assert_agree(server)


def test_a_score_may_stay_hidden(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    server.public_score = ""
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 0 and "no public score" in outcome.out
    assert_agree(server)


@pytest.mark.skipif(os.name == "nt", reason="stops by signal")
def test_ctrl_c_while_waiting_loses_nothing(server: KaggleServer, token: str, make_csv: Callable[..., Path]) -> None:
    make_csv()
    server.polls = 10**6
    server_asked = server.fail("GetSubmission")
    with start() as process:
        assert server_asked.reached.wait(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"reference 56000001" in out and b"submit --wait 56000001" in err
    assert [entry.status for entry in Ledger().entries()] == ["pending"]


def test_an_empty_ledger(home: Path, run_submit: Run) -> None:
    outcome = run_submit("--list")
    assert outcome.code == 0 and "nothing was uploaded yet" in outcome.out


def test_refresh_pages_through_all_submissions(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    assert run_submit(str(make_csv()), "--no-wait").code == 0
    for number in range(45):
        server.add(f"a teammate's {number}")
    assert Ledger().entries()[0].status == PENDING
    server.asked[56000001] = 1
    outcome = run_submit("--list", "--refresh")
    assert outcome.code == 0
    assert server.count("ListSubmissions") == 1 + 3
    assert (
        "45 more submissions on Kaggle are not in the ledger" in outcome.err
        and "4 of 5 left today, resets 00:00 UTC" in outcome.out
    )
    assert "+0.2580" in outcome.out and Ledger().entries()[0].public_score == "0.64797"
    assert_agree(server)


def test_refresh_finds_the_submission_of_a_row_that_stayed_open(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    server.fail("CreateSubmission", 0, done=True)
    server.fail("ListSubmissions", None)
    server.fail("ListSubmissions", 401)
    assert run_submit(str(make_csv())).code == 1
    assert run_submit("--list", "--refresh").code == 0
    assert Ledger().entries()[0].reference == "56000001"
    assert_agree(server)


def test_many_rows_are_shown_in_a_moment(output_root: Path) -> None:
    draw = random.Random(3)
    Ledger().record(*(row(number, draw.random(), draw.random()) for number in range(1, 29)))
    assert len(table(Ledger().entries())) == 29
