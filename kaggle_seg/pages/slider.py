"""The threshold slider of a page: what it says at each threshold, and the commands that make the CSVs.

`slider.js` reads these facts, in the gallery and in the report alike:

    thresholds              the levels (1 to 255) that it can be set to
    own, tuned              the places among them of the page's own threshold and of the tuned one; null without one
    heading                 what the page shows while the slider rests
    isThreshold             whether these masks are those of one threshold for all tiles
    ownScore                their validation score with its interval; null where it is unknown
    command, ownCommand     what makes the CSV of a threshold (`--threshold ...` follows), and of the page's own masks
    tiles                   of the test tiles or of those in the CSV: how many are left empty at each threshold
    scores                  of the validation tiles; null where they are not at hand
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np

from kaggle_seg.decisions.rules import Rule, Threshold
from kaggle_seg.pages.curves import choice_mark, shown_variants, threshold_plot
from kaggle_seg.pages.measures import Measures
from kaggle_seg.pages.plot import Plot


def slider_facts(
    thresholds: Sequence[int], heading: str, own: Rule | None, tuned: int | None, command: str, own_command: str
) -> dict[str, Any]:
    """The facts of a slider, without scores and counts of tiles.

    Args:
        thresholds: rising levels, `own` and `tuned` among them.
        heading: what the page shows while the slider rests.
        own: the decision that made the page's own masks; None where it is unknown.
        tuned: the level that was tuned; None if there is none, or not one for all tiles.
        command, own_command: see above.
    """
    level = level_of(own)
    return {
        "thresholds": list(thresholds),
        "own": None if level is None else list(thresholds).index(level),
        "tuned": None if tuned is None else list(thresholds).index(tuned),
        "heading": heading,
        "isThreshold": type(own) is Threshold,  # a cleaned one is not
        "ownScore": None,
        "command": command,
        "ownCommand": own_command,
        "tiles": None,
        "scores": None,
    }


def level_of(rule: Rule | None) -> int | None:
    """The level of a rule that has one for all tiles."""
    return rule.level if isinstance(rule, Threshold) else None


def score_facts(measures: Measures, thresholds: Sequence[int], own: bool) -> dict[str, Any]:
    """The scores of the validation tiles at each threshold.

    Args:
        measures: of the validation tiles.
        thresholds: the levels that the slider can be set to.
        own: whether the page's own masks are those of the run's decision; then they have scores, too.
    """
    variants = {variant: variant.label(measures.competition) for variant in shown_variants(measures.competition)}
    at = np.asarray(thresholds)
    return {
        "variants": {label: np.round(measures.curve(one)[at - 1], 5).tolist() for one, label in variants.items()},
        "first": [label for one, label in variants.items() if one.empty_tile == measures.maximised.empty_tile],
        "steps": [f"{step / 20:.2f}" for step in measures.steps],
        "passed": [measures.passed(step)[at].tolist() for step in measures.steps],
        "empty": measures.empty()[at].tolist(),
        "tiles": len(measures),
        "own": {
            "variants": {label: round(measures.decided_mean(one), 5) for one, label in variants.items()},
            "passed": passed_by_decision(measures),
            "empty": int((measures.decided_area == 0).sum()),
        }
        if own
        else None,
    }


def passed_by_decision(measures: Measures) -> list[int]:
    """How many tiles pass each IoU step with the decision's masks."""
    intersection, union = measures.decided_intersection, measures.decided_union
    return [int((20 * intersection > step * union).sum()) for step in measures.steps]


def empty_tiles(name: str, highest: Sequence[int] | np.ndarray, count: int, own: tuple[int, int] | None) -> dict[str, Any]:
    """How many tiles are left empty at each place of the slider.

    Args:
        name: of the line that says so.
        highest: of each tile, the last place at which its mask is not empty, plus 1; 0 where it always is.
        count: how many places there are.
        own: how many of how many tiles the page's own masks leave empty, where that is known.

    >>> empty_tiles("test tiles left empty", [0, 2, 3], 3, None)["empty"]
    [1, 1, 2]
    """
    empty = np.bincount(np.asarray(highest, np.int64), minlength=count + 1).cumsum()[:count].tolist()
    return {"name": name, "empty": empty, "tiles": len(highest), "own": own}


def decide_command(runs: Sequence[str], *options: str) -> str:
    """The command line that makes a CSV of these runs."""
    return shlex.join(["python", "-m", "kaggle_seg.decide", *runs, *options])


def score_plot(measures: Measures) -> Plot:
    """The curves under the slider, with the decision marked."""
    curves = {variant: measures.curve(variant) for variant in shown_variants(measures.competition)}
    mark = choice_mark(measures.decision) if measures.decision else None
    return threshold_plot(curves, len(measures), measures.competition, measures.maximised, mark)
