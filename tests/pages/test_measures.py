"""The validation tiles of a run, measured, against plain ways to count them."""

from __future__ import annotations

import numpy as np
import pytest

from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Rule, Threshold
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.masks.scores import MetricVariant, competition_scores, ious, overlaps
from kaggle_seg.pages import measures as measures_module
from kaggle_seg.pages.measures import measure_runs
from kaggle_seg.pages.report.validation_tiles import step_table
from kaggle_seg.run_directory import Run
from tests.pages.drawn_measures import COMPETITION, PROBABILITIES, TRUTH, decided

STEPS = COMPETITION.iou_steps


def test_blocks_of_tiles_change_nothing(drawn_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    measures = measure_runs([drawn_run], COMPETITION)
    variants = [MetricVariant(score, empty) for score in ("competition", "iou") for empty in ("one", "zero")]
    whole, passed, levels = [measures.curve(one) for one in variants], measures.passed(15), measures.pixels_by_level()
    monkeypatch.setattr(measures_module, "AT_ONCE", 5)
    for variant, curve in zip(variants, whole, strict=True):
        assert measures.curve(variant) == pytest.approx(curve, abs=1e-12)
    np.testing.assert_array_equal(measures.passed(15), passed)
    np.testing.assert_array_equal(measures.pixels_by_level(), levels)


@pytest.mark.parametrize("rule", [Threshold(100), CleanedThreshold(100, 8, 8), ExpectedIoUCut(0.4)])
@pytest.mark.parametrize("empty_tile", ["one", "zero"])
def test_the_decisions_masks_are_scored(drawn_run: Run, rule: Rule, empty_tile: str) -> None:
    measures = decided(drawn_run, rule, empty_tile)
    _, levels, sums = zip(*MapStore.open(drawn_run.folder / "validation").shards(), strict=True)
    masks = rule.masks(np.concatenate(levels), np.concatenate(sums))
    np.testing.assert_array_equal(measures.decided_area, masks.sum(axis=(1, 2)))
    expected = competition_scores(*overlaps(masks, TRUTH), empty_tile, STEPS)
    np.testing.assert_allclose(measures.decided_scores, expected)
    assert float(step_table(measures).rows[-1][-1]) == pytest.approx(expected.mean(), abs=5e-5)
    earned = [float(row[-1]) for row in step_table(measures).rows]
    assert sum(earned[:-1]) == pytest.approx(earned[-1], abs=1e-3)


def test_curves_are_the_scores_of_each_threshold(drawn_run: Run) -> None:
    measures = measure_runs([drawn_run], COMPETITION)
    score, iou = measures.curve(MetricVariant("competition", "zero")), measures.curve(MetricVariant("iou", "one"))
    for level in (1, 77, 128, 255):
        pairs = overlaps(level / 256 <= PROBABILITIES, TRUTH)
        assert score[level - 1] == pytest.approx(competition_scores(*pairs, "zero", STEPS).mean())
        assert iou[level - 1] == pytest.approx(ious(*pairs, "one").mean())
