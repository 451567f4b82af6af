"""The report's plots of validation scores: against the threshold, calibration, and the IoU of each tile."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from kaggle_seg.competition import EmptyTile
from kaggle_seg.decisions.candidates import Objective, Score
from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.pages.decision import objective_of
from kaggle_seg.pages.plot import Axis, Bars, Colour, Line, Mark, Plot, Table, nice_axis, unit_axis
from kaggle_seg.pages.report_measures import Measures

READINGS = {
    "competition_one": "competition score, empty tile left empty: 1",
    "competition_zero": "competition score, empty tile: 0",
    "iou_one": "mean IoU, empty tile left empty: 1",
    "iou_zero": "mean IoU, empty tile: 0",
}
ALL_READINGS = [Objective(score, empty) for score in get_args(Score) for empty in get_args(EmptyTile)]
STYLES: dict[str, tuple[Colour, Literal["", "dashed"]]] = {
    "competition_one": ("blue", ""),
    "competition_zero": ("orange", ""),
    "iou_one": ("blue", "dashed"),
    "iou_zero": ("orange", "dashed"),
}
GROUP = 8  # levels to a point of the reliability plot
TABLE_STEP = 16  # levels between the rows of the table of thresholds


def score_curves(measures: Measures) -> dict[str, np.ndarray]:
    """Mean scores of the tiles at the thresholds 1/256 to 255/256, float64 (255,), by reading."""

    def curve(reading: Objective) -> np.ndarray:
        return measures.summed(lambda intersection, union, _: reading.of(intersection, union))[1:] / len(measures.union)

    return {reading.reading: curve(reading) for reading in ALL_READINGS}


def threshold_plot(measures: Measures) -> Plot:
    """Mean scores against the threshold, and what was chosen."""
    curves = score_curves(measures)
    levels = np.arange(1, LEVELS)
    lines = [
        Line(name, list(zip((levels / LEVELS).tolist(), curves[key].tolist(), strict=True)), *STYLES[key])
        for key, name in READINGS.items()
    ]
    shown_levels = sorted({*range(TABLE_STEP, LEVELS, TABLE_STEP), *tuned_levels(measures)})
    rows = [(f"{level / LEVELS:.3f}", *(f"{curves[key][level - 1]:.3f}" for key in READINGS)) for level in shown_levels]
    reading = objective_of(measures.decision).reading
    best = int(curves[reading].argmax()) + 1
    return Plot(
        key="threshold",
        title="Score against threshold",
        x=unit_axis("threshold (probability from which a pixel is building, 0 to 1)"),
        y=unit_axis("mean of a validation tile (0 to 1)"),
        layers=[*lines, *choice(measures)],
        table=Table(("threshold", *READINGS.values()), rows),
        summary=f"With one threshold for all tiles the highest mean is {curves[reading].max():.3f}, at {best / LEVELS:.3f} "
        f"({READINGS[reading]}).",
    )


def tuned_levels(measures: Measures) -> list[int]:
    """The level of the decision, if it is one threshold."""
    threshold = measures.rule.threshold
    return [] if threshold is None else [round(threshold * LEVELS)]


def choice(measures: Measures) -> list[Mark]:
    """The decision with its cross-fitted score: at its threshold, or across where each tile has its own."""
    if measures.decision is None:
        return []
    score = measures.decision["score"]
    told = "{mean:.3f} ({low:.3f} to {high:.3f})".format_map(score)
    mark = f"chosen: {measures.decision['words']}; cross-fitted {told}"
    return [Mark(mark, measures.rule.threshold, score["mean"], score["low"], score["high"])]


def reliability_plot(measures: Measures) -> Plot:
    """How often a pixel is building that is said to be so with a certain probability."""
    pixels, buildings = (counts.reshape(-1, GROUP).sum(axis=1) for counts in measures.pixels_by_level())
    sums = measures.level_sums.reshape(-1, GROUP).sum(axis=1)
    there = np.flatnonzero(pixels)
    said, true = sums[there] / pixels[there], buildings[there] / pixels[there]
    share = pixels[there] / pixels.sum()
    error = float(np.abs(said - true) @ share)
    rows = [
        (
            f"{at * GROUP / LEVELS:.3f} to {(at + 1) * GROUP / LEVELS:.3f}",
            f"{p:.3f}",
            f"{t:.3f}",
            f"{pixels[at]}",
            f"{s:.2%}",
        )
        for at, p, t, s in zip(there, said, true, share, strict=True)
    ]
    bars = [
        (at * GROUP / LEVELS, (at + 1) * GROUP / LEVELS, s) for at, s in zip(there.tolist(), share.tolist(), strict=True)
    ]
    decades = tuple((10.0**power, f"{10.0 ** (power + 2):g} %") for power in (-5, -4, -3, -2, -1, 0))
    return Plot(
        key="reliability",
        title="Reliability: what a probability means",
        x=unit_axis("predicted probability of building (0 to 1)"),
        y=unit_axis("share that is building (0 to 1)"),
        layers=[
            Bars("share of all pixels (right, logarithmic)", bars, "grey", second=True),
            Line("as it should be", [(0.0, 0.0), (1.0, 1.0)], "ink", "dotted"),
            Line("as it is", list(zip(said.tolist(), true.tolist(), strict=True)), "blue"),
        ],
        table=Table(("probability", "mean of them", "share that is building", "pixels", "share of all pixels"), rows),
        summary=f"Over all pixels the predicted probability is off by {error:.3f} in the mean (expected calibration error).",
        second=Axis("share of pixels", 1e-5, 1.0, decades, logarithmic=True),
    )


def iou_plot(measures: Measures) -> Plot:
    """How many tiles reach which IoU, with the steps of the score marked."""
    drawn = measures.decided_union > 0
    counts = np.bincount(twentieths(measures.decided_intersection[drawn], measures.decided_union[drawn]), minlength=20)
    nothing = int(np.count_nonzero(~drawn))
    steps = measures.competition.iou_steps
    rows = [(f"{k / 20:.2f} to {(k + 1) / 20:.2f}", str(count)) for k, count in enumerate(counts.tolist())]
    rows.append(("no buildings, none predicted", str(nothing)))
    below = int(counts[: min(steps)].sum()) if steps else 0
    return Plot(
        key="iou",
        title="IoU of the validation tiles, with the steps of the score",
        x=Axis("IoU of a tile (0 to 1)", 0.0, 1.0, tuple((k / 10, f"{k / 10:.1f}") for k in range(11))),
        y=nice_axis("tiles", 0, max(int(counts.max()), 1)),
        layers=[
            Bars("tiles", [(k / 20 + 0.004, (k + 1) / 20 - 0.004, n) for k, n in enumerate(counts.tolist())], "blue"),
            *(Mark("a step of the score" if k == min(steps) else "", k / 20) for k in steps),
        ],
        table=Table(("IoU (above the first, up to the second)", "tiles"), rows),
        summary=f"{below} of {len(drawn)} tiles pass no step; {nothing} have no buildings and were left empty.",
    )


def twentieths(intersection: np.ndarray, union: np.ndarray) -> np.ndarray:
    """How many of the bounds 1/20 to 19/20 each IoU exceeds strictly, counted in whole pixels: int (N,), 0 to 19.

    >>> twentieths(np.array([0, 60, 61, 100]), np.array([100, 100, 100, 100])).tolist()
    [0, 11, 12, 19]
    """
    bounds = np.arange(1, 20)
    return (20 * np.asarray(intersection)[:, None] > bounds * np.asarray(union)[:, None]).sum(axis=1)


def step_table(measures: Measures) -> Table:
    """What each IoU step earns: how many tiles pass it, and what that adds to the mean score."""
    intersection, union = measures.decided_intersection, measures.decided_union
    empty_tile, steps = objective_of(measures.decision).empty_tile, measures.competition.iou_steps
    given = (union == 0) & (empty_tile == "one")
    rows = []
    for step in steps:
        passed = int(np.count_nonzero((20 * intersection > step * union) | given))
        earned = passed / len(union) / len(steps)
        rows.append((f"above {step / 20:.2f}", f"{passed}", f"{passed / len(union):.1%}", f"{earned:.4f}"))
    rows.append(("all steps", "", "", f"{measures.decided_scores.mean():.4f}"))
    told = "earn every step" if empty_tile == "one" else "earn none"
    caption = f"What each step earns; tiles without buildings that are left empty {told}"
    return Table(("IoU step", "tiles that pass", "share", "adds to the mean score"), rows, caption)
