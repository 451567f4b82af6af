"""The ledger as it is shown, brought up to date, and what advice it gives."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.remote import advice
from kaggle_seg.remote.ledger import COMPLETE, PENDING, Entry, Ledger, as_text
from kaggle_seg.submission.comparison import agreement

from .conftest import Outcome, assert_agree
from .kaggle_server import KaggleServer

COMPETITION = find_competition()

Make = Callable[..., Path]
Run = Callable[..., Outcome]


def row(number: int, local: float, public: float, **fields: str) -> Entry:
    """A scored row."""
    return Entry(
        time=f"2026-01-{number:02d}T10:00:00Z",
        file=f"submissions/{number}.csv",
        sha256=f"{number:064x}",
        tag=f"{number:012x}",
        local_score=f"{local:.5f}",
        local_low=f"{local - 0.02:.5f}",
        local_high=f"{local + 0.02:.5f}",
        local_reading="competition_one",
        reference=str(100 + number),
        status=COMPLETE,
        public_score=f"{public:.5f}",
    )


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
    assert "45 more on Kaggle" in outcome.err and "4 of 5 left, resets 00:00 UTC" in outcome.out
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


def test_the_list_advises_on_the_next_upload(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    assert run_submit(str(make_csv("a.csv", 0.39))).code == 0
    make_csv("b.csv", 0.40, runs=("7 3", "", "1 128"))
    make_csv("c.csv", 0.38, runs=("7 3", "5 1", ""))
    outcome = run_submit("--list")
    assert outcome.code == 0
    assert "next: submissions/b.csv, local score 0.4000 [0.3800, 0.4200], +0.0100 from the best uploaded" in outcome.out
    assert "is within the noise" in outcome.out
    assert f"at an IoU of {(1 + 1 + 0.5) / 3:.3f}" in outcome.out  # two masks alike, one half as large
    assert "unknown without asking Kaggle" in outcome.out
    assert "1 rows have both, too few to tell" in outcome.out


def test_a_large_gain_exceeds_the_noise(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    assert run_submit(str(make_csv("a.csv", 0.30))).code == 0
    make_csv("b.csv", 0.40, runs=("7 3", "", "1 128"))
    assert "that exceeds the noise" in run_submit("--list").out


def test_the_two_for_the_end_are_the_best_public_and_the_best_local_one() -> None:
    rows = [row(1, 0.50, 0.60), row(2, 0.55, 0.58), row(3, 0.40, 0.59)]
    assert advice.final_choice(rows) == (
        "final: choose 101 (best public score, 0.60000) and 102 (best local score of the others, 0.55000)"
    )
    assert "a second one is still to come" in advice.final_choice(rows[:1])
    assert advice.final_choice([]) == ""


def test_offset_from_three_rows_and_ranks_from_eight() -> None:
    rows = [row(number, 0.3 + 0.01 * number, 0.5 + 0.01 * number + 0.001 * (number % 2)) for number in range(1, 9)]
    assert advice.relation(advice.scored(rows[:2])) == "2 rows have both, too few to tell"
    three = advice.relation(advice.scored(rows[:3]))
    # offsets .201, .200, .201: mean .20067, deviation .00057735, times t(.975, 2) = 4.30265 over the root of 3: .00143
    assert "public is +0.2007 from local on average (95 % interval +0.1992 to +0.2021, 3 rows)" in three
    assert "3 rows are too few" in three
    assert "rank correlation +1.00" in advice.relation(advice.scored(rows))
    assert "rank correlation -1.00" in advice.relation(
        advice.scored([replace(each, public_score=str(1 - (each.number("local_score") or 0))) for each in rows])
    )


def test_readings_are_not_mixed() -> None:
    rows = [row(1, 0.5, 0.6), replace(row(2, 0.7, 0.6), local_reading="iou_one")]
    assert len(advice.local_against_public(rows)) == 2


def test_a_csv_agrees_fully_with_itself(make_csv: Make) -> None:
    path = make_csv()
    assert agreement(path, path, COMPETITION) == 1.0
    assert agreement(path, make_csv("b.csv", runs=("20 3", "1 1", "1 256")), COMPETITION) == pytest.approx(1 / 3)


# ---- the file --------------------------------------------------------------------------------------------------------


def test_an_older_ledger_reads_and_other_columns_stay(output_root: Path) -> None:
    path = output_root / "submissions" / "ledger.csv"
    path.parent.mkdir()
    path.write_text(
        "time,file,sha256,reference,mine\n2026-01-01T10:00:00Z,a.csv,abcdef0123456789,77,kept\n", encoding="utf-8"
    )
    (entry,) = Ledger().entries()
    assert (entry.tag, entry.status, entry.reference) == ("abcdef012345", PENDING, "77")
    Ledger().record(replace(entry, status=COMPLETE))
    with open(path, encoding="utf-8", newline="") as stream:
        (written,) = csv.DictReader(stream)
    assert written["mine"] == "kept" and written["status"] == "complete"


def test_a_file_that_is_no_ledger_is_left_alone(output_root: Path) -> None:
    path = output_root / "submissions" / "ledger.csv"
    path.parent.mkdir()
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no ledger"):
        Ledger().record(row(1, 0.5, 0.6))
    assert path.read_text(encoding="utf-8") == "a,b\n1,2\n"


@pytest.mark.parametrize("message", ["a, b", 'quotes " inside', "two\nlines", "ünïcode", ""])
def test_any_message_survives(message: str, output_root: Path) -> None:
    entry = replace(row(1, 0.5, 0.6), message=message)
    Ledger().record(entry)
    assert Ledger().entries() == [entry]
    assert as_text([entry]) == Ledger().path.read_bytes().decode("utf-8")


def test_many_processes_at_once_lose_no_row(output_root: Path) -> None:
    program = (
        "import sys\nfrom kaggle_seg.remote.ledger import Entry, Ledger\n"
        "for number in range(5):\n    Ledger().record(Entry(sha256='x', tag=f'{sys.argv[1]}-{number}', reference='1'))\n"
    )
    starts = [subprocess.Popen([sys.executable, "-c", program, str(each)], env=os.environ) for each in range(4)]
    assert [each.wait(60) for each in starts] == [0] * 4
    assert sorted(entry.tag for entry in Ledger().entries()) == sorted(f"{a}-{b}" for a in range(4) for b in range(5))


def test_many_rows_are_shown_in_a_moment(output_root: Path) -> None:
    draw = random.Random(3)
    Ledger().record(*(row(number, draw.random(), draw.random()) for number in range(1, 29)))
    from kaggle_seg.remote.listing import table

    assert len(table(Ledger().entries())) == 29
