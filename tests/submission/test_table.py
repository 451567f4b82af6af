"""The submission as a file: what is written, byte for byte, and what is read back."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaggle_seg.competition import Competition, find_competition, natural_key
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.submission.checks import check
from kaggle_seg.submission.expected import Expected
from kaggle_seg.submission.table import Submission, write_submission

COMPETITION = find_competition()

HEADER = b"ImageId,EncodedPixels,Width,Height\n"


def test_the_file_is_what_the_competition_asks_for_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.csv"
    hashed = write_submission(path, ["10", "9", "7587"], ["1 65536", "", "5 2 9 1"], 256, 256, COMPETITION)
    wanted = b"ImageId,EncodedPixels,Width,Height\n9,,256,256\n10,1 65536,256,256\n7587,5 2 9 1,256,256\n"
    assert path.read_bytes() == wanted
    assert hashed == hashlib.sha256(wanted).hexdigest()


def test_width_comes_before_height_and_stems_stand_as_they_are(tmp_path: Path) -> None:
    stems = ["test_image_10", "test_image_9", "007"]
    write_submission(tmp_path / "a.csv", stems, ["", "1 1", ""], height=3, width=4, competition=COMPETITION)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "007,,4,3",
        "test_image_9,1 1,4,3",
        "test_image_10,,4,3",
    ]


def test_another_competition_names_its_columns(tmp_path: Path) -> None:
    write_submission(tmp_path / "a.csv", ["x"], ["1 1"], 101, 101, Competition("another", columns=("id", "rle_mask")))
    assert (tmp_path / "a.csv").read_bytes() == b"id,rle_mask\nx,1 1\n"


@given(
    rows=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(list(" ,\";'\r\n\t\0é"))),
        st.sampled_from(["", "1 2", "1 2 5 1"]) | st.text(' ,"\r\n1x', max_size=4),
        max_size=4,
    ),
    columns=st.lists(st.sampled_from(["id", "a,b", 'a"b', "", "rle"]), min_size=1, max_size=4),
    suffix=st.sampled_from(["", ".jpg", ',"']),
    empty_mask=st.sampled_from(["", "-1", "1,1"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_values_are_quoted_as_the_csv_module_quotes_them(
    tmp_path: Path, rows: dict[str, str], columns: list[str], suffix: str, empty_mask: str
) -> None:
    competition = Competition("another", columns=tuple(columns), id_suffix=suffix, empty_mask=empty_mask)
    wanted = io.StringIO()
    writer = csv.writer(wanted, lineterminator="\n")
    writer.writerow(columns)
    for stem in sorted(rows, key=natural_key):
        writer.writerow([stem + suffix, rows[stem] or empty_mask, 7, 5][: len(columns)])
    write_submission(tmp_path / "a.csv", list(rows), list(rows.values()), 5, 7, competition)
    assert (tmp_path / "a.csv").read_bytes() == wanted.getvalue().encode()


def test_ids_without_run_lengths_write_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_submission(tmp_path / "a.csv", ["1", "2"], [""], 4, 4, COMPETITION)
    assert list(tmp_path.glob("*.csv")) == []


def submission_of(folder: Path, content: bytes) -> Submission:
    path = folder / "a.csv"
    path.write_bytes(content)
    return Submission.read(path, COMPETITION)


def test_what_was_written_is_read_back_mask_by_mask(tmp_path: Path) -> None:
    masks = np.random.default_rng(0).random((5, 7, 11)) < 0.3
    masks[2] = False
    stems = [f"test_image_{number}" for number in (3, 20, 100, 1, 7)]
    write_submission(tmp_path / "a.csv", stems, rle.encode(masks), 7, 11, COMPETITION)
    submission = Submission.read(tmp_path / "a.csv", COMPETITION)
    assert [row.stem for row in submission.rows] == [f"test_image_{number}" for number in (1, 3, 7, 20, 100)]
    assert len(submission) == 5
    assert "test_image_20" in submission
    assert "20" not in submission
    for stem, mask in zip(stems, masks, strict=True):
        assert submission[stem].dtype == bool
        assert np.array_equal(submission[stem], mask)


def test_the_competition_tells_the_order_of_the_pixels(tmp_path: Path) -> None:
    by_rows = Competition("another", pixel_order="rows")
    (tmp_path / "a.csv").write_bytes(HEADER + b"1155,2 3,4,2\n")
    assert Submission.read(tmp_path / "a.csv", by_rows)["1155"].tolist() == [[False, True, True, True], [False] * 4]
    by_columns = Submission.read(tmp_path / "a.csv", COMPETITION)
    assert by_columns["1155"].tolist() == [[False, True, False, False], [True, True, False, False]]


def test_values_stand_as_they_are_in_the_file(tmp_path: Path) -> None:
    row = submission_of(tmp_path, HEADER + b" 007 ,nan,256,256.0\n").rows[0]
    assert (row.line, row.stem, row.run_lengths, row.size) == (2, " 007 ", "nan", ("256", "256.0"))
    assert row.complete
    assert row.shape is None


def test_columns_are_found_by_name_in_another_order_and_behind_an_index(tmp_path: Path) -> None:
    row = submission_of(tmp_path, b",Height,Width,EncodedPixels,ImageId\n0,2,3,1 2,a\n").rows[0]
    assert (row.stem, row.run_lengths, row.shape, row.complete) == ("a", "1 2", (2, 3), True)


def test_a_file_without_header_is_all_rows(tmp_path: Path) -> None:
    submission = submission_of(tmp_path, b"a,1 2,3,2\nb,,3,2\n")
    assert submission.header == ()
    assert [row.line for row in submission.rows] == [1, 2]


def test_a_quote_that_is_never_closed_spoils_its_own_row_alone(tmp_path: Path) -> None:
    submission = submission_of(tmp_path, HEADER + b'a,"1 2,3,2\nb,1 1,3,2\n')
    assert [(row.line, row.complete) for row in submission.rows] == [(2, False), (3, True)]


def test_the_first_of_two_rows_with_one_id_counts(tmp_path: Path) -> None:
    assert submission_of(tmp_path, HEADER + b"a,1 1,1,2\na,2 1,1,2\n")["a"].tolist() == [[True], [False]]


def test_a_ragged_mask_of_more_than_128_kibibytes_is_read(tmp_path: Path) -> None:
    board = np.indices((256, 256)).sum(axis=0) % 2 == 1
    text = rle.encode(board[None])[0]
    assert len(text) > 1 << 17
    quoted = HEADER + f'a,"{text}",256,256\n'.encode()
    assert np.array_equal(submission_of(tmp_path, quoted)["a"], board)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (b"a,1 2 3,3,2\n", "line 2: 3 numbers"),
        (b"a,1 7,3,2\n", "line 2: run '1 7' ends after pixel 6"),
        (b"a,1 2,3,x\n", "line 2: found width and height '3,x'"),
        (b"a,1 2,99999999,99999999\n", "line 2: found width and height"),
        (b"a,1 2,0,2\n", "line 2: found width and height"),
    ],
)
def test_a_faulty_row_gives_no_mask_but_its_line(tmp_path: Path, row: bytes, wanted: str) -> None:
    with pytest.raises(BadInput, match=wanted):
        submission_of(tmp_path, HEADER + row)["a"]


def test_an_unknown_id_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        submission_of(tmp_path, HEADER)["a"]


def test_what_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(BadInput, match="cannot be read"):
            Submission.read(path, COMPETITION)


@given(content=st.binary(max_size=80))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_can_be_read_and_checked(tmp_path: Path, content: bytes) -> None:
    for prefix in (b"", HEADER):
        submission = submission_of(tmp_path, prefix + content)
        faults = check(submission, Expected("a test", ("1",), (4, 4)))
        assert all(
            1 <= fault.line <= 1 + (prefix + content).count(b"\n") + content.count(b"\r") or not fault.line
            for fault in faults
        )
        assert faults, "none of these can hold the row that is wanted"
