"""The folded network: the same probabilities from fewer operations."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.config import NetworkSettings
from kaggle_seg.network.folding import folded, without_normalisations
from kaggle_seg.network.inference import load_model
from kaggle_seg.network.layers import FusedBatchNormalization
from tests.network.drawn_networks import (
    SIDE,
    SMALL,
    draw_network,
    normalisations,
    outputs,
    trained,
    with_statistics,
)

layers = keras.layers


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 16, 12, 3), np.uint8)


@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        replace(SMALL, stem="full"),
        replace(SMALL, residual=True),
        replace(SMALL, residual=True, base_filters=12),
        replace(SMALL, normalisation="group"),
        replace(SMALL, normalisation="none", upsampling="bilinear"),
        replace(SMALL, depth=2, dropout=0.5),
    ],
    ids=["default", "full", "residual", "image added", "group", "none", "padded"],
)
def test_probabilities_are_those_of_the_trained_network(settings: NetworkSettings, images: np.ndarray) -> None:
    """With 12 filters a residual network adds the image itself to features: its scale then cannot go into a kernel."""
    model = trained(settings)
    logits = np.asarray(model.predict_on_batch(images), np.float64)[..., 0]
    found = folded(model, "float32").predict_on_batch(images)
    assert found.shape == (5, 16, 12)
    assert np.ptp(found) > 0.1
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), atol=2e-5)


@pytest.mark.parametrize("changes", [{}, {"residual": True}, {"stem": "full", "upsampling": "bilinear"}])
def test_no_normalisation_is_left(changes: dict[str, Any]) -> None:
    model = trained(replace(SMALL, **changes))
    assert normalisations(model)
    assert not normalisations(folded(model, "float32"))


def test_a_network_from_a_file_folds_as_the_one_that_was_saved(images: np.ndarray, tmp_path: Path) -> None:
    model = trained(SMALL)
    model.save(tmp_path / "model.keras")
    network = folded(load_model(tmp_path / "model.keras"), "float32")
    assert not normalisations(network)
    np.testing.assert_array_equal(outputs(network, images)[0], outputs(folded(model, "float32"), images)[0])


def test_a_network_trained_in_bfloat16_folds_into_float32_with_its_weights_unrounded(images: np.ndarray) -> None:
    found = folded(trained(SMALL, "mixed_bfloat16"), "float32").predict_on_batch(images)
    wanted = folded(trained(SMALL), "float32").predict_on_batch(images)
    np.testing.assert_array_equal(found, wanted)


def test_bfloat16_computes_in_bfloat16_and_sees_every_pixel_value_exactly(images: np.ndarray) -> None:
    network = folded(trained(SMALL), "mixed_bfloat16")
    assert network.get_layer("bottleneck_conv0").compute_dtype == "bfloat16"
    assert network.get_layer("half_size_order").compute_dtype == "bfloat16"
    assert network.get_layer("head").compute_dtype == "float32"
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    rescaled = np.asarray(keras.ops.cast(network.get_layer("rescaling")(values), "bfloat16"), np.float32)
    np.testing.assert_array_equal(rescaled, values.astype(np.float32) - 127.5)
    exact = folded(trained(SMALL), "float32").predict_on_batch(images)
    np.testing.assert_allclose(network.predict_on_batch(images), exact, atol=0.1)


def test_a_network_that_gives_no_logit_a_pixel_is_refused() -> None:
    inputs = keras.Input((8, 8, 3))
    for outputs_ in (layers.Conv2D(2, 1)(inputs), layers.Flatten()(inputs), [layers.Conv2D(1, 1)(inputs)] * 2):
        with pytest.raises(ValueError, match="wanted one logit a pixel"):
            folded(keras.Model(inputs, outputs_), "float32")


def check_same(model: keras.Model, images: np.ndarray) -> keras.Model:
    """Folds a network, and compares outputs to float32's rounding."""
    network = without_normalisations(model)
    for found, wanted in zip(outputs(network, images), outputs(model, images), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=1e-5 * (1 + np.abs(wanted).max()))
    return network


@pytest.mark.parametrize(("name", "left"), [("MobileNetV2", 0), ("ResNet50V2", 17)])
def test_kerass_own_networks(name: str, left: int) -> None:
    """ResNet50V2 has 49 normalisations. 32 follow a convolution. 17 see a sum, the first of them a maximum, and are followed
    by a ReLU: one in each of 16 blocks and one at the end. No convolution next to these could do their work."""
    keras.utils.set_random_seed(1)
    model = with_statistics(getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), classes=7))
    features = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    network = check_same(model, features)
    stayed = normalisations(network)
    assert len(stayed) == left
    assert all(kind.endswith("preact_bn") or kind == "post_bn" for kind in stayed)


def test_as_the_encoder_of_another_network_it_is_opened_up_and_folded_too() -> None:
    images, random = keras.Input((64, 64, 3), dtype="uint8"), np.random.default_rng(0)
    encoder = keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), include_top=False, alpha=0.35)
    features = encoder(layers.Rescaling(1 / 127.5, -1)(images), training=False)
    head = FusedBatchNormalization()(layers.Conv2D(4, 3, padding="same", use_bias=False)(features))
    model = with_statistics(keras.Model(images, layers.UpSampling2D(32)(layers.Conv2D(1, 1)(head))))
    network = check_same(model, random.integers(0, 256, (2, 64, 64, 3), np.uint8))
    assert normalisations(model) and not normalisations(network)
    assert [layer.scale for layer in network.layers if isinstance(layer, layers.Rescaling)] == [1.0]


@settings(max_examples=25)
@given(st.data())
def test_any_network_keeps_its_outputs(data: st.DataObject) -> None:
    drawn = draw_network(data.draw)
    images = np.random.default_rng(0).uniform(-100, 200, (2, SIDE, SIDE, 3)).astype(np.float32)
    network = without_normalisations(drawn.model)
    for found, wanted in zip(outputs(network, images), outputs(drawn.model, images), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4 * (1 + np.abs(wanted).max()))
    assert drawn.stuck <= len(normalisations(network)) <= len(normalisations(drawn.model)) - drawn.pairs


FEATURES = np.random.default_rng(5).normal(size=(3, 8, 8, 4)).astype(np.float32)


def left_of(build: Callable[[Any], Any]) -> int:
    """Folds a network from features (8, 8, 4), and counts the normalisations that are left."""
    inputs = keras.Input((8, 8, 4))
    return len(normalisations(check_same(with_statistics(keras.Model(inputs, build(inputs))), FEATURES)))


CONVOLUTIONS: dict[str, Callable[..., keras.layers.Layer]] = {
    "plain": lambda **more: layers.Conv2D(6, 3, **more),
    "grouped": lambda **more: layers.Conv2D(6, 3, groups=2, **more),
    "depthwise": lambda **more: layers.DepthwiseConv2D(3, depth_multiplier=2, **more),
    "separable": lambda **more: layers.SeparableConv2D(6, 3, **more),
    "transposed": lambda **more: layers.Conv2DTranspose(6, 3, strides=2, **more),
    "dense": lambda **more: layers.Dense(6, **more),
}


@pytest.mark.parametrize("norm", [layers.BatchNormalization, FusedBatchNormalization])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_every_convolution_takes_the_normalisation_behind_it(kind: str, bias: bool, norm: type) -> None:
    assert not left_of(lambda x: norm(scale=bias, center=not bias)(CONVOLUTIONS[kind](use_bias=bias)(x)))


@pytest.mark.parametrize("kind", ["plain", "grouped", "depthwise", "dense"])
def test_a_convolution_that_pads_nothing_takes_the_normalisation_before_it(kind: str) -> None:
    assert not left_of(lambda x: CONVOLUTIONS[kind]()(layers.BatchNormalization()(layers.ReLU()(x))))
    assert not left_of(lambda x: layers.BatchNormalization()(CONVOLUTIONS[kind]()(layers.BatchNormalization()(x))))


def test_two_normalisations_in_a_row_go_into_one_convolution() -> None:
    assert not left_of(lambda x: layers.BatchNormalization()(layers.BatchNormalization()(layers.Conv2D(3, 1)(x))))


def seen_twice(x: Any) -> Any:
    features = layers.Conv2D(4, 3)(x)
    return layers.Add()([layers.ReLU()(layers.BatchNormalization()(features)), features])


def shared(x: Any) -> Any:
    layer = layers.Conv2D(4, 3, padding="same")
    return layers.ReLU()(layers.BatchNormalization()(layer(layers.ReLU()(layer(x)))))


def given_out(x: Any) -> Any:
    features = layers.Conv2D(4, 3)(x)
    return [features, layers.ReLU()(layers.BatchNormalization()(features))]


@pytest.mark.parametrize(
    "build",
    [
        lambda x: layers.Conv2D(3, 3, padding="same")(layers.BatchNormalization()(x)),
        lambda x: layers.Conv2DTranspose(3, 2)(layers.BatchNormalization()(x)),
        lambda x: layers.BatchNormalization()(layers.Conv2D(3, 3, activation="relu")(x)),
        lambda x: layers.BatchNormalization(axis=1)(layers.Conv2D(8, 3)(x)),
        lambda x: layers.BatchNormalization()(layers.MaxPooling2D()(layers.Conv2D(3, 3)(x))),
        lambda x: layers.BatchNormalization()(layers.Conv2D(3, 3)(x), training=True),
        seen_twice,
        shared,
        given_out,
    ],
    ids=["padding", "overlap", "activation", "other axis", "pooling", "batch statistics", "seen twice", "shared", "output"],
)
def test_what_cannot_be_folded_stays(build: Callable[[Any], Any]) -> None:
    assert left_of(build) == 1


def test_nested_networks_with_layers_of_the_same_name_and_one_called_as_in_training() -> None:
    def part() -> keras.Model:
        inputs = keras.Input((8, 8, 4))
        return keras.Model(inputs, layers.BatchNormalization(name="norm")(layers.Conv2D(4, 1, name="conv")(inputs)))

    assert not left_of(lambda x: part()(part()(x)))
    assert left_of(lambda x: part()(part()(x), training=True)) == 1


def test_the_network_itself_stays_as_it_is() -> None:
    model = trained(SMALL)
    before, described = model.get_weights(), model.to_json()
    folded(model, "mixed_bfloat16")
    assert model.to_json() == described
    for found, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_it_folds_on_jax() -> None:
    """Some of these tests once more in a process that computes on JAX, if this one does not."""
    if keras.backend.backend() == "jax":
        return
    if not importlib.util.find_spec("jax"):
        pytest.skip("JAX is not installed")
    names = "two_normalisations or takes_the_normalisation_before_it"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", names]
    done = subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "jax"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
