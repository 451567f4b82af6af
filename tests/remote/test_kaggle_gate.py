"""What is looked at before anything leaves: the CSV, the ledger, the credentials, the competition."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kaggle_seg.remote.ledger import Ledger

from .conftest import Outcome, assert_agree
from .kaggle_server import SLUG, KaggleServer

Make = Callable[..., Path]
Run = Callable[..., Outcome]


def test_an_upload_from_the_csv_to_the_score(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    server.polls, server.private_score = 3, "0.61000"
    outcome = run_submit(str(make_csv()), "-m", "U-Net 32, jaccard")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "reference 56000001",
        "public score 0.64797, private 0.61000; local 0.39000 [0.37000, 0.41000], public is +0.2580 from it",
    ]
    assert "5 of 5 left, resets 00:00 UTC = " in outcome.err and "late submissions only" in outcome.err
    (row,) = Ledger().entries()
    description = server.submissions[0]["description"]
    assert description == f"U-Net 32, jaccard | houses | threshold 0.418 | local 0.3900 [kseg {row.sha256[:12]}]"
    assert (row.status, row.public_score, row.private_score) == ("complete", "0.64797", "0.61000")
    assert_agree(server)


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


def test_a_refused_csv_takes_half_a_second_and_loads_neither_the_client_nor_tensorflow(home: Path, make_csv: Make) -> None:
    path = make_csv(runs=("7 3", "", "1 257"))
    program = (
        "import sys\nfrom kaggle_seg import submit\ncode = submit.main([sys.argv[1]])\n"
        "print(code, sorted({'kaggle', 'tensorflow', 'keras', 'pandas', 'scipy'} & sys.modules.keys()))"
    )
    took = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, encoding="utf-8", check=True)
        after = os.times()
        took.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert done.stdout == "2 []\n"
    assert min(took) < (0.5 if os.getloadavg()[0] < 2 else 1.0)  # a busy processor is a slow one


def test_demo_tiles_are_never_uploaded(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    outcome = run_submit(str(make_csv(demo=True)), "--yes")
    assert outcome.code == 2 and "never uploaded" in outcome.err
    assert server.requests == []


def test_a_dry_run_does_everything_but_the_upload(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    outcome = run_submit(str(make_csv()), "--dry-run")
    assert outcome.code == 0 and "5 of 5 left" in outcome.err and "nothing was uploaded" in outcome.out
    assert server.requests == ["IntrospectToken", "GetCompetition", "GetSubmissionLimits"]
    assert not Ledger().path.exists()


# ---- the same CSV again ----------------------------------------------------------------------------------------------


def test_the_same_bytes_go_up_once_whatever_the_name(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    assert run_submit(str(make_csv())).code == 0
    outcome = run_submit(str(make_csv("b.csv")))
    assert outcome.code == 2 and "reference 56000001, public score 0.64797" in outcome.err and "--again" in outcome.err
    assert len(server.submissions) == 1
    assert_agree(server)


def test_again_spends_a_second_one_with_a_row_of_its_own(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    assert run_submit(str(make_csv())).code == 0
    assert run_submit("a.csv", "--again").code == 0
    assert [entry.tag for entry in Ledger().entries()] == [(tag := Ledger().entries()[0].sha256[:12]), f"{tag}#2"]
    assert_agree(server)


def test_again_that_was_stopped_in_the_middle_needs_no_again(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    assert run_submit(str(make_csv())).code == 0
    server.fail("CreateSubmission", 0, done=True)
    server.fail("ListSubmissions", None)
    server.fail("ListSubmissions", 401)
    assert run_submit("a.csv", "--again").code == 1
    assert run_submit("a.csv").code == 0
    assert len(server.submissions) == 2
    assert_agree(server)


def test_an_upload_from_another_machine_is_found_and_not_repeated(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run
) -> None:
    assert run_submit(str(make_csv())).code == 0
    for number in range(150):  # and it is far down the list by now
        server.add(f"a teammate's {number}")
    Ledger().path.unlink()
    outcome = run_submit("a.csv")
    assert outcome.code == 0 and "nothing was sent" in outcome.err and "public score 0.64797" in outcome.out
    assert server.count("CreateSubmission") == 1
    assert_agree(server)


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


# ---- the competition -------------------------------------------------------------------------------------------------


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
    assert outcome.code == 1 and "0 of 5 left, resets 00:00 UTC" in outcome.err
    assert server.count("StartSubmissionUpload") == 0
