"""Every way in which Kaggle or the line to it fails, at each step of a submission: what is said, and what is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kaggle_seg.remote.ledger import Ledger
from kaggle_seg.remote.trouble import Patience

from .conftest import Clock, Outcome, assert_agree
from .kaggle_server import SLUG, KaggleServer

HTML = "<html><body>Please log in to the hotel's network</body></html>"
ALWAYS = 99


@dataclass(frozen=True)
class Situation:
    """What goes wrong, and how it must end.

    Attributes:
        name: in the test's id.
        fault: the method it meets and the arguments of `KaggleServer.fail`.
        code: the exit code.
        said: what must be said.
        submissions: how many are on Kaggle in the end.
        status: of the ledger's row; empty for no row.
        more: a second fault.
    """

    name: str
    fault: tuple[str, dict[str, Any]]
    code: int
    said: tuple[str, ...]
    submissions: int
    status: str
    more: tuple[tuple[str, dict[str, Any]], ...] = field(default=())


def refusal(status: int, words: str = "", **more: Any) -> dict[str, Any]:
    return {"status": status, "words": words, **more}


def passing(name: str, method: str, **fault: Any) -> Situation:
    """Something that passes: the submission is made, once, and scored."""
    return Situation(name, (method, fault), 0, ("trying again", "public score 0.64797"), 1, "complete")


RULES = "You cannot submit until you accept the competition rules"
DENIED = "Permission 'competitions.participate' was denied"
LIMIT = "Submission not allowed: Your team has used its daily Submission allowance (5)"
QUOTA = '{"error": {"code": 429, "message": "Quota exceeded for quota metric", "status": "RESOURCE_EXHAUSTED"}}'
RULES_PAGE = f"https://www.kaggle.com/competitions/{SLUG}/rules"

BEFORE = [
    Situation(
        "introspection-500", ("IntrospectToken", refusal(500, times=ALWAYS)), 1, ("fault of its own (500", "later"), 0, ""
    ),
    Situation("introspection-401", ("IntrospectToken", refusal(401, times=ALWAYS)), 1, ("KAGGLE_API_TOKEN", "401"), 0, ""),
    passing("introspection-500-once", "IntrospectToken", status=500, times=2),
    passing("introspection-cut", "IntrospectToken", status=0, times=2),
    Situation(
        "list-401", ("ListSubmissions", refusal(401, "Unauthorized")), 1, ("does not accept KAGGLE_API_TOKEN",), 0, ""
    ),
    Situation("list-rules", ("ListSubmissions", refusal(403, RULES)), 1, (RULES_PAGE,), 0, ""),
    passing("list-429", "ListSubmissions", status=429, words="Too many requests", headers={"Retry-After": "7"}),
    passing("list-503", "ListSubmissions", status=503, body="<html>Service Unavailable</html>"),
    passing("list-cut", "ListSubmissions", status=0),
    Situation("competition-unknown", ("GetCompetition", refusal(404, "Not found")), 1, (f"'{SLUG}'", "misspelt"), 0, ""),
    Situation("competition-denied", ("GetCompetition", refusal(403, DENIED)), 1, (DENIED, "join at " + RULES_PAGE), 0, ""),
    Situation(
        "competition-hotel",
        ("GetCompetition", {"status": 200, "body": HTML, "headers": {"Content-Type": "application/json"}}),
        1,
        ("none of Kaggle's", "login page"),
        0,
        "",
    ),
    passing("limits-500", "GetSubmissionLimits", status=500),
]
DURING = [
    Situation(
        "start-rules",
        ("StartSubmissionUpload", refusal(403, RULES)),
        1,
        (RULES_PAGE, "No submission was spent"),
        0,
        "refused",
    ),
    Situation("start-404", ("StartSubmissionUpload", refusal(404, "Not found")), 1, ("misspelt",), 0, "refused"),
    Situation("start-400", ("StartSubmissionUpload", refusal(400)), 1, ("400", "columns", RULES_PAGE), 0, "refused"),
    passing("start-429", "StartSubmissionUpload", status=429, body=QUOTA, headers={"Retry-After": "3"}),
    passing("start-500", "StartSubmissionUpload", status=500),
    passing("start-cut", "StartSubmissionUpload", status=0),
    Situation(
        "start-429-for-ever",
        ("StartSubmissionUpload", {"status": 429, "body": QUOTA, "times": ALWAYS}),
        1,
        ("fewer requests", "Quota exceeded"),
        0,
        "refused",
    ),
    passing("put-403", "PUT", status=403),
    passing("put-503", "PUT", status=503),
    Situation("put-cut", ("PUT", {"bytes_": 20}), 0, ("public score",), 1, "complete"),  # the client itself sends it again
    Situation(
        "put-403-for-ever",
        ("PUT", {"status": 403, "times": ALWAYS}),
        1,
        ("could not submit", "step 2 of 3", "No submission was spent"),
        0,
        "refused",
    ),
    Situation("create-limit", ("CreateSubmission", refusal(400, LIMIT)), 1, (LIMIT, "00:00 UTC"), 0, "refused"),
    Situation("create-400", ("CreateSubmission", refusal(400, "Bad Request")), 1, ("Bad Request", "columns"), 0, "refused"),
    Situation("create-403", ("CreateSubmission", refusal(403, DENIED)), 1, (DENIED,), 0, "refused"),
    passing("create-429", "CreateSubmission", status=429, headers={"Retry-After": "1"}),
    passing("create-500-nothing-done", "CreateSubmission", status=500),
    passing("create-cut-nothing-done", "CreateSubmission", status=0),
]
LOST = [
    Situation(
        "answer-lost", ("CreateSubmission", {"status": 0, "done": True}), 0, ("looking whether Kaggle has",), 1, "complete"
    ),
    Situation("answer-500", ("CreateSubmission", refusal(500, done=True)), 0, ("public score",), 1, "complete"),
    Situation("answer-504", ("CreateSubmission", refusal(504, done=True)), 0, ("public score",), 1, "complete"),
    Situation(
        "answer-html",
        ("CreateSubmission", {"status": 200, "body": HTML, "headers": {"Content-Type": "application/json"}, "done": True}),
        0,
        ("public score",),
        1,
        "complete",
    ),
    Situation(
        "answer-without-reference",
        ("CreateSubmission", {"status": 200, "body": '{"message": "ok"}', "done": True}),
        0,
        ("public score",),
        1,
        "complete",
    ),
    Situation(
        "answer-html-nothing-done",
        ("CreateSubmission", {"status": 200, "body": HTML, "headers": {"Content-Type": "application/json"}}),
        1,
        ("none of Kaggle's",),
        0,
        "refused",
    ),
]
AFTER = [
    Situation(
        "poll-unknown-at-first", ("GetSubmission", refusal(404, "Not found", times=2)), 0, ("public score",), 1, "complete"
    ),
    Situation("poll-500", ("GetSubmission", refusal(500, times=3)), 0, ("still waiting", "public score"), 1, "complete"),
    Situation("poll-cut", ("GetSubmission", {"status": 0}), 0, ("still waiting", "public score"), 1, "complete"),
    Situation(
        "poll-429", ("GetSubmission", {"status": 429, "headers": {"Retry-After": "9"}}), 0, ("public score",), 1, "complete"
    ),
    Situation(
        "poll-status-unheard-of",
        ("GetSubmission", {"status": 200, "body": '{"ref": 56000001, "status": "HALFWAY"}'}),
        0,
        ("public score",),
        1,
        "complete",
    ),
    Situation(
        "poll-401", ("GetSubmission", refusal(401, "Unauthorized", times=ALWAYS)), 1, ("does not accept",), 1, "pending"
    ),
]


@pytest.mark.parametrize("situation", [*BEFORE, *DURING, *LOST, *AFTER], ids=lambda situation: situation.name)
def test_a_failure_ends_in_plain_words_and_a_ledger_that_agrees(
    situation: Situation,
    server: KaggleServer,
    token: str,
    make_csv: Callable[..., Path],
    run_submit: Callable[..., Outcome],
) -> None:
    for method, fault in (situation.fault, *situation.more):
        server.fail(method, **fault)
    outcome = run_submit(str(make_csv()))
    assert outcome.code == situation.code, outcome.text
    for words in situation.said:
        assert words in outcome.text
    assert len(server.submissions) == situation.submissions
    assert [entry.status for entry in Ledger().entries()] == [situation.status] * bool(situation.status)
    assert_agree(server)


@pytest.mark.parametrize("situation", [each for each in DURING if each.code], ids=lambda situation: situation.name)
def test_a_second_start_completes_the_same_row(
    situation: Situation,
    server: KaggleServer,
    token: str,
    make_csv: Callable[..., Path],
    run_submit: Callable[..., Outcome],
) -> None:
    server.fail(situation.fault[0], **situation.fault[1])
    assert run_submit(str(make_csv())).code == 1
    server.faults.clear()
    assert run_submit("a.csv").code == 0
    assert [entry.status for entry in Ledger().entries()] == ["complete"]
    assert len(server.submissions) == 1
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


def test_retry_after_is_honoured(
    server: KaggleServer, token: str, make_csv: Callable[..., Path], run_submit: Callable[..., Outcome], clock: Clock
) -> None:
    server.fail("ListSubmissions", 429, headers={"Retry-After": "77"})
    assert run_submit(str(make_csv())).code == 0
    assert clock.time >= 77


@pytest.mark.parametrize("method", ["IntrospectToken", "PUT", "CreateSubmission"])
def test_a_silent_kaggle_is_given_up_in_time(
    method: str,
    server: KaggleServer,
    token: str,
    make_csv: Callable[..., Path],
    run_submit: Callable[..., Outcome],
    clock: Clock,
) -> None:
    quick = Patience(answer=3.0, upload=3.0, sleep=clock.sleep, clock=clock.now)
    server.fail(method, 0, hold=threading.Event())
    outcome = run_submit(str(make_csv()), patience=quick)
    assert outcome.code == 0, outcome.text
    assert len(server.submissions) == 1
    assert_agree(server)
