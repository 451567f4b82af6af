"""Curves as SVG files."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.decisions.record import Decision, Estimate, Scores
from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Rule, Threshold
from kaggle_seg.decisions.tuning import Tuned
from kaggle_seg.masks.scores import EVERY_TILE, MetricVariant
from kaggle_seg.pages.curves import choice_mark, draw_learning_curves, draw_threshold_curves, learning_plots

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SVG = "{http://www.w3.org/2000/svg}"
OWN, OTHER = MetricVariant("competition", "one"), MetricVariant("iou", "zero")


def tuned(rule: Rule, variant: MetricVariant, competition: Competition | None = None) -> Tuned:
    curve, score = np.linspace(0, 0.5, 255), Estimate(0.4, 0.3, 0.5)
    return Tuned(
        decision=Decision(rule, Scores(variant, score, {variant: score}, tiles=5), (), ()),
        values=(),
        curves={variant: curve + place / 10 for place, variant in enumerate(EVERY_TILE)},
        competition=competition or find_competition(),
    )


HISTORY = [
    {"epoch": 1, "loss": 1.5, "learning_rate": 0.002, "validation_iou": 0.2, "validation_score": 0.1, "seconds": 30.0},
    {"epoch": 2, "loss": 1.25, "learning_rate": 0.001, "validation_iou": 0.4, "validation_score": 0.3, "seconds": 28.5},
]


@pytest.mark.parametrize("rule", [Threshold(128), CleanedThreshold(100, 16, 32), ExpectedIoUCut(0.5)])
def test_the_picture_is_drawn_the_same_twice(rule: Rule, tmp_path: Path) -> None:
    for name in ("first.svg", "second.svg"):
        draw_threshold_curves(tuned(rule, OWN), "a run", tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()
    drawn = ElementTree.parse(tmp_path / "first.svg").getroot()
    assert float(drawn.get("width") or 0) > 600
    assert sum(path.get("class", "").startswith("line") for path in drawn.iter(f"{SVG}path")) >= 2 * 4


def test_an_unreliable_interval_is_called_one() -> None:
    sound = tuned(ExpectedIoUCut(0.5), OWN).decision
    weak = dataclasses.replace(sound, scores=dataclasses.replace(sound.scores, reliable=False))
    assert choice_mark(sound).name.endswith("validation score 0.400 (0.300 to 0.500)")
    assert choice_mark(weak).name.endswith("validation score 0.400 (0.300 to 0.500), an unreliable interval")


def test_another_choice_is_another_picture(tmp_path: Path) -> None:
    draw_threshold_curves(tuned(Threshold(128), OWN), "a run", tmp_path / "first.svg")
    draw_threshold_curves(tuned(Threshold(64), OTHER), "a run", tmp_path / "second.svg")
    assert (tmp_path / "first.svg").read_bytes() != (tmp_path / "second.svg").read_bytes()


def test_each_curve_is_named_once_and_by_the_name_of_the_competitions_score(tmp_path: Path) -> None:
    for score, name in (("iou_steps", "score"), ("dice", "Dice")):
        competition = dataclasses.replace(find_competition(), score=score)
        draw_threshold_curves(tuned(Threshold(128), OWN, competition), "a run", tmp_path / "a.svg")
        told = [text.text for text in ElementTree.parse(tmp_path / "a.svg").getroot().iter(f"{SVG}text")]
        assert told.count(f"{name} (empty tiles count 1)") == told.count("IoU (empty tiles count 0)") == 1
        assert not any("competition_" in (text or "") for text in told)


def test_learning_curves_of_a_hostile_name_are_one_sound_file(tmp_path: Path) -> None:
    draw_learning_curves(HISTORY, "<script>alert(1)</script>", tmp_path / "a.svg")
    drawn = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert drawn.findtext(f"{SVG}title") == "<script>alert(1)</script>: learning curves"
    assert not list(drawn.iter(f"{SVG}script"))
    assert len(list(drawn.iter(f"{SVG}g"))) == 2 + len([name for plot in learning_plots(HISTORY) for name in plot.legend()])


def test_one_epoch_is_one_epoch() -> None:
    assert learning_plots(HISTORY[:1])[0].summary.endswith("in 1 epoch.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_file_is_legible_on_its_own(tmp_path: Path, browser: Browser, scheme: str) -> None:
    draw_learning_curves(HISTORY, "a run", tmp_path / "a.svg")
    page = browser.new_page(color_scheme=scheme)
    page.goto((tmp_path / "a.svg").resolve().as_uri())
    colours = page.evaluate(
        """() => ["text.title", ".axes text", "path.line.blue", "path.grid", "rect"].map((kind) => {
          const style = getComputedStyle(document.querySelector(kind));
          return [style.fill, style.stroke].find((colour) => colour !== "none");
        })"""
    )
    page.close()
    paper = brightness(colours.pop())
    assert (paper > 200) == (scheme == "light")
    *drawn, grid = (abs(brightness(colour) - paper) for colour in colours)
    assert min(drawn) > 90 and grid > 20


def brightness(colour: str) -> float:
    """The mean of red, green and blue, 0 to 255."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3
