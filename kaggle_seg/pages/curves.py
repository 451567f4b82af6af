"""The curves of a run: learning curves, and scores against the threshold; as plots for pages, and as SVG files.

Each file is the plots of the report on their own: it opens in a browser, a viewer or a notebook, follows its light or dark
scheme, and gives the same bytes for the same curves.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.masks.scores import EVERY_TILE, MetricVariant, by_label
from kaggle_seg.output import write_atomic
from kaggle_seg.pages.page import TEMPLATES, environment
from kaggle_seg.pages.plot import HEIGHT, WIDTH, Colour, Line, Mark, Plot, Table, nice_axis, unit_axis

if TYPE_CHECKING:
    from kaggle_seg.decisions.record import Decision
    from kaggle_seg.decisions.tuning import Tuned

PICTURE = "threshold.svg"
FORMER_PICTURE = "threshold.png"  # of older versions

History = Sequence[Mapping[str, float]]
COLUMNS = {
    "epoch": "epoch",
    "loss": "training loss",
    "learning_rate": "learning rate",
    "validation_iou": "IoU",
    "validation_score": "score",
    "seconds": "seconds",
}
COLOURS: dict[str | None, Colour] = {"one": "blue", "zero": "orange"}
STYLES: dict[str, Literal["", "dashed"]] = {"competition": "", "iou": "dashed"}
TABLE_STEP = 16  # levels between the rows of the table of thresholds
LINE, WRAPPED = 17, 62  # of a legend in an SVG file: height of a line in pixels, characters in it
TITLE, GAP = 46, 20  # characters of a file's title over each plot; pixels between plots


def learning_plots(history: History, score: str = "score") -> list[Plot]:
    """Training loss with the learning rate, and the validation scores, by epoch.

    Args:
        history: one row an epoch, as `history.csv` has them; at least one.
        score: what the competition's score is called.
    """
    headings = tuple(score if name == "validation_score" else heading for name, heading in COLUMNS.items())
    table = Table(headings, [tuple(f"{row[name]:g}" for name in COLUMNS) for row in history])
    return [loss_plot(history, table), validation_plot(history, table, score)]


def points(history: History, name: str) -> list[tuple[float, float]]:
    """A column by epoch."""
    return [(row["epoch"], row[name]) for row in history]


def loss_plot(history: History, table: Table) -> Plot:
    """The training loss, and the learning rate."""
    losses = [row["loss"] for row in history]
    epochs = f"{len(history)} epochs" if len(history) > 1 else "1 epoch"
    return Plot(
        key="loss",
        title="Training loss and learning rate",
        x=nice_axis("epoch", history[0]["epoch"], history[-1]["epoch"], whole=True),
        y=nice_axis("loss (mean over the tiles)", min(losses), max(losses)),
        layers=[
            Line("training loss (left)", points(history, "loss"), "blue"),
            Line("learning rate (right)", points(history, "learning_rate"), "grey", "dotted", second=True),
        ],
        table=table,
        summary=f"The training loss goes from {losses[0]:.3f} to {losses[-1]:.3f} in {epochs}.",
        second=nice_axis("learning rate", 0.0, max(row["learning_rate"] for row in history)),
    )


def validation_plot(history: History, table: Table, score: str) -> Plot:
    """Mean IoU and score of the validation tiles."""
    # later epochs are preferred at equal scores, as in training
    best = max(history, key=lambda row: (row["validation_score"], row["epoch"]))
    return Plot(
        key="validation",
        title="Validation tiles at threshold 0.5",
        x=nice_axis("epoch", history[0]["epoch"], history[-1]["epoch"], whole=True),
        y=unit_axis("mean over the tiles (0 to 1)"),
        layers=[
            Mark(f"weights kept from epoch {best['epoch']:.0f}", best["epoch"]),
            Line("IoU", points(history, "validation_iou"), "orange"),
            Line(score, points(history, "validation_score"), "blue"),
        ],
        table=table,
        summary=f"Epoch {best['epoch']:.0f} has the best score, {best['validation_score']:.3f}.",
    )


def shown_variants(competition: Competition) -> list[MetricVariant]:
    """The metric variants over all tiles that pages show; one of each name, where the competition's score is the IoU."""
    return list(by_label(EVERY_TILE, competition).values())


def threshold_plot(
    curves: Mapping[MetricVariant, np.ndarray],
    tiles: int,
    competition: Competition,
    maximised: MetricVariant,
    chosen: Mark | None,
) -> Plot:
    """Mean scores against the threshold, and the decision.

    Args:
        curves: mean scores at the thresholds 1/256 to 255/256, float64 (255,).
        tiles: how many validation tiles these are means over.
        competition: names the curves.
        maximised: the variant that the decision was tuned for.
        chosen: the decision, if there is one.
    """
    labels = {variant: variant.label(competition) for variant in curves}
    at = [level / LEVELS for level in range(1, LEVELS)]
    lines = [
        Line(label, list(zip(at, curves[variant].tolist(), strict=True)), COLOURS[variant.empty_tile], STYLES[variant.score])
        for variant, label in labels.items()
    ]
    decided = [] if chosen is None or chosen.x is None else [round(chosen.x * LEVELS)]
    levels = sorted({*range(TABLE_STEP, LEVELS, TABLE_STEP), *decided})
    rows = [(f"{level / LEVELS:.3f}", *(f"{curve[level - 1]:.3f}" for curve in curves.values())) for level in levels]
    best = int(curves[maximised].argmax())
    return Plot(
        key="threshold",
        title="Score against threshold",
        x=unit_axis("threshold (a pixel at or above it is building)"),
        y=unit_axis(f"mean over {tiles} validation tiles (0 to 1)"),
        layers=[*lines, *([chosen] if chosen else [])],
        table=Table(("threshold", *labels.values()), rows),
        summary=f"The best threshold for all tiles is {at[best]:.3f}, with a {labels[maximised]} of "
        f"{curves[maximised][best]:.3f}.",
    )


def choice_mark(decision: Decision) -> Mark:
    """A decision with its validation score: at its threshold, or across the plot where each tile has its own."""
    rule, score = decision.rule, decision.scores.score
    caveat = "" if decision.scores.reliable else ", an unreliable interval"
    return Mark(f"chosen: {rule}; validation score {score}{caveat}", rule.threshold, score.mean, score.low, score.high)


def draw_learning_curves(history: History, name: str, path: Path) -> None:
    """Draws training loss, learning rate, IoU and score by epoch.

    Args:
        history: one row an epoch, as `history.csv` has them.
        name: of the run, for the title.
        path: the SVG file.
    """
    write_svg(f"{name}: learning curves", learning_plots(history), path)


def draw_threshold_curves(tuned: Tuned, name: str, path: Path) -> None:
    """Draws the mean scores of the validation tiles against the threshold, and what was chosen.

    Args:
        tuned: the curves and the choice.
        name: of the run or runs, for the title.
        path: the SVG file.
    """
    decision, competition = tuned.decision, tuned.competition
    curves = {variant: tuned.curves[variant] for variant in shown_variants(competition)}
    scores, mark = decision.scores, choice_mark(decision)
    plot = threshold_plot(curves, scores.tiles or 0, competition, scores.variant, mark)
    write_svg(f"{name}: score against threshold", [plot], path)


def write_svg(title: str, plots: Sequence[Plot], path: Path) -> None:
    """Writes plots side by side as one SVG file, whole or not at all."""
    legends = [[(kind, textwrap.wrap(name, WRAPPED)) for kind, name in plot.legend()] for plot in plots]
    lines = max(sum(len(wrapped) for _, wrapped in legend) for legend in legends)
    room = TITLE * len(plots)
    text = (
        environment()
        .get_template("figure.svg.j2")
        .render(
            title=title,
            heading=title if len(title) <= room else f"...{title[3 - room :]}",
            plots=list(zip(plots, legends, strict=True)),
            step=WIDTH + GAP,
            height=40 + HEIGHT + LINE * lines + 12,
            line=LINE,
            style=svg_style(),
        )
    )
    write_atomic(path, text)


def svg_style() -> str:
    """The style of plots with each colour spelled out, for some viewers of SVG files know no variables."""
    colours, plots, figure = (
        (TEMPLATES / file).read_text(encoding="utf-8") for file in ("colours.css", "plot.css", "figure.css")
    )
    light, dark = (dict(re.findall(r"(--[\w-]+): (#\w+);", part)) for part in colours.split("@media"))
    rules = figure + "".join(rule for rule in plots.splitlines(keepends=True) if rule.startswith((".axes", "path")))
    return f"{spelled_out(rules, light)}@media (prefers-color-scheme: dark) {{\n{spelled_out(rules, light | dark)}}}\n"


def spelled_out(rules: str, colours: Mapping[str, str]) -> str:
    """A style with the values of its variables in their place.

    >>> spelled_out(".title { fill: var(--ink); }", {"--ink": "#1f2328"})
    '.title { fill: #1f2328; }'
    """
    return re.sub(r"var\((--[\w-]+)\)", lambda name: colours[name[1]], rules)
