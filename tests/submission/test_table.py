"""The submission as a file: what is written, byte for byte, and what is read back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kaggle_seg.competition import Competition
from kaggle_seg.submission.table import write_submission


def test_the_file_is_what_the_competition_asks_for_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.csv"
    hashed = write_submission(path, ["10", "9", "7587"], ["1 65536", "", "5 2 9 1"], 256, 256)
    wanted = b"ImageId,EncodedPixels,Width,Height\n9,,256,256\n10,1 65536,256,256\n7587,5 2 9 1,256,256\n"
    assert path.read_bytes() == wanted
    assert hashed == hashlib.sha256(wanted).hexdigest()


def test_width_comes_before_height_and_stems_stand_as_they_are(tmp_path: Path) -> None:
    write_submission(tmp_path / "a.csv", ["test_image_10", "test_image_9", "007"], ["", "1 1", ""], height=3, width=4)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "007,,4,3",
        "test_image_9,1 1,4,3",
        "test_image_10,,4,3",
    ]


def test_another_competition_names_its_columns(tmp_path: Path) -> None:
    write_submission(tmp_path / "a.csv", ["x"], ["1 1"], 101, 101, Competition(columns=("id", "rle_mask")))
    assert (tmp_path / "a.csv").read_bytes() == b"id,rle_mask\nx,1 1\n"


def test_ids_without_run_lengths_write_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_submission(tmp_path / "a.csv", ["1", "2"], [""], 4, 4)
    assert list(tmp_path.glob("*.csv")) == []
