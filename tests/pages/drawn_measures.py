"""Draws a run and measures it under a rule, for the tests of what the report says."""

from __future__ import annotations

from kaggle_seg.competition import Competition, EmptyTile, find_competition
from kaggle_seg.decisions.keeping import fingerprints
from kaggle_seg.decisions.record import Decision, Estimate, Scores
from kaggle_seg.decisions.record_files import write_decision
from kaggle_seg.decisions.rules import Rule
from kaggle_seg.masks.scores import MetricVariant
from kaggle_seg.pages.measures import Measures, measure_runs
from kaggle_seg.run_directory import Run
from tests.drawn_runs import VALIDATION, draw_masks, predicted

COMPETITION = find_competition()
TRUTH = draw_masks(60, seed=1)[list(VALIDATION)]
PROBABILITIES = predicted(TRUTH, 5)


def decided(run: Run, rule: Rule, empty_tile: EmptyTile = "one", competition: Competition = COMPETITION) -> Measures:
    """The run measured under a rule."""
    scores = Scores(MetricVariant("competition", empty_tile), Estimate(0.5, 0.4, 0.6), {})
    write_decision(run.decision_file, Decision(rule, scores, (), (), maps=fingerprints([run])))
    return measure_runs([run], competition)
