"""One network in training: its epochs, its validation, what it leaves on disk."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.config import RunSettings, TrainingSettings
from kaggle_seg.errors import Failure
from kaggle_seg.masks import scores
from kaggle_seg.network import backup, machine, unet
from kaggle_seg.network.averages import Overlaps, Statistics, copy_averages
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.losses import make_loss
from kaggle_seg.network.steps import make_steps
from kaggle_seg.run_directory import Run, write_atomic
from kaggle_seg.tiles.batches import Batches
from kaggle_seg.tiles.reading import ahead


@dataclass(frozen=True)
class TrainingTiles:
    """The tiles of one fold: what is trained on, and what it is judged by.

    Attributes:
        images: uint8 (N, H, W, 3), memory-mapped.
        masks: uint8 (N, H, W) of 0 and 1, memory-mapped.
        ids: the tiles' ids (N).
        training: int, rows that are trained on.
        validation: int, rows that are never trained on.
        competition: by whose score they are judged.
    """

    images: np.ndarray
    masks: np.ndarray
    ids: list[str]
    training: np.ndarray
    validation: np.ndarray
    competition: Competition = DEFAULT


class Fold:
    """One network in training."""

    def __init__(self, run: Run, settings: RunSettings, tiles: TrainingTiles) -> None:
        self.run, self.settings, self.tiles = run, settings, tiles
        training = settings.training
        self.precision = machine.choose_precision(training.precision)
        self.batches = Batches(tiles.images, tiles.masks, tiles.training, training.batch_size, training.seed)
        self.best: list[np.ndarray] = []

    def resume(self, progress: Progress, state: list[np.ndarray], best: list[np.ndarray]) -> None:
        """Makes the network with the values of a finished epoch, as `backup.load` gives them."""
        self.make(progress.epochs)
        backup.assign(self._state(), state)
        self.best = best

    def epoch(self, progress: Progress, bar: tqdm) -> None:
        """Trains and validates one epoch; `progress` tells of it."""
        started, number = time.monotonic(), progress.epoch + 1
        self._seed_dropout(number)
        losses: list[float] = []
        for found, rows in self.steps.epoch(number):
            if wrong := np.flatnonzero(~np.isfinite(found)).tolist():
                raise Failure(self._not_finite(found[wrong[0]], number, len(losses) + wrong[0] + 1, rows[wrong[0]]))
            losses += found.tolist()
            bar.set_postfix_str(f"epoch {number}/{progress.epochs}, loss {sum(losses) / len(losses):.3f}", refresh=False)
            bar.update(len(found))
        copy_averages(self.model, self.averaged)
        self.statistics.measure(self._statistics_batches(number))
        iou, score = self.validate(self.tiles.validation)
        progress.epoch = number
        progress.seconds += time.monotonic() - started
        progress.history.append(
            {
                "epoch": number,
                "loss": float(np.mean(losses)),
                "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
                "validation_iou": iou,
                "validation_score": score,
                "seconds": round(time.monotonic() - started, 2),
            }
        )
        # later epochs, at a lower rate, are preferred at equal scores
        if score >= progress.best_score:
            progress.best_epoch, progress.best_score = number, score
            self.best = backup.values(self.averaged.variables)

    def save(self, progress: Progress) -> None:
        """Keeps all that a later start needs."""
        backup.save(self.run.folder / "backup", progress, backup.values(self._state()), self.best)

    def publish(self, progress: Progress) -> None:
        """Brings `model.keras` and `history.csv` up to the state in `backup/`, from which alone they are made."""
        if not progress.epoch:
            return
        if progress.best_epoch == progress.epoch or not self.run.model_file.exists():
            backup.assign(self.averaged.variables, self.best)
            save_model(self.averaged, self.run.model_file)
        columns = list(progress.history[0])
        rows = [",".join(columns), *(",".join(f"{row[name]:.6g}" for name in columns) for row in progress.history)]
        write_atomic(self.run.folder / "history.csv", "\n".join(rows) + "\n")

    def make(self, epochs: int) -> None:
        """Makes network and optimiser anew from the seed, for a training of so many epochs."""
        keras.utils.clear_session()
        keras.utils.set_random_seed(self.settings.training.seed)
        height, width = self.tiles.masks.shape[1:]
        self.model = unet.build(self.settings.network, height, width, self.precision)
        self.averaged = keras.models.clone_model(self.model)
        self.statistics = Statistics(self.averaged)
        self.overlaps = Overlaps(self.averaged)
        loss = make_loss(self.settings.training.loss)
        compile_model(self.model, self.settings.training, epochs * len(self.batches))
        self.model.optimizer.build(self.model.trainable_variables)
        self.steps = make_steps(self.model, self.batches, loss, self.precision)

    def _state(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def _statistics_batches(self, epoch: int) -> Iterator[np.ndarray]:
        few = itertools.islice(self.batches.epoch(epoch), self.settings.training.statistics_batches)
        return (images for images, _, _ in few)

    def _seed_dropout(self, epoch: int) -> None:
        """Makes what dropout drops a matter of (seed, epoch), as the order of the tiles is."""
        for layer in self.model.layers:
            if generator := getattr(layer, "seed_generator", None):
                generator.state.assign([self.settings.training.seed, epoch])

    def validate(self, rows: np.ndarray) -> tuple[float, float]:
        """Mean IoU and competition score of the averaged model's masks at threshold 0.5, exact, tile by tile."""
        size, competition = 2 * self.settings.training.batch_size, self.tiles.competition
        parts = (rows[start : start + size] for start in range(0, len(rows), size))
        batches = ahead(lambda part: (self.tiles.images[part], self.tiles.masks[part]), parts, most=2)
        intersection, union = (np.concatenate(both) for both in zip(*map(self.overlaps.of, batches), strict=True))
        return (
            float(np.mean(scores.ious(intersection, union, competition.empty_tile))),
            float(np.mean(scores.own_variant(competition).values(competition, intersection, union))),
        )

    def _not_finite(self, loss: float, epoch: int, step: int, rows: np.ndarray) -> str:
        names = ", ".join(sorted({self.tiles.ids[row] for row in rows}, key=lambda name: (len(name), name)))
        return (
            f"the loss is {loss} at step {step} of epoch {epoch}, on tiles {names}; train anew with --restart and "
            f"a smaller --learning-rate (now {self.settings.training.learning_rate:g}) or --precision float32"
        )


def compile_model(model: keras.Model, training: TrainingSettings, steps: int) -> None:
    """Gives a model its loss and its optimiser for a training of `steps` steps."""
    warmup = max(1, round(steps * training.warmup))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup), alpha=0.0, warmup_target=training.learning_rate, warmup_steps=warmup
    )
    # a short training has no time for a long average: at most its last tenth
    averaging = min(training.averaging, 1 - 1 / max(2.0, steps / 10))
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=training.weight_decay, global_clipnorm=1.0, use_ema=True, ema_momentum=averaging
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if any(layer.compute_dtype == "float16" for layer in model.layers):  # Keras looks at the model's own policy alone
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer, make_loss(training.loss), jit_compile="auto")


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a model as `.keras`, atomically."""
    temporary = path.with_name(f".{path.stem}.part.keras")
    model.save(temporary)
    temporary.replace(path)
