"""A network on an encoder in prediction: folded, rounded, on other engines and in 8 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings
from kaggle_seg.network import engines, quantising, unet
from kaggle_seg.network.encoders.features import PREFIX
from kaggle_seg.network.folding import folded, without_normalisations
from kaggle_seg.network.rounding import rounded
from tests.network.drawn_networks import normalisations, with_statistics

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 30, 32, 3), np.uint8)


def network(lite_file: Path, training: Any, precision: str = "float32") -> keras.Model:
    settings = NetworkSettings(
        encoder="efficientnet-lite0", encoder_weights=str(lite_file), encoder_training=training, decoder_filters=16
    )
    keras.utils.set_random_seed(1)
    return unet.build(settings, 30, 32, precision)


@pytest.mark.parametrize("training", ("frozen", "released"))
@pytest.mark.parametrize("engine", ("keras", "openvino"))
def test_all_engines_give_the_networks_probabilities(training: str, engine: Any, lite_file: Path) -> None:
    model = with_statistics(network(lite_file, training))
    wanted = keras.ops.convert_to_numpy(keras.ops.sigmoid(model(IMAGES)[..., 0]))
    assert np.ptp(wanted) > 0.05
    predictor = engines.make_predictor(model, engine, "float32")
    assert predictor.run(IMAGES).shape == (8, 30, 32)
    np.testing.assert_allclose(predictor.run(IMAGES), wanted, atol=2e-4)
    assert not normalisations(folded(model, "float32"))


def test_the_rounded_encoder_is_the_one_that_was_trained_on(lite_file: Path) -> None:
    model = network(lite_file, "frozen", "mixed_bfloat16")
    ready = rounded(folded(model, "mixed_bfloat16"))
    layers = [layer for layer in model.layers if layer.name.startswith(PREFIX) and layer.weights]
    assert layers
    for layer in layers:
        for one, two in zip(layer.get_weights(), ready.get_layer(layer.name).get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_eight_bits_predict_about_the_same(lite_file: Path) -> None:
    model = network(lite_file, "frozen")
    coarse = engines.with_openvino(quantising.quantised(model, IMAGES), "float32", "int8")
    exact = engines.make_predictor(model, "keras", "float32")
    difference = np.abs(coarse.run(IMAGES) - exact.run(IMAGES))
    assert 0 < difference.mean() < 0.03


def test_dropout_goes_but_for_one_that_is_meant_to_stay() -> None:
    def left(**kwargs: bool) -> int:
        inputs = keras.Input((8, 8, 3))
        dropped = keras.layers.Dropout(0.5)(keras.layers.Conv2D(4, 1)(inputs), **kwargs)
        model = without_normalisations(keras.Model(inputs, keras.layers.BatchNormalization()(dropped)))
        return len(normalisations(model)) + sum(isinstance(layer, keras.layers.Dropout) for layer in model.layers)

    assert left() == 0
    assert left(training=True) == 2
