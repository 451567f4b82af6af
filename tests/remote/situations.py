"""What can go wrong at each step of a submission, and how it must end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .kaggle_server import SLUG

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


def refusal(status: int, message: str = "", **more: Any) -> dict[str, Any]:
    return {"status": status, "message": message, **more}


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
        "introspection-500", ("IntrospectToken", refusal(500, times=ALWAYS)), 1, ("internal error (500", "later"), 0, ""
    ),
    Situation("introspection-401", ("IntrospectToken", refusal(401, times=ALWAYS)), 1, ("KAGGLE_API_TOKEN", "401"), 0, ""),
    passing("introspection-500-once", "IntrospectToken", status=500, times=2),
    passing("introspection-cut", "IntrospectToken", status=0, times=2),
    Situation(
        "list-401", ("ListSubmissions", refusal(401, "Unauthorized")), 1, ("does not accept KAGGLE_API_TOKEN",), 0, ""
    ),
    Situation("list-rules", ("ListSubmissions", refusal(403, RULES)), 1, (RULES_PAGE,), 0, ""),
    passing("list-429", "ListSubmissions", status=429, message="Too many requests", headers={"Retry-After": "7"}),
    passing("list-503", "ListSubmissions", status=503, body="<html>Service Unavailable</html>"),
    passing("list-cut", "ListSubmissions", status=0),
    Situation("competition-unknown", ("GetCompetition", refusal(404, "Not found")), 1, (f"'{SLUG}'", "misspelt"), 0, ""),
    Situation("competition-denied", ("GetCompetition", refusal(403, DENIED)), 1, (DENIED, "join at " + RULES_PAGE), 0, ""),
    Situation(
        "competition-hotel",
        ("GetCompetition", {"status": 200, "body": HTML, "headers": {"Content-Type": "application/json"}}),
        1,
        ("not one of Kaggle's", "login page"),
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
        ("did not reach Kaggle's storage", "step 2 of 3", "No submission was spent"),
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
        "answer-lost", ("CreateSubmission", {"status": 0, "done": True}), 0, ("checking whether Kaggle has",), 1, "complete"
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
        ("not one of Kaggle's",),
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
