"""The best and the worst tiles."""

from __future__ import annotations

from kaggle_seg.decisions.rules import Threshold
from kaggle_seg.pages.report.shown_tiles import rank_tiles
from kaggle_seg.run_directory import Run
from tests.pages.drawn_measures import TRUTH, decided


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
