"""The gallery of the validation tiles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.rules import from_plain
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.masks.maps import quantise
from kaggle_seg.output import read_json
from kaggle_seg.pages.gallery.gallery_page import gallery
from kaggle_seg.pages.gallery.validation_gallery import validation_subject
from tests.drawn_runs import SIZE, draw_masks, predicted
from tests.pages.conftest import OpenPage
from tests.pages.gallery.drawn_galleries import READY, drawn, settle, write_page


def test_the_validation_tiles_come_worst_first(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    path = write_page(capsys, "drawn", "--validation")
    assert path.name == "drawn-validation.html"
    page = open_page(path)
    page.wait_for_selector(READY)
    settle(page)
    rule = from_plain(read_json(submissions / "drawn.json")["decision"])
    truth = draw_masks(60, seed=1)[10:58]
    own = rule.masks(*quantise(predicted(truth, 5)))
    ious = page.evaluate("order.map(index => tiles.all[index].iou)")
    assert ious == sorted(ious)
    assert len(ious) == 48
    for index in page.evaluate("order.slice(0, 8)"):
        assert np.array_equal(drawn(page, index), own[index] | truth[index])


def test_it_carries_its_competition(submissions: Path) -> None:
    dice = dataclasses.replace(find_competition(), slug="another", score="dice", pixel_order="rows", id_suffix=".png")
    subject = validation_subject(submissions / "drawn.csv", dice)
    assert subject.submission.competition == subject.competition == dice
    row, truth = subject.submission.rows[1], draw_masks(60, seed=1)[11]
    assert row.stem == "img_11.png" and subject.images and row.stem in subject.images
    assert np.array_equal(rle.decode(subject.truth.run_lengths[1], SIZE, SIZE, "rows"), truth)
    page = gallery(subject)
    assert "Dice (empty tiles count 1)" in page and '"scoreName": "Dice"' in page
    assert "competition_" not in page and "score (empty" not in page


def test_a_csv_from_elsewhere_has_none(submissions: Path) -> None:
    (submissions / "drawn.json").unlink()
    with pytest.raises(BadInput, match="--validation needs a CSV of decide"):
        validation_subject(submissions / "drawn.csv", find_competition())
