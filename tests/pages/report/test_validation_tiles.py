"""The validation tiles in the report, against plain ways to count them."""

from __future__ import annotations

import dataclasses

import numpy as np

from kaggle_seg.decisions.rules import Threshold
from kaggle_seg.masks.scores import overlaps
from kaggle_seg.pages.measures import measure_runs
from kaggle_seg.pages.plot import Bars
from kaggle_seg.pages.report.validation_tiles import iou_plot, rank_tiles, reliability_plot, step_table, twentieths
from kaggle_seg.run_directory import Run
from tests.pages.drawn_measures import COMPETITION, PROBABILITIES, TRUTH, decided


def test_reliability_is_the_share_of_buildings_among_pixels_of_a_probability(drawn_run: Run) -> None:
    plot = reliability_plot(measure_runs([drawn_run], COMPETITION))
    group = np.minimum((PROBABILITIES * 256).astype(int), 255) // 8
    assert sum(int(row[3]) for row in plot.table.rows) == TRUTH.size
    for number, row in zip(np.unique(group), plot.table.rows, strict=True):
        inside = group == number
        assert row[1] == f"{PROBABILITIES[inside].mean(dtype=np.float64):.3f}"
        assert row[2] == f"{TRUTH[inside].mean():.3f}"


def test_each_tile_is_in_one_bar(drawn_run: Run) -> None:
    measures = decided(drawn_run, Threshold(128))
    rows = iou_plot(measures).table.rows
    assert sum(int(count) for _, count in rows) == len(TRUTH)
    pairs = overlaps(PROBABILITIES >= 0.5, TRUTH)
    assert int(rows[-1][1]) == np.count_nonzero(pairs[1] == 0)
    assert int(rows[19][1]) == np.count_nonzero(20 * pairs[0] > 19 * pairs[1])


def test_an_iou_on_a_step_does_not_pass_it() -> None:
    assert twentieths(np.array([60, 61]), np.array([100, 100])).tolist() == [11, 12]


def test_a_competition_without_steps_has_none_in_its_plots(drawn_run: Run) -> None:
    measures = decided(drawn_run, Threshold(128), competition=dataclasses.replace(COMPETITION, score="dice"))
    assert step_table(measures) is None
    assert "step" not in iou_plot(measures).title + iou_plot(measures).summary
    assert [type(layer) for layer in iou_plot(measures).layers] == [Bars]


def test_best_and_worst_do_not_meet(drawn_run: Run) -> None:
    measures = decided(drawn_run, Threshold(128))
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
