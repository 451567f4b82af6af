"""What the threshold slider says, against plain ways to count it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Threshold
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.masks.scores import overlaps
from kaggle_seg.pages.measures import highest_levels
from kaggle_seg.pages.plot import Line
from kaggle_seg.pages.slider import decide_command, empty_tiles, score_facts, score_plot, slider_facts
from kaggle_seg.run_directory import Run
from tests.pages.drawn_measures import COMPETITION, PROBABILITIES, TRUTH, decided


def test_the_choice_is_marked_with_its_interval(drawn_run: Run) -> None:
    marks = [layer for layer in score_plot(decided(drawn_run, Threshold(100))).layers if not isinstance(layer, Line)]
    assert [(mark.x, mark.low, mark.high) for mark in marks] == [(100 / 256, 0.4, 0.6)]
    marks = [layer for layer in score_plot(decided(drawn_run, ExpectedIoUCut(0.4))).layers if not isinstance(layer, Line)]
    assert [(mark.x, mark.mean) for mark in marks] == [(None, 0.5)]
    assert "0.391" in [row[0] for row in score_plot(decided(drawn_run, Threshold(100))).table.rows]


def test_empty_tiles_are_counted_without_their_pixels(drawn_run: Run) -> None:
    store = MapStore.open(drawn_run.folder / "test")
    counted = empty_tiles("test tiles left empty", highest_levels(store), 255, None)["empty"]
    levels = np.concatenate([shard for _, shard, _ in store.shards()])
    assert counted == [int((~(levels >= level).any(axis=(1, 2))).sum()) for level in range(1, 256)]


def test_what_the_slider_says(drawn_run: Run) -> None:
    measures = decided(drawn_run, Threshold(100))
    scores = score_facts(measures, range(1, 256), own=True)
    masks = PROBABILITIES >= 100 / 256
    intersection, union = overlaps(masks, TRUTH)
    assert scores["empty"][99] == scores["own"]["empty"] == int((~masks.any(axis=(1, 2))).sum())
    passed = [int((20 * intersection > step * union).sum()) for step in range(10, 20)]
    assert [counts[99] for counts in scores["passed"]] == scores["own"]["passed"] == passed
    variants = {name: curve[99] for name, curve in scores["variants"].items()}
    assert variants == pytest.approx(scores["own"]["variants"], abs=2e-5)
    assert list(variants) == [
        "score (empty tiles count 1)",
        "score (empty tiles count 0)",
        "IoU (empty tiles count 1)",
        "IoU (empty tiles count 0)",
    ]
    assert scores["first"] == ["score (empty tiles count 1)", "IoU (empty tiles count 1)"]


def test_where_the_slider_rests() -> None:
    facts = slider_facts([90, 100, 110], "As decided", CleanedThreshold(100, 8, 8), 110, "", "")
    assert (facts["own"], facts["tuned"], facts["isThreshold"]) == (1, 2, False)
    facts = slider_facts([90, 100, 110], "As decided", ExpectedIoUCut(0.4), None, "", "")
    assert (facts["own"], facts["tuned"], facts["isThreshold"]) == (None, None, False)
    assert slider_facts([90], "As decided", Threshold(90), None, "", "")["isThreshold"]


def test_the_command_is_one_for_a_shell() -> None:
    assert decide_command(["a run"]) == "python -m kaggle_seg.decide 'a run'"
    assert decide_command(["a", "b"], "--name", "c") == "python -m kaggle_seg.decide a b --name c"


def test_a_competition_scored_by_dice_is_shown_as_dice(drawn_run: Run) -> None:
    dice = dataclasses.replace(COMPETITION, score="dice")
    measures = decided(drawn_run, Threshold(100), competition=dice)
    scores = score_facts(measures, range(1, 256), own=True)
    assert list(scores["variants"])[:2] == ["Dice (empty tiles count 1)", "Dice (empty tiles count 0)"]
    assert scores["steps"] == scores["passed"] == []
    intersection, union = overlaps(PROBABILITIES >= 100 / 256, TRUTH)
    wanted = np.where(union, 2 * intersection / np.maximum(intersection + union, 1), 1).mean()
    assert scores["own"]["variants"]["Dice (empty tiles count 1)"] == pytest.approx(wanted, abs=1e-5)
    assert "Dice (empty tiles count 1)" in score_plot(measures).summary
    iou = dataclasses.replace(COMPETITION, score="iou")
    names = list(score_facts(decided(drawn_run, Threshold(100), competition=iou), range(1, 256), own=True)["variants"])
    assert names == ["IoU (empty tiles count 1)", "IoU (empty tiles count 0)"]
