"""The report's learning curves."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from kaggle_seg.errors import BadInput
from kaggle_seg.pages.plot import Line, Mark, Plot, Table, nice_axis, unit_axis
from kaggle_seg.run_directory import Run, shown

COLUMNS = ("epoch", "loss", "learning_rate", "validation_iou", "validation_score", "seconds")
HEADINGS = ("epoch", "training loss", "learning rate", "mean IoU", "competition score", "seconds")


def learning_plots(run: Run) -> list[Plot]:
    """Loss with the learning rate, and what validation earns, by epoch.

    Raises:
        BadInput: nothing was trained here, or history.csv is damaged.
    """
    history = read_history(run.folder / "history.csv")
    table = Table(HEADINGS, [tuple(f"{row[name]:g}" for name in COLUMNS) for row in history])
    return [loss_plot(history, table), earnings_plot(history, table)]


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of a history, oldest first.

    Raises:
        BadInput: there is none, or it is no history.
    """
    if not path.is_file():
        raise BadInput(f"{shown(path)}: not there; nothing was trained in this run directory yet")
    remedy = "restore it, or start the training again, which writes it anew"
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            history = [{name: float(row[name]) for name in COLUMNS} for row in csv.DictReader(stream, strict=True)]
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise BadInput(f"{shown(path)}: not a history of epochs ({error!r}); {remedy}") from error
    if not history:
        raise BadInput(f"{shown(path)}: no epoch in it; {remedy}")
    return history


def points(history: Sequence[Mapping[str, float]], name: str) -> list[tuple[float, float]]:
    """A column by epoch."""
    return [(row["epoch"], row[name]) for row in history]


def loss_plot(history: Sequence[Mapping[str, float]], table: Table) -> Plot:
    """What is minimised, and the learning rate."""
    losses = [row["loss"] for row in history]
    rates = [row["learning_rate"] for row in history]
    return Plot(
        key="loss",
        title="Training loss and learning rate",
        x=nice_axis("epoch", history[0]["epoch"], history[-1]["epoch"], whole=True),
        y=nice_axis("loss (mean of a tile)", min(losses), max(losses)),
        layers=[
            Line("training loss (left)", points(history, "loss"), "blue"),
            Line("learning rate (right)", points(history, "learning_rate"), "grey", "dotted", second=True),
        ],
        table=table,
        summary=f"The training loss goes from {losses[0]:.3f} to {losses[-1]:.3f} in {len(history)} epochs.",
        second=nice_axis("learning rate", 0.0, max(rates)),
    )


def earnings_plot(history: Sequence[Mapping[str, float]], table: Table) -> Plot:
    """Mean IoU and competition score of the validation tiles."""
    # later epochs are preferred at equal scores, as in training
    best = max(history, key=lambda row: (row["validation_score"], row["epoch"]))
    return Plot(
        key="earnings",
        title="Validation tiles at threshold 0.5",
        x=nice_axis("epoch", history[0]["epoch"], history[-1]["epoch"], whole=True),
        y=unit_axis("mean of a tile (0 to 1)"),
        layers=[
            Mark(f"weights kept: epoch {best['epoch']:.0f}", best["epoch"]),
            Line("mean IoU", points(history, "validation_iou"), "orange"),
            Line("competition score", points(history, "validation_score"), "blue"),
        ],
        table=table,
        summary=f"The best competition score, {best['validation_score']:.3f}, is that of epoch {best['epoch']:.0f}.",
    )
