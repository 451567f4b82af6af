"""Averaged weights: the model that is validated and kept, apart from the one that is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

STATISTICS_MOMENTUM = 0.99  # so near 1 that all the batches of `measure_statistics` weigh alike


def values(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    """Copies of the variables' values."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: Sequence[keras.Variable], saved: Sequence[np.ndarray]) -> None:
    """Gives the variables the saved values."""
    for variable, value in zip(variables, saved, strict=True):
        variable.assign(value)


def copy_averages(model: keras.Model, optimizer: keras.optimizers.Optimizer, averaged: keras.Model) -> None:
    """Puts the optimiser's running average of the trainable weights into `averaged`, and leaves `model` as it is.

    Args:
        model: trained by that optimiser.
        optimizer: one with `use_ema=True`.
        averaged: a clone of the model.
    """
    weights = values(model.trainable_variables)
    optimizer.finalize_variable_values(model.trainable_variables)  # Keras's public way to its averages
    # copies, for on JAX a shared buffer dies with the first that consumes it
    assign(averaged.variables, values(model.variables))
    assign(model.trainable_variables, weights)


class Statistics:
    """Measures batch normalisation's mean and variance anew on training batches.

    The averaged weights never saw the statistics that the trained ones gathered; with those, the averaged model would
    be another function. All the batches weigh nearly alike: the running mean starts at 0 and its known shortfall,
    1 - momentum^n, is divided out at the end.
    """

    def __init__(self, averaged: keras.Model) -> None:
        """Takes the model whose statistics are to be measured."""
        normalisations = [layer for layer in averaged.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self.layers = [layer for layer in normalisations if layer.trainable]  # frozen ones keep what they came with
        self.learning = _Learning(averaged)

    def measure(self, batches: Iterator[np.ndarray]) -> None:
        """Changes the model's statistics in place.

        Args:
            batches: images uint8 (B, H, W, 3), transformed as in training.
        """
        if not self.layers:
            return
        momenta = [layer.momentum for layer in self.layers]
        for layer in self.layers:
            layer.momentum = STATISTICS_MOMENTUM
            for statistic in (layer.moving_mean, layer.moving_variance):
                statistic.assign(np.zeros(statistic.shape, np.float32))
        count = sum(len(self.learning.predict_on_batch(images)) > 0 for images in batches)
        for layer, momentum in zip(self.layers, momenta, strict=True):
            layer.momentum = momentum
            for statistic in (layer.moving_mean, layer.moving_variance):
                statistic.assign(statistic / (1.0 - STATISTICS_MOMENTUM**count))


class _Learning(keras.Model):
    """A model that gathers statistics when it predicts: so it runs compiled, in half the time."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__(name="statistics")
        self.model = model

    def call(self, images: Any) -> Any:
        return keras.ops.mean(self.model(images, training=True), axis=(1, 2, 3))


class Overlaps(keras.Model):
    """Counts, on the model's own device, the pixels that its masks at threshold 0.5 share with the true ones."""

    def __init__(self, model: keras.Model) -> None:
        """Takes a model from images uint8 (B, H, W, 3) to logits (B, H, W, 1)."""
        super().__init__(name="overlaps")
        self.model = model

    def of(self, batch: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Intersection and union, int32 (B,) each, for images uint8 (B, H, W, 3) and masks uint8 (B, H, W) of 0 and 1."""
        return self.predict_on_batch(list(batch))

    def call(self, batch: Any) -> Any:
        images, masks = batch
        predicted, true = self.model(images, training=False)[..., 0] >= 0, masks > 0
        both, either = keras.ops.logical_and(predicted, true), keras.ops.logical_or(predicted, true)
        return tuple(keras.ops.sum(keras.ops.cast(pixels, "int32"), axis=(1, 2)) for pixels in (both, either))
