"""The ledger and the CSVs that version 0.1.0 wrote, in today's hands: nothing is lost, nothing is uploaded twice."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from kaggle_seg.remote.ledger import COMPLETE, Ledger

from ..old_version.conftest import HERE, copy_old_version
from .conftest import Outcome, assert_agree
from .kaggle_server import KaggleServer

Run = Callable[..., Outcome]


@pytest.fixture
def old(output_root: Path, server: KaggleServer) -> Path:
    """A copy of the old folder, and Kaggle as it was left: with the upload of one CSV."""
    copy_old_version(output_root)
    (row,) = rows(output_root)
    server.add(row["message"], score="0.64797")
    server.submissions[0]["sha256"] = row["sha256"]
    return output_root


def rows(root: Path) -> list[dict[str, str]]:
    with open(root / "submissions" / "ledger.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_an_old_row_says_what_it_said(old: Path) -> None:
    (entry,) = Ledger().entries()
    assert (entry.run, entry.reference, entry.status, entry.public_score) == ("first", "56000001", COMPLETE, "0.64797")
    assert entry.number("local_score") == 0.50526


def test_an_old_csv_is_uploaded_beside_the_old_row(old: Path, server: KaggleServer, token: str, run_submit: Run) -> None:
    (before,) = rows(HERE)
    outcome = run_submit("first+second")
    assert outcome.code == 0 and "public score 0.64797" in outcome.out
    assert len(server.submissions) == 2
    assert_agree(server)
    first, second = rows(old)
    kept = before.keys() & first.keys() - {"local_reading"}
    assert {name: first[name] for name in kept} == {name: before[name] for name in kept}
    assert "local_score" in kept and second["run"] == "first + second"


def test_old_and_new_rows_are_of_one_metric_variant(old: Path, server: KaggleServer, token: str, run_submit: Run) -> None:
    """What is to be uploaded next is held against the old row: its variant has another name there, and is the same."""
    said = run_submit("--list").out
    assert (
        "next: submissions/second.csv, local score 0.6211" in said
        and "+0.1158 from the best upload (submissions/first.csv)" in said
    )
    assert run_submit("second").code == 0
    said = run_submit("--list").out
    assert "next: submissions/first-t0.420.csv" in said or "next: submissions/first+second.csv" in said
    assert "2 uploads have both" in said


def test_a_csv_of_an_old_row_is_not_uploaded_again(old: Path, server: KaggleServer, token: str, run_submit: Run) -> None:
    assert run_submit("first").code == 2
    assert run_submit("first", "--once").code == 0
    assert len(server.submissions) == 1 and len(rows(old)) == 1


def test_an_old_ledger_is_listed_and_refreshed(old: Path, server: KaggleServer, token: str, run_submit: Run) -> None:
    outcome = run_submit("--list", "--refresh")
    assert outcome.code == 0 and "0.64797" in outcome.out and "0.505" in outcome.out
    assert "next: submissions/" in outcome.out
