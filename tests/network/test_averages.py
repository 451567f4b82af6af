"""Averaged weights and their statistics, against sums by hand."""

from __future__ import annotations

import keras
import numpy as np

from kaggle_seg.network.averages import Overlaps, Statistics, copy_averages
from kaggle_seg.network.layers import FusedBatchNormalization


def test_averages_are_the_exponential_ones_and_leave_the_trained_weights() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    optimizer.build(model.trainable_variables)
    averaged = keras.models.clone_model(model)
    seen = []
    for _ in range(3):
        optimizer.apply([keras.ops.ones((2, 1))], model.trainable_variables)
        seen.append(np.array(model.get_weights()[0]))
    copy_averages(model, optimizer, averaged)
    np.testing.assert_array_equal(model.get_weights()[0], seen[-1])
    np.testing.assert_allclose(averaged.get_weights()[0], 0.25 * seen[0] + 0.25 * seen[1] + 0.5 * seen[2], rtol=1e-5)


def test_statistics_are_the_mean_of_the_batches() -> None:
    model = keras.Sequential([keras.Input((4, 4, 2)), FusedBatchNormalization(momentum=0.9)])
    random = np.random.default_rng(1)
    batches = [random.normal(size, 1 + size, (2, 4, 4, 2)).astype(np.float32) for size in range(3)]
    Statistics(model).measure(iter(batches))
    layer = model.layers[0]
    means = [batch.mean((0, 1, 2)) for batch in batches]
    variances = [batch.var((0, 1, 2), ddof=1) for batch in batches]
    np.testing.assert_allclose(layer.moving_mean, np.mean(means, 0), atol=0.02)
    np.testing.assert_allclose(layer.moving_variance, np.mean(variances, 0), rtol=0.02)
    assert layer.momentum == 0.9


def test_overlaps_are_counted_at_threshold_one_half() -> None:
    """A model that passes on its image's red: a logit of 0 or more is a building."""
    images = keras.Input((1, 4, 3), dtype="uint8")
    logits = keras.layers.Rescaling(1.0, offset=-128.0)(images)
    model = keras.Model(images, keras.layers.Conv2D(1, 1, use_bias=False)(logits))
    model.set_weights([np.array([1, 0, 0], np.float32).reshape(1, 1, 3, 1)])
    pixels = np.zeros((1, 1, 4, 3), np.uint8)
    pixels[0, 0, :, 0] = [127, 128, 200, 0]
    intersection, union = Overlaps(model).of((pixels, np.array([[[1, 1, 0, 0]]], np.uint8)))
    assert (list(intersection), list(union)) == ([1], [3])
