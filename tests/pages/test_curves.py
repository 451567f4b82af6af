"""Curves as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.decisions.bootstrap import Estimate
from kaggle_seg.decisions.candidates import Objective
from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Rule, Threshold
from kaggle_seg.decisions.tuning import Contender, Tuned
from kaggle_seg.pages.curves import draw_threshold_curves

READINGS = ("competition_one", "competition_zero", "iou_one", "iou_zero")


def tuned(rule: Rule, objective: Objective) -> Tuned:
    curve = np.linspace(0, 0.5, 255)
    contender = Contender(rule, dict.fromkeys(READINGS, Estimate(0.4, 0.3, 0.5)), 0.1, np.zeros(5))
    return Tuned(
        objective=objective,
        chosen=contender,
        contenders=(contender,),
        differences=(),
        curves={reading: curve + place / 10 for place, reading in enumerate(READINGS)},
        tiles=5,
        tiles_with_buildings=4,
        units=3,
        parts=3,
        reliable=False,
    )


@pytest.mark.parametrize("rule", [Threshold(128), CleanedThreshold(100, 16, 32), ExpectedIoUCut(0.5)])
def test_the_picture_is_drawn_the_same_twice(rule: Rule, tmp_path: Path) -> None:
    for name in ("first.png", "second.png"):
        draw_threshold_curves(tuned(rule, Objective()), "a run", tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    with Image.open(tmp_path / "first.png") as picture:
        assert picture.width > 800 and len(picture.convert("RGB").getcolors(1 << 20)) > 10


def test_another_choice_is_another_picture(tmp_path: Path) -> None:
    draw_threshold_curves(tuned(Threshold(128), Objective()), "a run", tmp_path / "first.png")
    draw_threshold_curves(tuned(Threshold(64), Objective("iou", "zero")), "a run", tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() != (tmp_path / "second.png").read_bytes()
