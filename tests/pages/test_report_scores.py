"""The report's numbers of the validation tiles, against plain ways to count them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Rule, Threshold, to_plain
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.masks.scores import competition_scores, ious, overlaps
from kaggle_seg.pages import report_measures
from kaggle_seg.pages.decision import fingerprints
from kaggle_seg.pages.plot import Line
from kaggle_seg.pages.report_measures import Measures, highest_levels, measure_runs
from kaggle_seg.pages.report_scores import iou_plot, reliability_plot, score_curves, step_table, threshold_plot, twentieths
from kaggle_seg.pages.report_tiles import empty_by_level, live_facts, rank_tiles
from kaggle_seg.run_directory import Run, write_json
from tests.drawn_runs import VALIDATION, draw_masks, draw_run, draw_tree, predicted

TRUTH = draw_masks(60, seed=1)[list(VALIDATION)]
PROBABILITIES = predicted(TRUTH, 5)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return draw_run("drawn", draw_tree(tmp_path / "tiles"))


def decided(run: Run, rule: Rule, empty_tile: str = "one") -> Measures:
    """The run measured under a rule."""
    score = {"score": "competition", "empty_tile": empty_tile, "mean": 0.5, "low": 0.4, "high": 0.6}
    decision = {"decision": to_plain(rule), "maps": fingerprints([run]), "score": score, "words": str(rule)}
    write_json(run.decision_file, decision)
    return measure_runs([run])


def test_blocks_of_tiles_change_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    measures = measure_runs([run])
    whole, passed, levels = score_curves(measures), measures.passed(15), measures.pixels_by_level()
    monkeypatch.setattr(report_measures, "AT_ONCE", 5)
    for reading, curve in score_curves(measures).items():
        assert curve == pytest.approx(whole[reading], abs=1e-12)
    np.testing.assert_array_equal(measures.passed(15), passed)
    np.testing.assert_array_equal(measures.pixels_by_level(), levels)


@pytest.mark.parametrize("rule", [Threshold(100), CleanedThreshold(100, 8, 8), ExpectedIoUCut(0.4)])
@pytest.mark.parametrize("empty_tile", ["one", "zero"])
def test_the_decisions_masks_are_scored(run: Run, rule: Rule, empty_tile: str) -> None:
    measures = decided(run, rule, empty_tile)
    _, levels, sums = zip(*MapStore.open(run.folder / "validation").shards(), strict=True)
    masks = rule.masks(np.concatenate(levels), np.concatenate(sums))
    np.testing.assert_array_equal(measures.decided_area, masks.sum(axis=(1, 2)))
    expected = competition_scores(*overlaps(masks, TRUTH), empty_tile)
    np.testing.assert_allclose(measures.decided_scores, expected)
    assert float(step_table(measures).rows[-1][-1]) == pytest.approx(expected.mean(), abs=5e-5)
    earned = [float(row[-1]) for row in step_table(measures).rows]
    assert sum(earned[:-1]) == pytest.approx(earned[-1], abs=1e-3)


def test_curves_are_the_scores_of_each_threshold(run: Run) -> None:
    curves = score_curves(measure_runs([run]))
    for level in (1, 77, 128, 255):
        pairs = overlaps(level / 256 <= PROBABILITIES, TRUTH)
        assert curves["competition_zero"][level - 1] == pytest.approx(competition_scores(*pairs, "zero").mean())
        assert curves["iou_one"][level - 1] == pytest.approx(ious(*pairs).mean())


def test_the_choice_is_marked_with_its_interval(run: Run) -> None:
    marks = [layer for layer in threshold_plot(decided(run, Threshold(100))).layers if not isinstance(layer, Line)]
    assert [(mark.x, mark.low, mark.high) for mark in marks] == [(100 / 256, 0.4, 0.6)]
    marks = [layer for layer in threshold_plot(decided(run, ExpectedIoUCut(0.4))).layers if not isinstance(layer, Line)]
    assert [(mark.x, mark.mean) for mark in marks] == [(None, 0.5)]
    assert "0.391" in [row[0] for row in threshold_plot(decided(run, Threshold(100))).table.rows]


def test_reliability_is_the_share_of_buildings_among_pixels_of_a_probability(run: Run) -> None:
    plot = reliability_plot(measure_runs([run]))
    group = np.minimum((PROBABILITIES * 256).astype(int), 255) // 8
    assert sum(int(row[3]) for row in plot.table.rows) == TRUTH.size
    for number, row in zip(np.unique(group), plot.table.rows, strict=True):
        inside = group == number
        assert row[1] == f"{PROBABILITIES[inside].mean(dtype=np.float64):.3f}"
        assert row[2] == f"{TRUTH[inside].mean():.3f}"


def test_each_tile_is_in_one_bar(run: Run) -> None:
    measures = decided(run, Threshold(128))
    rows = iou_plot(measures).table.rows
    assert sum(int(count) for _, count in rows) == len(TRUTH)
    pairs = overlaps(PROBABILITIES >= 0.5, TRUTH)
    assert int(rows[-1][1]) == np.count_nonzero(pairs[1] == 0)
    assert int(rows[19][1]) == np.count_nonzero(20 * pairs[0] > 19 * pairs[1])


def test_an_iou_on_a_step_does_not_pass_it() -> None:
    assert twentieths(np.array([60, 61]), np.array([100, 100])).tolist() == [11, 12]


def test_best_and_worst_do_not_meet(run: Run) -> None:
    measures = decided(run, Threshold(128))
    best, worst = rank_tiles(measures)
    assert len(best) == len(worst) == 12 and not set(best) & set(worst)
    assert all(measures.truth_area[best])
    scores, values = measures.decided_scores, measures.decided_ious
    assert [scores[row] for row in best] == sorted(scores[best], reverse=True)
    rest = set(range(len(TRUTH))) - set(worst)
    assert max((scores[row], values[row]) for row in worst) <= min((scores[row], values[row]) for row in rest)
    assert min((scores[row], values[row]) for row in best) >= max(
        (scores[row], values[row]) for row in rest - set(best) if measures.truth_area[row]
    )


def test_empty_tiles_are_counted_without_their_pixels(run: Run) -> None:
    store = MapStore.open(run.folder / "test")
    counted = empty_by_level(highest_levels(store))
    levels = np.concatenate([shard for _, shard, _ in store.shards()])
    assert counted == [int((~(levels >= level).any(axis=(1, 2))).sum()) for level in range(1, 256)]


def test_what_the_slider_says(run: Run) -> None:
    facts = live_facts(decided(run, Threshold(100)), "a run", None)
    masks = PROBABILITIES >= 100 / 256
    intersection, union = overlaps(masks, TRUTH)
    assert facts["decided"]["level"] == 100
    assert facts["empty"][99] == facts["decided"]["empty"] == int((~masks.any(axis=(1, 2))).sum())
    passed = [int((20 * intersection > step * union).sum()) for step in range(10, 20)]
    assert [counts[99] for counts in facts["passed"]] == facts["decided"]["passed"] == passed
    readings = {name: curve[99] for name, curve in facts["readings"].items()}
    assert readings == pytest.approx(facts["decided"]["readings"], abs=2e-5)
    assert facts["command"] == "python -m kaggle_seg.decide 'a run'"
