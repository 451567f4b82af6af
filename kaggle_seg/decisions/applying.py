"""Applying a decision: the test maps, and the rule by which the masks of a CSV are made of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.decisions.keeping import kept_decision, tune_runs, tune_validation
from kaggle_seg.decisions.record import Decision, Scores
from kaggle_seg.decisions.rules import Rule, Threshold
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.averaging import Maps, average
from kaggle_seg.masks.maps import LEVELS, MapStore
from kaggle_seg.masks.scores import MetricVariant, own_variant
from kaggle_seg.output import shown
from kaggle_seg.run_directory import Run, competition_of_runs


@dataclass(frozen=True)
class Choice:
    """The rule that makes a CSV's masks.

    Attributes:
        rule: the rule.
        scores: its validation scores; None where they are unknown.
        overrides: the tuned rule, for people, where a threshold was given in its place.
    """

    rule: Rule
    scores: Scores | None
    overrides: str = ""


def choose_rule(runs: Sequence[Run], fixed: Threshold | None = None, data: Path | None = None) -> Choice:
    """By which rule a CSV of these runs is made.

    Args:
        runs: one or more. A single one must have been tuned; several are tuned now where they were not before.
        fixed: a threshold in place of the tuned decision; it is scored where the validation tiles are at hand.
        data: the folder of tiles, where something is still to be scored; None: the one the runs were split from.

    Raises:
        BadInput: a single run was not tuned, or it has other maps now.
    """
    before, variant = kept_decision(runs), own_variant(competition_of_runs(runs))
    if fixed is None:
        decision = before or tune_now(runs, variant, data)
    elif before and before.rule == fixed:
        decision = before
    else:
        scores = score_threshold(runs, fixed, before.scores.variant if before else variant, data)
        return Choice(fixed, scores, str(before.rule) if before else "")
    return Choice(decision.rule, decision.scores)


def read_threshold(text: str) -> Threshold | None:
    """The threshold that a person asked for, at the nearest level; None for "auto".

    Raises:
        BadInput: it is neither "auto" nor a number between 0 and 1.

    >>> read_threshold("0.42"), read_threshold("0.0001"), read_threshold("auto")
    (Threshold(level=108), Threshold(level=1), None)
    """
    if text == "auto":
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number < 1:
        raise BadInput(f"--threshold {text}: wanted 'auto' or a number between 0 and 1, such as 0.42")
    return Threshold(min(max(round(number * LEVELS), 1), LEVELS - 1))


def tune_now(runs: Sequence[Run], variant: MetricVariant, data: Path | None) -> Decision:
    """Tunes several runs together; a single one is to be tuned by its own command."""
    if len(runs) > 1:
        return tune_runs(runs, variant, data=data)[0]
    file = runs[0].decision_file
    fault = "is of other maps than those there now" if file.exists() else "is not there"
    raise BadInput(f"{shown(file)} {fault}; tune it with: python -m kaggle_seg.tune {runs[0].name}")


def score_threshold(runs: Sequence[Run], fixed: Threshold, variant: MetricVariant, data: Path | None) -> Scores | None:
    """The validation scores of a threshold; None, and a line that says why, where the validation tiles are not at hand."""
    try:
        return tune_validation(runs, variant, fixed, data).decision.scores
    except BadInput as error:
        print(f"its validation score stays unknown: {error}", file=sys.stderr)
        return None


def open_test_maps(runs: Sequence[Run]) -> Maps:
    """The maps of the test tiles, averaged over the runs.

    Raises:
        BadInput: a run has none, or the runs have other test tiles.
    """
    return average([MapStore.open(run.folder / "test") for run in runs])
