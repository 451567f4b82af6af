"""The training steps of an epoch: fed batch by batch, or, on a card that holds the tiles, many steps a dispatch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import keras
import numpy as np

from kaggle_seg.network import machine
from kaggle_seg.network.resident import BACKENDS, ResidentSteps
from kaggle_seg.tiles.batches import Batches

MOST_ON_CARD = 4 << 30  # bytes of tiles; the smallest cards in use have 15 GiB


class Steps(Protocol):
    """Trains a model epoch by epoch.

    Attributes:
        words: how it is fed, for people.
    """

    words: str

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Trains one epoch.

        Yields:
            Part by part, the loss of each step, float (S,), and the rows of its tiles, int (S, B).
        """


class FedSteps:
    """Trains on batches that the processor gathers, one step a call."""

    words = "tiles fed batch by batch"

    def __init__(self, model: keras.Model, batches: Batches) -> None:
        """Takes the compiled model and what it is trained on."""
        self.model, self.batches = model, batches

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """See `Steps`."""
        for images, masks, rows in self.batches.epoch(number):
            yield np.array([self.model.train_on_batch(images, masks)], float), rows[np.newaxis]


def make_steps(model: keras.Model, batches: Batches, loss: keras.losses.Loss, precision: str) -> Steps:
    """The fastest way to train on this machine.

    Args:
        model: compiled with that loss.
        batches: what it is trained on.
        loss: from masks and logits to a scalar.
        precision: what the model computes in.
    """
    size = len(batches.rows) * (batches.images[0].nbytes + batches.masks[0].nbytes)
    scaled = precision == "mixed_float16" and keras.backend.backend() != "tensorflow"  # Keras scales losses in its own step
    if machine.has_gpu() and keras.backend.backend() in BACKENDS and size <= MOST_ON_CARD and not scaled:
        return ResidentSteps(model, batches, loss)
    return FedSteps(model, batches)
