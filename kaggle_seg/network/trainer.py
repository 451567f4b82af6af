"""One network in training: made from the seed or from a saved state, trained and validated epoch by epoch."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from kaggle_seg.competition import Competition
from kaggle_seg.config import RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.masks import scores
from kaggle_seg.network import backup, machine, unet
from kaggle_seg.network.averages import Overlaps, Statistics, assign, copy_averages, values
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.device_steps import fastest_steps
from kaggle_seg.network.encoders.features import PREFIX, is_frozen
from kaggle_seg.network.encoders.weight_files import find_weights
from kaggle_seg.network.losses import make_loss
from kaggle_seg.network.optimizer import make_optimizer
from kaggle_seg.output import shown
from kaggle_seg.splits.splitting import Split
from kaggle_seg.tiles.batches import Batches
from kaggle_seg.tiles.cache import TileCache
from kaggle_seg.tiles.reading import ahead


@dataclass(frozen=True)
class TrainingTiles:
    """What a network is trained on, and what it is judged by.

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
    competition: Competition


def tiles_of(cache: TileCache, split: Split, settings: TrainingSettings, competition: Competition) -> TrainingTiles:
    """The tiles that a split trains on, or as many of them as the settings allow, drawn by the seed; and its validation.

    Raises:
        BadInput: there are no masks.
    """
    tiles = cache.training
    if tiles.masks is None:
        raise BadInput(f"{shown(cache.data)}: the training tiles have no masks")
    held_out = set(split.validation)
    apart = held_out | set(split.excluded)
    training = np.array([row for row, name in enumerate(tiles.ids) if name not in apart])
    validation = np.array([row for row, name in enumerate(tiles.ids) if name in held_out])
    if settings.training_tiles and settings.training_tiles < len(training):
        drawn = np.random.default_rng(settings.seed).choice(training, settings.training_tiles, replace=False)
        training = np.sort(drawn)
    return TrainingTiles(tiles.images, tiles.masks, tiles.ids, training, validation, competition)


class Trainer:
    """One network in training.

    Attributes:
        progress: how far it is.
        model: what is trained.
        averaged: a clone with its averaged weights, which is validated and kept.
        best: the values of the averaged model's variables after the best epoch.
        steps: how an epoch is trained.
    """

    def __init__(
        self,
        settings: RunSettings,
        tiles: TrainingTiles,
        progress: Progress,
        state: Sequence[np.ndarray] = (),
        best: Sequence[np.ndarray] = (),
    ) -> None:
        """Makes network and optimiser from the seed.

        Args:
            settings: all that the training fixes.
            tiles: what is trained on.
            progress: how far the training is.
            state: the values that model and optimiser had there, as `backup.load` gives them; none at the start.
            best: those of the best averaged model until there.
        """
        self.settings, self.tiles, self.progress, self.best = settings, tiles, progress, list(best)
        training, (height, width) = settings.training, tiles.masks.shape[1:]
        self.batches = Batches(tiles.images, tiles.masks, tiles.training, training.batch_size, training.seed)
        keras.utils.clear_session()
        keras.utils.set_random_seed(training.seed)
        precision = machine.choose_precision(training.precision)
        self.model = unet.build(settings.network, height, width, precision)
        self.averaged = keras.models.clone_model(self.model)
        self.statistics, self.overlaps = Statistics(self.averaged), Overlaps(self.averaged)
        learned = find_weights(settings.network) and not is_frozen(settings.network)
        rates = {PREFIX: training.encoder_rate} if learned else {}
        self.optimizer = make_optimizer(training, progress.epochs * len(self.batches), precision, rates)
        self.optimizer.build(self.model.trainable_variables)
        self.steps = fastest_steps(self.model, self.optimizer, make_loss(training.loss), self.batches)
        if state:
            assign(self._variables(), state)

    def epoch(self, bar: tqdm) -> None:
        """Trains and validates one epoch.

        Raises:
            Failure: the loss is no longer finite; names step and tiles.
        """
        started, number, progress = time.monotonic(), self.progress.epoch + 1, self.progress
        self._seed_dropout(number)
        losses: list[float] = []
        for part, rows in self.steps.epoch(number):
            if wrong := np.flatnonzero(~np.isfinite(part)).tolist():
                raise Failure(self._not_finite(part[wrong[0]], number, len(losses) + wrong[0] + 1, rows[wrong[0]]))
            losses += part.tolist()
            bar.set_postfix_str(f"epoch {number}/{progress.epochs}, loss {sum(losses) / len(losses):.3f}", refresh=False)
            bar.update(len(part))
        copy_averages(self.model, self.optimizer, self.averaged)
        self.statistics.measure(self._statistics_batches(number))
        iou, score = self.validate(self.tiles.validation)
        progress.epoch = number
        progress.seconds += time.monotonic() - started
        progress.history.append(
            {
                "epoch": number,
                "loss": float(np.mean(losses)),
                "learning_rate": float(keras.ops.convert_to_numpy(self.optimizer.learning_rate)),
                "validation_iou": iou,
                "validation_score": score,
                "seconds": round(time.monotonic() - started, 2),
            }
        )
        # later epochs, at a lower rate, are preferred at equal scores
        if score >= progress.best_score:
            progress.best_epoch, progress.best_score = number, score
            self.best = values(self.averaged.variables)

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

    def save(self, folder: Path) -> None:
        """Keeps all that a later start needs."""
        backup.save(folder, self.progress, values(self._variables()), self.best)

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.optimizer.variables]

    def _statistics_batches(self, epoch: int) -> Iterator[np.ndarray]:
        few = itertools.islice(self.batches.epoch(epoch), self.settings.training.statistics_batches)
        return (images for images, _, _ in few)

    def _seed_dropout(self, epoch: int) -> None:
        """Makes what dropout drops a matter of (seed, epoch), as the order of the tiles is."""
        for layer in self.model.layers:
            if generator := getattr(layer, "seed_generator", None):
                generator.state.assign([self.settings.training.seed, epoch])

    def _not_finite(self, loss: float, epoch: int, step: int, rows: np.ndarray) -> str:
        names = ", ".join(sorted({self.tiles.ids[row] for row in rows}, key=lambda name: (len(name), name)))
        return (
            f"the loss is {loss} at step {step} of epoch {epoch}, on tiles {names}; train anew with --restart and "
            f"a smaller --learning-rate (now {self.settings.training.learning_rate:g}) or --precision float32"
        )
