"""Curves as PNG files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_seg.run_directory import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kaggle_seg.decisions.tuning import Tuned

BLUE, RED, GREY = "#1b6ca8", "#d1495b", "#66717e"
EARNINGS = {"one": "no buildings, none predicted: 1", "zero": "no buildings: 0"}


def draw_threshold_curves(tuned: Tuned, name: str, path: Path) -> None:
    """Draws the mean scores of the validation tiles against the threshold, and what was chosen.

    Args:
        tuned: the curves and the choice.
        name: of the run or runs, for the title.
        path: the PNG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.add_subplot()
    empty_tile = tuned.objective.empty_tile
    for reading, colour, label in (
        ("competition_one", BLUE, f"competition score ({EARNINGS['one']})"),
        ("competition_zero", RED, f"competition score ({EARNINGS['zero']})"),
        (f"iou_{empty_tile}", GREY, f"IoU ({EARNINGS[empty_tile]})"),
    ):
        curve = tuned.curves[reading]
        axes.plot([level / (len(curve) + 1) for level in range(1, len(curve) + 1)], curve, color=colour, label=label)
    mark_choice(axes, tuned)
    axes.set(
        title=f"{name}: score against threshold on {tuned.tiles} validation tiles",
        xlabel="threshold (probability from which a pixel is building, 0 to 1)",
        ylabel="mean score of a tile (0 to 1)",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axes.grid(alpha=0.25)
    figure.legend(loc="outside lower center", fontsize="small", frameon=False)
    save(figure, path)


def mark_choice(axes: Axes, tuned: Tuned) -> None:
    """Marks the cross-fitted score of the chosen rule with its interval: at its threshold, or across if it has none."""
    estimate, rule = tuned.chosen.scores[tuned.objective.reading], tuned.chosen.rule
    assert estimate is not None  # only the tiles with buildings may be none
    label = f"chosen: {rule}; cross-fitted {estimate}"
    if rule.threshold is None:
        axes.axhspan(estimate.low, estimate.high, color="black", alpha=0.08, linewidth=0)
        axes.axhline(estimate.mean, color="black", linestyle="--", linewidth=1, label=label)
    else:
        reach = [[estimate.mean - estimate.low], [estimate.high - estimate.mean]]
        axes.axvline(rule.threshold, color="black", linestyle="--", linewidth=1)
        axes.errorbar(rule.threshold, estimate.mean, yerr=reach, color="black", marker="o", capsize=4, label=label)


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as a PNG, whole or not at all; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    write_atomic(path, buffer.getvalue())
