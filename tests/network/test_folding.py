"""The folded network: the same probabilities from fewer operations."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings
from kaggle_seg.network import unet
from kaggle_seg.network.folding import folded

SMALL = NetworkSettings(base_filters=4, depth=1)


def trained(settings: NetworkSettings, precision: str = "float32") -> keras.Model:
    """A network whose normalisations have statistics, scales and offsets that matter."""
    keras.utils.set_random_seed(3)
    model, random = unet.build(settings, 16, 12, precision), np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.gamma.shape[0]
            layer.set_weights(
                [random.uniform(0.5, 2, count), *random.normal(0, 0.5, (2, count)), random.uniform(0.5, 2, count)]
            )
    return model


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 16, 12, 3), np.uint8)


@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        replace(SMALL, stem="full"),
        replace(SMALL, residual=True),
        replace(SMALL, normalisation="group"),
        replace(SMALL, normalisation="none", upsampling="bilinear"),
        replace(SMALL, depth=2, dropout=0.5),
    ],
    ids=["default", "full", "residual", "group", "none", "padded"],
)
def test_probabilities_are_those_of_the_trained_network(settings: NetworkSettings, images: np.ndarray) -> None:
    model = trained(settings)
    logits = np.asarray(model.predict_on_batch(images), np.float64)[..., 0]
    found = folded(model, settings, "float32").predict_on_batch(images)
    assert found.shape == (5, 16, 12)
    assert np.ptp(found) > 0.1
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), atol=2e-5)


def test_no_normalisation_is_left(images: np.ndarray) -> None:
    layers = folded(trained(SMALL), SMALL, "float32").layers
    assert not [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]


def test_a_network_trained_in_bfloat16_folds_into_float32_with_its_weights_unrounded(images: np.ndarray) -> None:
    found = folded(trained(SMALL, "mixed_bfloat16"), SMALL, "float32").predict_on_batch(images)
    wanted = folded(trained(SMALL), SMALL, "float32").predict_on_batch(images)
    np.testing.assert_array_equal(found, wanted)


def test_bfloat16_computes_in_bfloat16_and_sees_every_pixel_value_exactly(images: np.ndarray) -> None:
    network = folded(trained(SMALL), SMALL, "mixed_bfloat16")
    assert network.get_layer("bottleneck_conv0").compute_dtype == "bfloat16"
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    rescaled = np.asarray(keras.ops.cast(network.get_layer("rescaling")(values), "bfloat16"), np.float32)
    np.testing.assert_array_equal(rescaled, values.astype(np.float32) - 127.5)
    exact = folded(trained(SMALL), SMALL, "float32").predict_on_batch(images)
    np.testing.assert_allclose(network.predict_on_batch(images), exact, atol=0.1)


def test_a_model_of_other_settings_is_refused() -> None:
    with pytest.raises(ValueError, match="no layers"):
        folded(trained(SMALL), replace(SMALL, depth=2), "float32")
    with pytest.raises(ValueError, match="shape"):
        folded(trained(SMALL), replace(SMALL, base_filters=8), "float32")
