"""The learning curves of a run, redrawn after every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kaggle_seg.pages.curves import BLUE, GREY, RED, save


def draw_learning_curves(history: Sequence[Mapping[str, float]], name: str, path: Path) -> None:
    """Draws loss, validation IoU, validation score and learning rate by epoch.

    Args:
        history: one row an epoch, as `history.csv` has them.
        name: of the run, for the title.
        path: the PNG.
    """
    from matplotlib.figure import Figure

    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    figure.suptitle(f"{name}: learning curves")
    loss, score = figure.subplots(1, 2)
    loss.plot(epochs, [row["loss"] for row in history], color=BLUE, marker=".", label="loss")
    loss.set(xlabel="epoch", ylabel="training loss (mean of a tile)", title="What is minimised")
    rate = loss.twinx()
    rate.plot(epochs, [row["learning_rate"] for row in history], color=GREY, linestyle=":", label="learning rate")
    rate.set(ylabel="learning rate (dotted)", ylim=(0, None))
    score.plot(epochs, [row["validation_iou"] for row in history], color=RED, marker=".", label="mean IoU of a tile")
    score.plot(epochs, [row["validation_score"] for row in history], color=BLUE, marker=".", label="competition score")
    score.set(xlabel="epoch", ylabel="validation, threshold 0.5 (0 to 1)", title="What is earned", ylim=(0, 1))
    score.legend(loc="lower right")
    for axes in (loss, score):
        axes.grid(alpha=0.25)
        axes.xaxis.get_major_locator().set_params(integer=True)
    save(figure, path)
