"""`submit` killed at ten moments and started again: one submission on Kaggle, one complete row in the ledger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kaggle_seg.remote.ledger import Ledger

from .conftest import assert_agree
from .kaggle_server import Fault, KaggleServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills by signal")

# What a person starts, with pauses that suit a test.
PROGRAM = """
import sys
from kaggle_seg import errors, submit
from kaggle_seg.remote.trouble import Patience
sys.exit(errors.report_errors(lambda argv: submit.run(submit.Command(csv="a.csv"), Patience(settling=1.5, pause=0.05)))())
"""
# The same, which kills itself when it has written the ledger so many times: before the new file takes the old one's place.
DEADLY = """
import os, pathlib, signal
replace, left = pathlib.Path.replace, [{count}]
def deadly(self, target):
    if pathlib.Path(target).name == "ledger.csv":
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
pathlib.Path.replace = deadly
"""

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


def start(program: str = PROGRAM) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> int:
    """Waits until a process has ended by itself."""
    with process:
        said = b"".join(process.communicate(timeout=60))
    assert b"Traceback" not in said, said.decode()
    return process.returncode


def assert_one(server: KaggleServer) -> None:
    """A last start finds nothing to do, and there is one submission and one complete row."""
    assert len(server.submissions) == 1
    assert [entry.status for entry in Ledger().entries()] == ["complete"]
    assert_agree(server)


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


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_kill_while_the_ledger_is_written(
    count: int, server: KaggleServer, token: str, make_csv: Callable[..., Path]
) -> None:
    make_csv()
    assert finish(start(DEADLY.format(count=count) + PROGRAM)) == -signal.SIGKILL
    assert finish(start()) == 0
    assert_one(server)


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


def test_the_client_ends_with_the_process_that_started_it(
    server: KaggleServer, token: str, make_csv: Callable[..., Path]
) -> None:
    make_csv()
    fault = server.fail("StartSubmissionUpload", hold=threading.Event())
    with start() as process:
        assert fault.reached.wait(30)
        process.send_signal(signal.SIGKILL)
    time.sleep(0.3)
    assert fault.hold is not None
    fault.hold.set()
    time.sleep(0.3)
    assert server.count("PUT") == 0


def test_two_starts_at_once_make_one_submission(server: KaggleServer, token: str, make_csv: Callable[..., Path]) -> None:
    make_csv()
    first, second = start(), start()
    codes = sorted((finish(first), finish(second)))
    assert codes in ([0, 0], [0, 2])  # the second one waits for the score too, or hears that there is one
    assert_one(server)


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
