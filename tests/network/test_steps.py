"""The training step: the gradient's step of the loss that it gives, on whichever backend computes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kaggle_seg.network.steps import FedSteps
from kaggle_seg.tiles.batches import Batches

RATE = 0.5


def make_steps() -> tuple[FedSteps, keras.Model]:
    """One weight, which multiplies the mean of each tile; the loss is half the square of what that misses the mask by."""
    images = keras.Input((2, 2, 3), dtype="uint8")
    features = keras.layers.Rescaling(1 / 100)(images)
    features = keras.layers.GlobalAveragePooling2D(keepdims=True)(features)
    features = keras.layers.Lambda(lambda colours: colours[..., :1])(features)
    model = keras.Model(images, keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")(features))
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    random = np.random.default_rng(0)
    tiles, masks = random.integers(0, 200, (6, 2, 2, 3), np.uint8), random.integers(0, 2, (6, 1, 1), np.uint8)
    masks = masks.repeat(2, 1).repeat(2, 2)

    def loss(truth: keras.KerasTensor, outputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.mean(keras.ops.square(outputs - keras.ops.cast(truth[:, :1, :1], "float32"))) / 2

    return FedSteps(model, optimizer, loss, Batches(tiles, masks, np.arange(6), 2, seed=0)), model


def test_each_step_gives_its_own_loss_and_goes_down_its_gradient() -> None:
    """Over two epochs, against the formula: with Keras 3.13, `train_on_batch` gave the mean of the losses so far."""
    steps, model = make_steps()
    weight = 1.0
    for number in (1, 2):
        for (losses, rows), (images, masks, wanted) in zip(steps.epoch(number), steps.batches.epoch(number), strict=True):
            np.testing.assert_array_equal(rows, wanted[np.newaxis])
            means, truth = images[..., 0].mean((1, 2)) / 100, masks[:, 0, 0, 0]
            missed = weight * means - truth
            assert losses == pytest.approx([np.mean(missed**2) / 2], rel=1e-5)
            weight -= RATE * np.mean(missed * means)
        assert float(np.squeeze(model.get_weights()[0])) == pytest.approx(weight, rel=1e-5)


def test_a_step_changes_batch_statistics_and_draws_dropout_anew() -> None:
    images = keras.Input((4, 4, 3), dtype="uint8")
    features = keras.layers.BatchNormalization(momentum=0.5)(keras.layers.Rescaling(1.0)(images))
    outputs = keras.layers.Conv2D(1, 1)(keras.layers.Dropout(0.5)(features))
    model, optimizer = keras.Model(images, outputs), keras.optimizers.SGD(0.0)
    optimizer.build(model.trainable_variables)
    tiles = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), np.uint8)
    batches = Batches(tiles, np.zeros((2, 4, 4), np.uint8), np.arange(2), 2, seed=0)
    steps = FedSteps(model, optimizer, keras.losses.BinaryCrossentropy(from_logits=True), batches)
    ((first,), _), *_ = steps.epoch(1)
    mean = keras.ops.convert_to_numpy(model.layers[2].moving_mean)
    np.testing.assert_allclose(mean, 0.5 * tiles.mean((0, 1, 2)), rtol=1e-5)
    ((second,), _), *_ = steps.epoch(1)
    assert first != second, "dropout alone differs: the rate is 0 and training normalises by the batch"
