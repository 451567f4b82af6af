"""All epochs of a training: how many, one after another, each kept so that a later start takes up after it."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from kaggle_seg.config import DEFAULT_EPOCHS, RunSettings
from kaggle_seg.network import backup
from kaggle_seg.network.averages import assign
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.trainer import Trainer, TrainingTiles
from kaggle_seg.output import read_json, write_atomic, write_json
from kaggle_seg.run_directory import Run

CALIBRATION_SECONDS = 30.0
UNKNOWN = 1_000_000  # epochs of a training that is measured and thrown away


def train_network(
    run: Run, settings: RunSettings, tiles: TrainingTiles, after_epoch: Callable[[Progress], None] | None = None
) -> Progress:
    """Trains a network, or takes up its training, until all epochs are done.

    Leaves `model.keras` (the best averaged weights), `history.csv` and `backup/` in the run's folder, up to date after
    every epoch.

    Args:
        run: the run directory, held by the caller.
        settings: all that the training fixes.
        tiles: what is trained on.
        after_epoch: called after each epoch, e.g. to draw the learning curves.

    Raises:
        BadInput: the saved state is damaged.
        Failure: the loss is no longer finite; names step and tiles.
    """
    trainer = start(run, settings, tiles)
    publish(run, trainer)
    progress, batches = trainer.progress, len(trainer.batches)
    print(f"train: {trainer.steps.feeding}", file=sys.stderr)
    with tqdm(total=progress.epochs * batches, initial=progress.epoch * batches, unit="step", disable=None) as bar:
        while progress.epoch < progress.epochs:
            trainer.epoch(bar)
            trainer.save(run.folder / "backup")
            publish(run, trainer)
            tqdm.write(describe(progress), file=sys.stderr)
            if after_epoch:
                after_epoch(progress)
    return progress


def start(run: Run, settings: RunSettings, tiles: TrainingTiles) -> Trainer:
    """A trainer at the beginning, or after the last finished epoch."""
    saved = backup.latest(run.folder / "backup")
    if not saved:
        return Trainer(settings, tiles, Progress(plan_epochs(run, settings, tiles)))
    progress, state, best = backup.load(saved)
    print(f"train: goes on after epoch {progress.epoch} of {progress.epochs}", file=sys.stderr)
    return Trainer(settings, tiles, progress, state, best)


def plan_epochs(run: Run, settings: RunSettings, tiles: TrainingTiles) -> int:
    """The epochs to train: as asked, or as many as the minutes allow, measured once and written down."""
    training = settings.training
    if training.epochs or not training.minutes:
        return training.epochs or DEFAULT_EPOCHS
    plan = run.folder / "plan.json"
    if not plan.exists():
        write_json(plan, measure_speed(Trainer(settings, tiles, Progress(UNKNOWN)), training.minutes * 60))
    epochs = int(read_json(plan)["epochs"])
    print(f"train: {epochs} epochs fit into {training.minutes:g} minutes", file=sys.stderr)
    return epochs


def measure_speed(trainer: Trainer, budget: float) -> dict[str, Any]:
    """Trains for up to half a minute, to be thrown away, and validates a little.

    Args:
        trainer: of no use afterwards.
        budget: seconds for the whole training, this measurement included.
    """
    started, seconds = time.monotonic(), []
    before = started
    for losses, _ in itertools.chain.from_iterable(trainer.steps.epoch(number) for number in itertools.count(1)):
        seconds.append((time.monotonic() - before) / len(losses))
        before = time.monotonic()
        if before - started > min(CALIBRATION_SECONDS, budget / 20) and len(seconds) >= 4:
            break
    step = float(np.median(seconds[2:]))
    few = trainer.tiles.validation[: 2 * trainer.settings.training.batch_size]
    trainer.validate(few)  # traces
    before = time.monotonic()
    trainer.validate(few)
    tile = (time.monotonic() - before) / max(1, len(few))
    statistics = min(trainer.settings.training.statistics_batches, len(trainer.batches)) * step / 2
    epoch = len(trainer.batches) * step + len(trainer.tiles.validation) * tile + statistics
    epochs = max(1, int((budget - (time.monotonic() - started)) / epoch))
    return {"epochs": epochs, "seconds_a_step": round(step, 4), "seconds_an_epoch": round(epoch, 2)}


def publish(run: Run, trainer: Trainer) -> None:
    """Brings `model.keras` and `history.csv` up to the state in `backup/`, from which alone they are made."""
    import pandas

    progress = trainer.progress
    if not progress.epoch:
        return
    if progress.best_epoch == progress.epoch or not run.model_file.exists():
        assign(trainer.averaged.variables, trainer.best)
        save_model(trainer.averaged, run.model_file)
    table = pandas.DataFrame(progress.history).to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_atomic(run.folder / "history.csv", table)


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a model as `.keras`, atomically."""
    temporary = path.with_name(f".{path.stem}.part.keras")
    model.save(temporary)
    temporary.replace(path)


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
