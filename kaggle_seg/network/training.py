"""Training one network: AdamW with warm-up and cosine decay, averaged weights, exact resumption."""

from __future__ import annotations

import itertools
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from tqdm import tqdm

from kaggle_seg.config import RunSettings
from kaggle_seg.network import backup
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.fold import Fold, TrainingTiles
from kaggle_seg.run_directory import Run, read_json, write_json

DEFAULT_EPOCHS = 40
CALIBRATION_SECONDS = 30.0


def train_fold(
    run: Run, settings: RunSettings, tiles: TrainingTiles, after_epoch: Callable[[Progress], None] | None = None
) -> Progress:
    """Trains a network, or takes up its training, until all epochs are done.

    Leaves `model.keras` (the best averaged weights), `history.csv` and `backup/` in the run's folder, up to date after
    every epoch.

    Args:
        run: the run directory, held by the caller.
        settings: all that the training fixes.
        tiles: the fold.
        after_epoch: called after each epoch, e.g. to draw the learning curves.

    Raises:
        Failure: the loss is no longer finite; names step and tiles.
    """
    fold = Fold(run, settings, tiles)
    progress = start(fold)
    fold.publish(progress)
    print(f"train: {fold.steps.words}", file=sys.stderr)
    bar = tqdm(
        total=progress.epochs * len(fold.batches), initial=progress.epoch * len(fold.batches), unit="step", disable=None
    )
    with bar:
        while progress.epoch < progress.epochs:
            fold.epoch(progress, bar)
            fold.save(progress)
            fold.publish(progress)
            tqdm.write(describe(progress), file=sys.stderr)
            if after_epoch:
                after_epoch(progress)
    return progress


def start(fold: Fold) -> Progress:
    """Makes the fold's network anew, or with the values of the last finished epoch."""
    found = backup.latest(fold.run.folder / "backup")
    if not found:
        progress = Progress(plan_epochs(fold))
        fold.make(progress.epochs)
        return progress
    progress, state, best = backup.load(found)
    fold.resume(progress, state, best)
    print(f"taking up the training after epoch {progress.epoch} of {progress.epochs}", file=sys.stderr)
    return progress


def plan_epochs(fold: Fold) -> int:
    """The epochs to train: as asked, or as many as the minutes allow, measured once and written down."""
    training = fold.settings.training
    if training.epochs or not training.minutes:
        return training.epochs or DEFAULT_EPOCHS
    plan = fold.run.folder / "plan.json"
    if not plan.exists():
        fold.make(1_000_000)
        write_json(plan, measure_speed(fold, training.minutes * 60))
    epochs = int(read_json(plan)["epochs"])
    print(f"{epochs} epochs fit into {training.minutes:g} minutes", file=sys.stderr)
    return epochs


def measure_speed(fold: Fold, budget: float) -> dict[str, Any]:
    """Trains for up to half a minute, to be thrown away, and validates a little.

    Args:
        fold: made anew; of no use afterwards.
        budget: seconds for the whole training, this measurement included.
    """
    started, seconds = time.monotonic(), []
    before = started
    for losses, _ in itertools.chain.from_iterable(fold.steps.epoch(number) for number in itertools.count(1)):
        seconds.append((time.monotonic() - before) / len(losses))
        before = time.monotonic()
        if before - started > min(CALIBRATION_SECONDS, budget / 20) and len(seconds) >= 4:
            break
    step = float(np.median(seconds[2:]))
    few = fold.tiles.validation[: 2 * fold.settings.training.batch_size]
    fold.validate(few)  # traces
    before = time.monotonic()
    fold.validate(few)
    tile = (time.monotonic() - before) / max(1, len(few))
    statistics = min(fold.settings.training.statistics_batches, len(fold.batches)) * step / 2
    epoch = len(fold.batches) * step + len(fold.tiles.validation) * tile + statistics
    epochs = max(1, int((budget - (time.monotonic() - started)) / epoch))
    return {"epochs": epochs, "seconds_a_step": round(step, 4), "seconds_an_epoch": round(epoch, 2)}


def describe(progress: Progress) -> str:
    """The line of the epoch just finished."""
    row = progress.history[-1]
    left = (progress.epochs - progress.epoch) * progress.seconds / progress.epoch
    ends = time.strftime("%H:%M", time.localtime(time.time() + left))
    best = " *" if progress.best_epoch == progress.epoch else ""
    return (
        f"epoch {progress.epoch:>3}/{progress.epochs}  loss {row['loss']:.4f}  validation IoU {row['validation_iou']:.3f}  "
        f"score {row['validation_score']:.3f}{best}  {row['seconds']:.0f} s" + (f"  ends {ends}" if left else "")
    )


def clear(run: Run) -> None:
    """Forgets a training: backup, model, history and the plan of its epochs."""
    shutil.rmtree(run.folder / "backup", ignore_errors=True)
    for name in ("model.keras", "history.csv", "plan.json", "run.toml", "learning-curves.svg", "learning-curves.png"):
        (run.folder / name).unlink(missing_ok=True)
