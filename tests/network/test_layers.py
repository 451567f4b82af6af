"""The fused batch normalisation is Keras's own, but faster."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kaggle_seg.network.layers import FusedBatchNormalization, ReflectPadding


def pair(**settings: float) -> tuple[keras.layers.Layer, keras.layers.Layer]:
    return FusedBatchNormalization(**settings), keras.layers.BatchNormalization(**settings)


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(3).normal(2, 5, (4, 6, 5, 3)).astype(np.float32)


def test_training_normalises_as_keras_does(features: np.ndarray) -> None:
    fused, plain = pair(momentum=0.9)
    np.testing.assert_allclose(fused(features, training=True), plain(features, training=True), atol=1e-5)


def test_running_statistics_are_those_of_keras_but_for_the_unbiased_variance(features: np.ndarray) -> None:
    fused, plain = pair(momentum=0.5)
    fused(features, training=True)
    plain(features, training=True)
    count = features[..., 0].size
    np.testing.assert_allclose(fused.moving_mean, plain.moving_mean, rtol=1e-5)
    batch_variance = (np.array(plain.moving_variance) - 0.5) / 0.5
    np.testing.assert_allclose(
        (np.array(fused.moving_variance) - 0.5) / 0.5, batch_variance * count / (count - 1), rtol=1e-4
    )


def test_inference_uses_the_running_statistics(features: np.ndarray) -> None:
    fused, plain = pair()
    for layer in (fused, plain):
        layer.build(features.shape)
        layer.set_weights([np.array(row, np.float32) for row in ([1, 2, 3], [0, 1, -1], [2, 0, 1], [4, 9, 1])])
    np.testing.assert_allclose(fused(features, training=False), plain(features, training=False), atol=1e-5)


@pytest.mark.parametrize("changes", [{"scale": False}, {"center": False}, {"scale": False, "center": False}, {"axis": 1}])
def test_without_a_scale_or_an_offset_and_on_another_axis(changes: dict[str, float], features: np.ndarray) -> None:
    for training in (True, False):
        fused, plain = pair(**changes)
        found, wanted = fused(features, training=training), plain(features, training=training)
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_gradients_are_those_of_keras(features: np.ndarray) -> None:
    import tensorflow as tf

    gradients = []
    for layer in pair():
        inputs = tf.Variable(features)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(layer(inputs, training=True)))
        gradients.append(tape.gradient(loss, [inputs, *layer.trainable_variables]))
    for fused, plain in zip(*gradients, strict=True):
        np.testing.assert_allclose(fused, plain, atol=2e-4)


def test_a_frozen_layer_learns_no_statistics(features: np.ndarray) -> None:
    layer = FusedBatchNormalization(trainable=False)
    layer(features, training=True)
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(3))


def test_padding_reflects() -> None:
    image = np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1)
    padded = np.array(ReflectPadding(((1, 0), (0, 2)))(image))
    assert padded[0, :, :, 0].tolist() == [[3, 4, 5, 4, 3], [0, 1, 2, 1, 0], [3, 4, 5, 4, 3]]
