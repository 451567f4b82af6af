"""The ledger's file: older versions of it, other people's columns, many writers at once."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kaggle_seg.competition import FIRST, find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.remote.ledger import COMPLETE, PENDING, Ledger, as_text

from .conftest import row


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
    with pytest.raises(BadInput, match="not a ledger"):
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
        "import sys\nfrom kaggle_seg.remote.ledger import Entry, Ledger\nfor number in range(5):\n"
        "    Ledger().record(Entry(competition='c', sha256='x', tag=f'{sys.argv[1]}-{number}', reference='1'))\n"
    )
    starts = [subprocess.Popen([sys.executable, "-c", program, str(each)], env=os.environ) for each in range(4)]
    assert [each.wait(60) for each in starts] == [0] * 4
    assert sorted(entry.tag for entry in Ledger().entries()) == sorted(f"{a}-{b}" for a in range(4) for b in range(5))


# ---- ledgers of older versions ---------------------------------------------------------------------------------------

OLD = "time,file,sha256,tag,local_score,local_reading,reference,status,note,mine"
OLD_ROWS = (
    "2026-01-01T10:00:00Z,a.csv,aa,aa,0.5,competition_one,7,complete,a note,1",
    "2026-01-02T10:00:00Z,b.csv,bb,bb,0.6,iou_buildings,8,error,,",
    "2026-01-03T10:00:00Z,c.csv,cc,cc,0.7,my own measure,9,complete,,3",
    "2026-01-04T10:00:00Z,d.csv,dd,dd,,,,refused,,4",
)


def write_ledger(root: Path, *lines: str) -> None:
    path = root / "submissions" / "ledger.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_ledger() -> list[dict[str, str]]:
    with open(Ledger().path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_an_old_name_of_a_column_and_of_its_values_is_read_and_the_next_change_writes_the_new_ones(
    output_root: Path,
) -> None:
    write_ledger(output_root, OLD, *OLD_ROWS)
    before, entries = read_ledger(), Ledger().entries(FIRST)
    variants = ["score_empty_one", "iou_buildings", "my own measure", ""]
    assert [entry.metric_variant for entry in entries] == variants
    labels = ["score (empty tiles count 1)", "IoU (tiles with buildings)", "my own measure", ""]
    assert [entry.variant_label(find_competition()) for entry in entries] == labels
    Ledger().record(row(5, 0.5, 0.6))
    after = read_ledger()
    assert [line["metric_variant"] for line in after] == [*variants, "score_empty_one"]
    assert [line["mine"] for line in after] == ["1", "", "3", "4", ""]
    assert "local_reading" not in after[0] and after[0]["note"] == "a note"
    for old, new in zip(before, after, strict=False):
        old.pop("local_reading")
        assert old.items() <= new.items()
    assert Ledger().entries()[:4] == entries


def test_a_ledger_that_an_older_version_went_on_with_has_both_columns(output_root: Path) -> None:
    write_ledger(
        output_root,
        "competition,sha256,tag,local_reading,reference,metric_variant",
        f"{FIRST},aa,aa,,7,score_empty_zero",
        f"{FIRST},bb,bb,competition_one,8,",
    )
    assert [entry.metric_variant for entry in Ledger().entries()] == ["score_empty_zero", "score_empty_one"]
    Ledger().record(row(5, 0.5, 0.6))
    assert "local_reading" not in read_ledger()[0]


def test_a_row_without_a_competition_is_of_the_first_one(output_root: Path) -> None:
    write_ledger(output_root, "competition,sha256,tag,reference", ",aa,aa,7", "roofs,bb,bb,8")
    assert [entry.competition for entry in Ledger().entries()] == [FIRST, "roofs"]
    assert [entry.tag for entry in Ledger().entries(FIRST)] == ["aa"]


def test_a_row_names_its_runs() -> None:
    assert [replace(row(1, 0.5, 0.6), run=run).runs for run in ("", "a", "a + b")] == [(), ("a",), ("a", "b")]
