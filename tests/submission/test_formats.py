"""The CSVs of other competitions, both ways, against examples written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.masks import rle
from kaggle_seg.submission.checks import check, describe
from kaggle_seg.submission.expected import Expected
from kaggle_seg.submission.table import Submission, write_submission

# 4 pixels high, 5 wide
CARS = """
. # # # .
# # # # #
. # . # .
. . . . .
"""
SHIPS = """
# . . . #
# . . . .
. # . . #
. . . . #
"""
NOTHING = ". . . . .\n" * 4


def mask_of(drawing: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in line.split()] for line in drawing.split("\n") if line.strip()])


def small(slug: str) -> Competition:
    """A competition as it ships, with tiles of 4 × 5 pixels."""
    return replace(find_competition(slug), height=4, width=5)


# What each competition's CSV is for these masks, counted by hand.
#   carvana, along the rows:   row 1 is pixels 1-5, row 2 is 6-10, row 3 is 11-15
#   airbus and tgs, down the columns: column 1 is pixels 1-4, column 5 is 17-20
EXAMPLES = {
    "carvana-image-masking-challenge": (
        {"00087a6bd4dc_01": CARS, "00087a6bd4dc_02": NOTHING},
        "img,rle_mask\n00087a6bd4dc_01.jpg,2 3 6 5 12 1 14 1\n00087a6bd4dc_02.jpg,\n",
    ),
    "airbus-ship-detection": (
        {"00003e153": SHIPS, "0001124c7": NOTHING},
        "ImageId,EncodedPixels\n00003e153.jpg,1 2 7 1\n00003e153.jpg,17 1\n00003e153.jpg,19 2\n0001124c7.jpg,\n",
    ),
    "tgs-salt-identification-challenge": (
        {"000e218f21": SHIPS, "00950d1627": NOTHING},
        "id,rle_mask\n000e218f21,1 2 7 1 17 1 19 2\n00950d1627,\n",
    ),
}


@pytest.mark.parametrize("slug", EXAMPLES)
def test_the_csv_is_written_as_the_competition_has_it(slug: str, tmp_path: Path) -> None:
    drawings, wanted = EXAMPLES[slug]
    competition = small(slug)
    texts = rle.encode(np.stack([mask_of(drawing) for drawing in drawings.values()]), competition.pixel_order)
    write_submission(tmp_path / "a.csv", list(drawings), texts, 4, 5, competition)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == wanted


@pytest.mark.parametrize("slug", EXAMPLES)
def test_the_csv_is_read_back(slug: str, tmp_path: Path) -> None:
    drawings, written = EXAMPLES[slug]
    (tmp_path / "a.csv").write_text(written, encoding="utf-8", newline="\n")
    competition = small(slug)
    submission = Submission.read(tmp_path / "a.csv", competition)
    ids = tuple(stem + competition.id_suffix for stem in drawings)
    assert check(submission, Expected("the example", ids)) == []
    for id_, drawing in zip(ids, drawings.values(), strict=True):
        assert (submission[id_] == mask_of(drawing)).all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a.jpg,1 2\na.jpg,2 2\n", "line 3: id 'a.jpg', all its rows together: found"),
        ("a.jpg,1 2\na.jpg,\n", "line 3: id 'a.jpg': found an empty row beside others"),
        ("a.jpg,20 2\n", "line 2: id 'a.jpg': found"),
        ("a,1 2\n", "line 2: found the id 'a'"),
    ],
)
def test_faults_of_several_rows_an_image(rows: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ImageId,EncodedPixels\n" + rows, encoding="utf-8", newline="\n")
    submission = Submission.read(tmp_path / "a.csv", small("airbus-ship-detection"))
    assert any(line.startswith(said) for line in describe(check(submission, Expected("the test tiles", ("a.jpg",)))))


def test_a_word_for_an_empty_mask(tmp_path: Path) -> None:
    competition = Competition(slug="mine", columns=("id", "rle"), empty_mask="-1", height=4, width=5, test_ids="")
    write_submission(tmp_path / "a.csv", ["x", "y"], ["", "1 2"], 4, 5, competition)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "id,rle\nx,-1\ny,1 2\n"
    submission = Submission.read(tmp_path / "a.csv", competition)
    assert check(submission, Expected("", ("x", "y"))) == [] and not submission["x"].any()
    (tmp_path / "a.csv").write_text("id,rle\nx,\ny,1 2\n", encoding="utf-8", newline="\n")
    (fault,) = describe(check(Submission.read(tmp_path / "a.csv", competition), Expected("", ("x", "y"))))
    assert "wanted '-1'" in fault
