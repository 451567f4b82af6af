"""One submission for one CSV: the same CSV again, lost answers, kills at every moment, many starts at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.remote import upload
from kaggle_seg.remote.ledger import Entry, Ledger

from .conftest import DEADLY, PROGRAM, Outcome, assert_agree, finish, start
from .kaggle_server import Fault, KaggleServer

Make = Callable[..., Path]
Run = Callable[..., Outcome]

ALWAYS = 99
POSIX = pytest.mark.skipif(os.name == "nt", reason="kills by signal")
MOMENTS = {
    "at the login": Fault("IntrospectToken"),
    "at the first look at the list": Fault("ListSubmissions"),
    "at the question for the competition": Fault("GetCompetition"),
    "before the upload": Fault("StartSubmissionUpload", 0),
    "in the middle of the file": Fault("PUT", bytes_=30),
    "when the file is there": Fault("PUT", 0, done=True),
    "before Kaggle makes the submission": Fault("CreateSubmission", 0),
    "while Kaggle makes the submission": Fault("CreateSubmission", 0, done=True),
    "at the first question for the score": Fault("GetSubmission"),
}


def test_demo_tiles_are_never_uploaded(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    outcome = run_submit(str(make_csv(demo=True)), "--yes")
    assert outcome.code == 2 and "never uploaded" in outcome.err
    assert server.requests == []


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


def test_a_lost_answer_and_a_lost_list_leave_the_row_open_and_the_next_start_finds_the_submission(
    server: KaggleServer, token: str, make_csv: Callable[..., Path], run_submit: Callable[..., Outcome]
) -> None:
    server.fail("CreateSubmission", 0, done=True)
    first_look = server.fail("ListSubmissions", None)
    server.fail("ListSubmissions", 0, times=ALWAYS)
    outcome = run_submit(str(make_csv()))
    assert outcome.code == 1 and first_look.times == 0
    assert [entry.status for entry in Ledger().entries()] == ["started"]
    server.faults.clear()
    outcome = run_submit("a.csv")
    assert outcome.code == 0 and "nothing was sent" in outcome.text
    assert server.count("CreateSubmission") == 1
    assert_agree(server)


def assert_one(server: KaggleServer) -> None:
    """A last start finds nothing to do, and there is one submission and one complete row."""
    assert len(server.submissions) == 1
    assert [entry.status for entry in Ledger().entries()] == ["complete"]
    assert_agree(server)


@POSIX
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_while_kaggle_is_asked(moment: str, server: KaggleServer, token: str, make_csv: Callable[..., Path]) -> None:
    make_csv()
    told = MOMENTS[moment]
    fault = server.fail(told.method, told.status, done=told.done, bytes_=told.bytes_, hold=threading.Event())
    with start() as process:
        assert fault.reached.wait(30)
        process.send_signal(signal.SIGKILL)
    assert fault.hold is not None
    fault.hold.set()  # what was under way takes its course, while the next start begins
    assert finish(start()) == 0
    assert_one(server)


@POSIX
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_kill_while_the_ledger_is_written(
    count: int, server: KaggleServer, token: str, make_csv: Callable[..., Path]
) -> None:
    make_csv()
    assert finish(start(DEADLY.format(count=count) + PROGRAM)) == -signal.SIGKILL
    assert finish(start()) == 0
    assert_one(server)


@POSIX
def test_a_submission_that_kaggle_makes_only_after_the_kill_is_waited_for(
    server: KaggleServer, token: str, make_csv: Callable[..., Path]
) -> None:
    make_csv()
    fault = server.fail("CreateSubmission", 0, done=True, seconds=1.0)
    with start() as process:
        assert fault.reached.wait(30)
        process.send_signal(signal.SIGKILL)
    assert finish(start(PROGRAM.replace("settling=1.5", "settling=6"))) == 0
    assert_one(server)


def test_two_starts_at_once_make_one_submission(server: KaggleServer, token: str, make_csv: Callable[..., Path]) -> None:
    make_csv()
    first, second = start(), start()
    codes = sorted((finish(first), finish(second)))
    assert codes in ([0, 0], [0, 2])  # the second one waits for the score too, or hears that there is one
    assert_one(server)


# ---- the row and its marker ------------------------------------------------------------------------------------------


@given(message=st.text(max_size=700), tag=st.from_regex(r"[0-9a-f]{12}(#[2-9])?", fullmatch=True))
def test_a_message_of_any_length_ends_with_the_marker(message: str, tag: str) -> None:
    entry = Entry(competition="c", tag=tag)
    text = upload.marked(message, entry)
    assert len(text) <= 500 and text.endswith(entry.marker)
    assert text.removesuffix(entry.marker).strip() == message[: 499 - len(entry.marker)].strip()


def test_a_row_without_a_reference_is_taken_again_and_any_other_gets_a_tag_of_its_own() -> None:
    wanted = Entry(competition="c", sha256="0123456789abcdef", message="mine")
    first, interrupted = upload.open_row([], wanted)
    assert (first.tag, first.message, interrupted) == ("0123456789ab", "mine [kseg 0123456789ab]", False)
    assert upload.open_row([first], wanted) == (first, True)
    assert upload.open_row([replace(first, status="refused")], wanted) == (first, False)
    sent = replace(first, reference="7", status="complete")
    second, interrupted = upload.open_row([sent], wanted)
    assert (second.tag, interrupted) == ("0123456789ab#2", False)
    assert upload.open_row([sent, second], wanted) == (second, True)
