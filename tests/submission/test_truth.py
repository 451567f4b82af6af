"""A submission compared with true masks: the local score."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.errors import BadInput
from kaggle_seg.inspect import main
from kaggle_seg.masks import rle
from kaggle_seg.masks.scores import MetricVariant, competition_scores
from kaggle_seg.submission.figures import figures_of
from kaggle_seg.submission.table import Submission
from kaggle_seg.submission.truth import compare_with_masks, describe_truth
from tests.submission.drawn_csvs import COMPETITION, SIDE, draw, iou, write


def write_masks(folder: Path, masks: np.ndarray, first: int = 0) -> Path:
    folder.mkdir()
    for number, mask in enumerate(masks):
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"mask_{first + number}.png")
    return folder


def test_the_score_on_true_masks(tmp_path: Path) -> None:
    own, truth = draw(0), draw(0) & (np.random.default_rng(5).random((9, SIDE, SIDE)) < 0.8)
    submission = Submission.read(write(tmp_path, "a", own), COMPETITION)
    found = compare_with_masks(figures_of(submission).rows, write_masks(tmp_path / "masks", truth[:7]), COMPETITION)
    assert found.stems == tuple(f"t_{number}" for number in range(7))
    both, either = (own & truth).sum((1, 2))[:7], (own | truth).sum((1, 2))[:7]
    assert found.scores(MetricVariant("iou", "one")) == pytest.approx(
        [iou(*pair) for pair in zip(own[:7], truth[:7], strict=True)]
    )
    assert np.array_equal(
        found.scores(MetricVariant("competition", "zero")), competition_scores(both, either, "zero", COMPETITION.iou_steps)
    )
    assert found.run_lengths == tuple(rle.encode(truth[:7]))


def test_inspect_tells_the_local_score(output_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(output_root / "submissions", "a", draw(0))
    masks = write_masks(tmp_path / "masks", draw(0)[:7])
    assert main(["a", "--masks", str(masks)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "local score        7 tiles of 9; the others have no mask there" in lines
    assert "  score (empty tiles count 1)  1.0000" in lines
    assert "  score (empty tiles count 0)  0.5714" in lines


def test_folders_of_masks_that_do_not_fit(tmp_path: Path) -> None:
    rows = figures_of(Submission.read(write(tmp_path, "a", draw(0)), COMPETITION)).rows
    with pytest.raises(BadInput, match="found no masks"):
        compare_with_masks(rows, tmp_path / "none", COMPETITION)
    with pytest.raises(BadInput, match="none of its 2 masks is of a tile in the CSV"):
        compare_with_masks(rows, write_masks(tmp_path / "others", draw(0)[:2], first=50), COMPETITION)
    twice = write_masks(tmp_path / "twice", draw(0)[:2])
    write_masks(twice / "again", draw(0)[:2])
    with pytest.raises(BadInput) as caught:
        compare_with_masks(rows, twice, COMPETITION)
    assert len(caught.value.problems) == 2
    with pytest.raises(BadInput, match="found 8 x 8 pixels, wanted 16 x 16"):
        compare_with_masks(rows, write_masks(tmp_path / "small", np.zeros((2, 8, 8), bool)), COMPETITION)


def test_a_competition_scored_by_dice_is_shown_as_dice(tmp_path: Path) -> None:
    own, truth = draw(0), draw(0) & (np.random.default_rng(5).random((9, SIDE, SIDE)) < 0.8)
    rows = figures_of(Submission.read(write(tmp_path, "a", own), COMPETITION)).rows
    dice = dataclasses.replace(COMPETITION, score="dice")
    found = compare_with_masks(rows, write_masks(tmp_path / "masks", truth), dice)
    sums = own.sum((1, 2)) + truth.sum((1, 2))
    expected = np.where(sums, 2 * (own & truth).sum((1, 2)) / np.maximum(sums, 1), 1)
    assert found.scores(MetricVariant("competition", "one")) == pytest.approx(expected)
    lines = describe_truth(found, 9)
    assert f"  Dice (empty tiles count 1)  {expected.mean():.4f}" in lines
    assert not any("score (" in line for line in lines)
