"""Draws a run and measures it under a rule, for the tests of what the report says."""

from __future__ import annotations

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.decisions.rules import Rule, to_plain
from kaggle_seg.pages.decision import fingerprints
from kaggle_seg.pages.measures import Measures, measure_runs
from kaggle_seg.run_directory import Run, write_json
from tests.drawn_runs import VALIDATION, draw_masks, predicted

COMPETITION = find_competition()
TRUTH = draw_masks(60, seed=1)[list(VALIDATION)]
PROBABILITIES = predicted(TRUTH, 5)


def decided(run: Run, rule: Rule, empty_tile: str = "one", competition: Competition = COMPETITION) -> Measures:
    """The run measured under a rule."""
    score = {"score": "competition", "empty_tile": empty_tile, "mean": 0.5, "low": 0.4, "high": 0.6}
    decision = {"decision": to_plain(rule), "maps": fingerprints([run]), "score": score, "words": str(rule)}
    write_json(run.decision_file, decision)
    return measure_runs([run], competition)
