"""The figures that a submission's summary tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaggle_seg.competition import find_competition
from kaggle_seg.masks import rle
from kaggle_seg.submission.figures import describe_masks, figures_of
from kaggle_seg.submission.table import Submission, write_submission

COMPETITION = find_competition()


def submission_of(path: Path, masks: np.ndarray) -> Submission:
    write_submission(path, [str(number) for number in range(len(masks))], rle.encode(masks), *masks.shape[1:], COMPETITION)
    return Submission.read(path, COMPETITION)


def test_shares_and_regions_of_drawn_masks(tmp_path: Path) -> None:
    masks = np.zeros((4, 10, 20), bool)
    masks[1] = True
    masks[2, 0, 0] = masks[2, 1, 1] = masks[2, 9, 19] = masks[2, 0, 5] = True
    masks[3, :5] = True
    masks[3, 2] = False
    summary = figures_of(submission_of(tmp_path / "a.csv", masks))
    assert summary.shares.tolist() == [0, 1, 4 / 200, 80 / 200]
    assert summary.regions.tolist() == [0, 1, 3, 2], "pixels that touch at a corner belong together"


def test_every_tenth_has_its_bar_and_empty_masks_are_counted_apart(tmp_path: Path) -> None:
    masks = np.zeros((8, 10, 10), bool)
    for tile, area in enumerate((0, 0, 1, 2, 3, 45, 100, 99)):
        masks[tile].reshape(-1)[:area] = True
    lines = describe_masks(figures_of(submission_of(tmp_path / "a.csv", masks)))
    assert lines[0].split() == ["masks", "8"]
    assert lines[1].split() == ["empty", "2", "(25.0%)"]
    assert lines[2].startswith("building share     31.2% of all pixels")
    counts = [int(line.split("%")[1].split()[0]) for line in lines[3:13]]
    assert counts == [3, 0, 0, 0, 1, 0, 0, 0, 0, 2]
    bars = [line.count("#") for line in lines[3:13]]
    assert bars == [40, 0, 0, 0, 14, 0, 0, 0, 0, 27]


def test_only_empty_masks(tmp_path: Path) -> None:
    lines = describe_masks(figures_of(submission_of(tmp_path / "a.csv", np.zeros((3, 4, 4), bool))))
    assert lines[1].split() == ["empty", "3", "(100.0%)"]
    assert len(lines) == 3


def test_rows_that_stand_for_no_mask_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "ImageId,EncodedPixels,Width,Height\n1,1 2,4,4\n2,1 17,4,4\n3,x,4,4\n4,,4\n5,,5,4\n6,,4,4\n", encoding="utf-8"
    )
    assert [row.stem for row in figures_of(Submission.read(path, COMPETITION)).rows] == ["1", "6"]


def test_a_file_without_any_size_has_no_figures(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ImageId,EncodedPixels,Width,Height\n1,1 2,,\n", encoding="utf-8")
    assert figures_of(Submission.read(path, COMPETITION)).rows == ()
