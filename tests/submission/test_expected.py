"""Where the expected ids come from, and in which order these are asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.submission.expected import Expected, find_expected

COMPETITION = find_competition()
SAMPLE = "ImageId,EncodedPixels,Width,Height\ns1,,6,5\ns2,,6,5\n"


@pytest.fixture
def csv(output_root: Path) -> Path:
    path = output_root / "submissions" / "a.csv"
    path.parent.mkdir()
    path.write_text("", encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one training tile and the test tiles t_2 and t_10, 8 wide and 7 high."""
    folder = tmp_path / "tiles"
    for place in ("images/1.png", "masks/1.png", "test/t_10.png", "test/t_2.png"):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (7, 8) if path.parent.name == "masks" else (7, 8, 3)
        Image.fromarray(np.zeros(shape, np.uint8)).save(path)
    return folder


def write_record(csv: Path, **record: object) -> None:
    csv.with_suffix(".json").write_text(json.dumps(record), encoding="utf-8")


def test_the_named_folder_of_tiles_comes_first(csv: Path, data: Path) -> None:
    write_record(csv, stems=["p1"])
    (data / "sample_submission.csv").write_text(SAMPLE, encoding="utf-8")
    expected = find_expected(csv, COMPETITION, data)
    assert (expected.stems, expected.shape) == (("t_2", "t_10"), (7, 8))
    assert "test tiles" in expected.source


def test_then_the_json_beside_the_csv(csv: Path, data: Path) -> None:
    (data / "sample_submission.csv").write_text(SAMPLE, encoding="utf-8")
    write_record(csv, stems=["p1"], data=str(data))
    assert find_expected(csv, COMPETITION) == Expected("submissions/a.json", ("p1",), None)
    write_record(csv, stems=["p1"], height=5, width=6)
    assert find_expected(csv, COMPETITION).shape == (5, 6)


def test_then_the_sample_in_the_data_folder(csv: Path, data: Path, output_root: Path) -> None:
    (data / "sample_submission.csv").write_text(SAMPLE, encoding="utf-8")
    write_record(csv, data=str(data))
    assert find_expected(csv, COMPETITION).stems == ("s1", "s2")
    csv.with_suffix(".json").unlink()
    assert find_expected(csv, COMPETITION) == Expected()
    (output_root / "data").mkdir()
    (output_root / "data" / "sample_submission.csv").write_text(SAMPLE, encoding="utf-8")
    assert find_expected(csv, COMPETITION) == Expected("data/sample_submission.csv", ("s1", "s2"), (5, 6))


def test_a_named_folder_with_a_sample_and_no_tiles(csv: Path, tmp_path: Path) -> None:
    (tmp_path / "sample_submission.csv").write_text("id,rle_mask\nx,1 1\n", encoding="utf-8")
    assert find_expected(csv, Competition("another", columns=("id", "rle_mask")), tmp_path).stems == ("x",)


def test_a_named_folder_that_tells_nothing_is_wrong_use(csv: Path, tmp_path: Path) -> None:
    write_record(csv, stems=["p1"])
    for folder in (tmp_path / "none", csv.parent):
        with pytest.raises(BadInput, match=folder.name):
            find_expected(csv, COMPETITION, folder)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_broken_json_is_named(csv: Path, content: str) -> None:
    csv.with_suffix(".json").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=r"a\.json"):
        find_expected(csv, COMPETITION)
