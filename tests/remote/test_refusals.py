"""Every way in which Kaggle or the connection to it fails, at each step of a submission: what is said, and what is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from kaggle_seg.remote.credentials import find_credentials
from kaggle_seg.remote.ledger import Ledger
from kaggle_seg.remote.refusals import KaggleError, explain, seconds_of

from .conftest import Outcome, assert_agree
from .kaggle_server import SLUG, KaggleServer
from .situations import AFTER, BEFORE, DURING, LOST, QUOTA, Situation


@pytest.mark.parametrize("situation", [*BEFORE, *DURING, *LOST, *AFTER], ids=lambda situation: situation.name)
def test_a_failure_ends_in_plain_texts_and_a_ledger_that_agrees(
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
    for text in situation.said:
        assert text in outcome.text
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


KINDS = ("login", "missing", "upload", "refused", "garbled", "certificate", "lost", "disk", "late", "died", "unknown")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_error_has_a_message_of_one_line(kind: str) -> None:
    credentials = find_credentials({"HOME": "/nowhere", "KAGGLE_API_TOKEN": "KGAT_mine"})
    assert credentials is not None
    for step in ("import", "list", "start", "put", "create", "poll", "receive"):
        for status in (400, 401, 403, 404, 429, 500) if kind == "refused" else (0,):
            error = KaggleError(kind, step, "what was said", status)
            text = explain(error, SLUG, credentials)
            assert text and "\n" not in text and (step in ("start", "put")) == ("No submission was spent" in text)
            assert error.brief()


def test_an_error_may_have_submitted_only_where_kaggle_has_not_turned_it_down() -> None:
    assert KaggleError("lost", "create").may_have_submitted and not KaggleError("lost", "put").may_have_submitted
    statuses = {
        status: KaggleError("refused", "create", "", status).may_have_submitted for status in (400, 403, 408, 429, 504)
    }
    assert statuses == {400: False, 403: False, 408: True, 429: False, 504: True}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('{"code": 400, "message": "Bad\\n Request"}', "Bad Request"),
        (QUOTA, "Quota exceeded for quota metric"),
        ('{"error": "closed"}', "closed"),
        ("<html><b>Service</b> Unavailable</html>", "Service Unavailable"),
        ("", "as the client puts it"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_kaggles_message_is_read_from_every_shape_of_answer(body: str, wanted: str) -> None:
    assert KaggleError("refused", "list", "as the client puts it", 400, body).kaggle_said == wanted


def test_a_pause_may_be_asked_for_by_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < seconds_of(format_datetime(later, usegmt=True)) <= 90
    assert seconds_of("Wed, 18 Dec 2019 10:00:00 GMT") == seconds_of("-3") == 0
