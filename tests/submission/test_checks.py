"""Each fault a submission can have, found in its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.submission.checks import check, describe
from kaggle_seg.submission.expected import Expected
from kaggle_seg.submission.table import Submission, write_submission

COMPETITION = find_competition()

VALID = "ImageId,EncodedPixels,Width,Height\n7,,4,3\n8,1 12,4,3\n9,2 2 12 1,4,3\n"
EXPECTED = Expected("the tests", ("7", "8", "9"), (3, 4))


def faults_of(folder: Path, content: str | bytes, expected: Expected = EXPECTED) -> list[str]:
    path = folder / "a.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return describe(check(Submission.read(path, COMPETITION), expected))


def test_a_valid_file_has_none(tmp_path: Path) -> None:
    assert faults_of(tmp_path, VALID) == []
    assert faults_of(tmp_path, VALID, Expected()) == []


def test_what_the_project_writes_is_valid_even_for_strange_names(tmp_path: Path) -> None:
    stems = ("a,b", "ü", 'say "x"', "tile 3")
    write_submission(tmp_path / "a.csv", stems, ["", "1 1", "", "2 1"], 3, 4, COMPETITION)
    assert check(Submission.read(tmp_path / "a.csv", COMPETITION), Expected("", stems, (3, 4))) == []


def test_the_order_of_the_rows_is_free(tmp_path: Path) -> None:
    header, *rows = VALID.splitlines(keepends=True)
    assert faults_of(tmp_path, header + "".join(reversed(rows))) == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("ImageId,", "\ufeffImageId,", "line 1: found a byte order mark"),
        ("\n", "\r\n", "lines 1-4: found the line end CR LF, wanted LF"),
        ("12,4,3\n", "12,4,3\r\n", "line 3: found the line end CR LF, wanted LF"),
        ("\n", "\r", "lines 1-4: found the line end CR, wanted LF"),
        ("1 12", '"1 12"', "line 3: found quotes"),
        (",", ";", "line 1: found ';' between fields, wanted a comma"),
        (",", "\t", r"line 1: found '\t' between fields, wanted a comma"),
        ("ImageId,EncodedPixels,Width,Height\n", "", "line 1: found no header, wanted 'ImageId,EncodedPixels,Width,Height'"),
        ("ImageId", "imageid", "line 1: found the header 'imageid,EncodedPixels,Width,Height'"),
        ("ImageId", "Id", "line 1: found the header 'Id,EncodedPixels"),
        (",Width", ", Width", "line 1: found the header 'ImageId,EncodedPixels, Width,Height'"),
        ("7,,4,3\n", "7,,4,3\n\n", "line 3: found an empty line"),
        ("7,,4,3", "7,,4", "line 2: found 3 fields, wanted 4"),
        ("7,,4,3", "7,4,3", "line 2: found 3 fields, wanted 4"),
        ("7,,4,3", "7,,4,3,", "line 2: found 5 fields, wanted 4"),
        ("7,,4,3", "7", "line 2: found 1 field, wanted 4"),
        ("9,2 2", "8,2 2", "line 4: found the id '8' of line 3 again"),
        ("\n7,", "\n7,,4,3\n77,", "line 3: found the id '77', wanted one of the tests"),
        ("7,,4,3\n", "", "whole file: found no row for 1 of 3 ids (7), wanted all of the tests"),
        ("\n7,", "\n7.tif,", "line 2: found an id with the extension"),
        ("\n7,", "\n 7,", "line 2: found spaces around the id"),
        ("\n7,", "\n,", "line 2: found no id"),
        ("8,1 12,4,3", "8,1 12,3,4", "line 3: found Width,Height '3,4', wanted '4,3' as the tests"),
        ("8,1 12,4,3", "8,1 12,4.0,3", "line 3: found Width,Height '4.0,3'"),
        ("8,1 12,4,3", "8,1 12,,", "line 3: found Width,Height ','"),
        ("7,,", "7,nan,", "line 2: found 'nan' for an empty mask, wanted an empty field"),
        ("7,,", "7,NaN,", "line 2: found 'NaN' for an empty mask"),
        ("7,,", "7, ,", "line 2: found ' ' for an empty mask"),
        ("7,,", "7,-1,", "line 2: found '-1' for an empty mask"),
        ("1 12", "1 12 13", "line 3: id '8': found 3 numbers"),
        ("1 12", "0 12", "line 3: id '8': found run '0 12' starts before pixel 1"),
        ("1 12", "2 12", "line 3: id '8': found run '2 12' ends after pixel 12"),
        ("2 2 12 1", "12 1 2 2", "line 4: id '9': found run '2 2' starts before the run"),
        ("2 2 12 1", "2 2 3 1", "line 4: id '9': found run '3 1' overlaps"),
        ("2 2 12 1", "2 0 12 1", "line 4: id '9': found run '2 0' holds no pixel"),
        ("2 2 12 1", "2 2 12 1.0", "line 4: id '9': found '1.0', wanted a number"),
    ],
)
def test_a_fault_is_told_with_its_line_and_a_remedy(tmp_path: Path, old: str, new: str, wanted: str) -> None:
    assert old in VALID
    told = faults_of(tmp_path, VALID.replace(old, new))
    assert any(line.startswith(wanted) for line in told), told
    assert all("; " in line for line in told), "a fault without a remedy"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (",", ";", ["between fields"]),
        ("\n", "\r\n", ["CR LF"]),
        ("ImageId,EncodedPixels,Width,Height", "Height,ImageId,EncodedPixels,Width", ["header", "Width,Height"]),
        ("7,,4,3", "7,4,3", ["3 fields"]),
    ],
)
def test_one_mistake_is_not_told_as_many(tmp_path: Path, old: str, new: str, wanted: list[str]) -> None:
    told = faults_of(tmp_path, VALID.replace(old, new))
    assert wanted[0] in told[0]
    if old != "ImageId,EncodedPixels,Width,Height":
        assert len(told) == 1, told


def test_an_index_column_is_told_once(tmp_path: Path) -> None:
    lines = VALID.splitlines()
    indexed = "\n".join([f",{lines[0]}", *(f"{row},{line}" for row, line in enumerate(lines[1:]))]) + "\n"
    assert faults_of(tmp_path, indexed) == [
        "line 1: found an index column '', wanted none; with pandas: to_csv(path, index=False)"
    ]


def test_an_index_without_header_is_told_for_its_rows(tmp_path: Path) -> None:
    lines = VALID.splitlines()
    indexed = "\n".join([lines[0], *(f"{row},{line}" for row, line in enumerate(lines[1:]))]) + "\n"
    assert any(line.startswith("lines 2-4: found 5 fields, wanted 4") for line in faults_of(tmp_path, indexed))


def test_many_faults_are_told_together_in_the_order_of_the_lines(tmp_path: Path) -> None:
    told = faults_of(tmp_path, "ImageId,EncodedPixels,Width,Height\n7,nan,4,3\n8,1 13 2,4,3\n8,,4\n10,,4,9\n")
    assert [line.split(":")[0] for line in told] == [
        "line 2",
        "line 3",
        "line 3",
        "line 4",
        "line 4",
        "line 5",
        "line 5",
        "whole file",
    ]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "whole file: found an empty file"),
        (b"\n \n", "whole file: found an empty file"),
        (VALID.splitlines(keepends=True)[0].encode(), "whole file: found no rows"),
        (VALID.encode("utf-16"), "whole file: found text in UTF-16"),
        (VALID.replace("9,", "\xe9,").encode("latin-1"), "line 4: found the byte 0xe9, wanted UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "line 1: found the byte 0x89"),
    ],
    ids=["empty", "blank", "no rows", "UTF-16", "Latin-1", "a picture"],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes, wanted: str) -> None:
    assert any(line.startswith(wanted) for line in faults_of(tmp_path, content))


def test_many_missing_ids_are_named_up_to_twenty(tmp_path: Path) -> None:
    expected = Expected("the tests", tuple(str(number) for number in range(7, 100)), (3, 4))
    told = faults_of(tmp_path, VALID, expected)
    assert len(told) == 1
    assert "no row for 90 of 93 ids (10, 11, " in told[0]
    assert "29 and 70 more)" in told[0]


def test_without_a_known_size_the_usual_one_counts(tmp_path: Path) -> None:
    told = faults_of(tmp_path, VALID.replace("7,,4,3", "7,,5,3"), Expected())
    assert len(told) == 1
    assert told[0].startswith("line 2: found Width,Height '5,3', wanted '4,3' as in most rows")


def test_another_competition_is_checked_by_its_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,rle_mask\na,1 5\nb,\n")
    competition = Competition("another", columns=("id", "rle_mask"))
    assert check(Submission.read(path, competition), Expected("", ("a", "b"), (1, 5))) == []
    told = describe(check(Submission.read(path, competition), Expected("", ("a", "b"), (1, 4))))
    assert len(told) == 1
    assert told[0].startswith("line 2: id 'a': found run '1 5' ends after pixel 4")


def test_a_fault_deep_in_a_large_file_is_found_alone(tmp_path: Path) -> None:
    stems = [str(number) for number in range(300)]
    runs = ["1 65536"] * 300
    runs[217] = "1 65537"
    write_submission(tmp_path / "a.csv", stems, runs, 256, 256, COMPETITION)
    assert [fault.line for fault in check(Submission.read(tmp_path / "a.csv", COMPETITION), Expected())] == [219]
