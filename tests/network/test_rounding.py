"""Rounding to bfloat16: errors cancel, biases are exact, and the network stays the same function."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kaggle_seg.network import rounding
from kaggle_seg.network.convolutions import is_convolution
from kaggle_seg.network.folding import folded, without_normalisations
from kaggle_seg.network.graph import trace
from kaggle_seg.network.rounding import diffused, rounded, to_bfloat16
from tests.network.drawn_networks import SIDE, SMALL, draw_network, outputs, trained, with_statistics

layers = keras.layers

KINDS = {
    "default": SMALL,
    "deep": replace(SMALL, depth=2),
    "full": replace(SMALL, stem="full"),
    "residual": replace(SMALL, residual=True),
    "group": replace(SMALL, normalisation="group"),
    "bilinear": replace(SMALL, normalisation="none", upsampling="bilinear", dropout=0.5),
}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 16, 12, 3), np.uint8)


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 3)),
        elements=st.floats(-4, 4, width=32, allow_subnormal=False),
    )
)
def test_the_sum_is_that_of_the_exact_weights_to_half_a_step(weights: np.ndarray) -> None:
    found = diffused(weights)
    np.testing.assert_array_equal(found, to_bfloat16(found))
    error = np.cumsum(found.astype(float), axis=0) - np.cumsum(weights.astype(float), axis=0)
    assert np.all(np.abs(error) <= 2.0**-9 * 4.1 + 1e-5)


def test_each_weight_by_itself_goes_to_the_nearest_number() -> None:
    nearest = np.array([1, 1, 1 + 2**-7, -205 / 2048], np.float32)
    np.testing.assert_array_equal(to_bfloat16(np.array([1.0, 1.003, 1.005, -0.1], np.float32)), nearest)


@pytest.mark.parametrize("kind", KINDS)
def test_all_weights_but_the_heads_are_numbers_of_bfloat16(kind: str) -> None:
    model = rounded(folded(trained(KINDS[kind]), "float32"))
    for layer in model.layers:
        if layer.name != "head" and "norm" not in layer.name:
            for weights in layer.get_weights():
                np.testing.assert_array_equal(weights, to_bfloat16(weights), err_msg=layer.name)


@pytest.mark.parametrize("kind", KINDS)
def test_biases_become_exact_without_a_change_of_function(
    kind: str, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounding, "diffused", lambda weights: weights)
    exact, found = (folded(trained(KINDS[kind]), "float32") for _ in range(2))
    # what feeds an addition keeps its scale, and its bias is rounded
    tolerance = 0.02 if KINDS[kind].residual else 2e-5
    np.testing.assert_allclose(rounded(found).predict_on_batch(images), exact.predict_on_batch(images), atol=tolerance)


def behind_an_exact_head(features: keras.KerasTensor, layer: keras.layers.Layer) -> keras.Model:
    """A layer's network; as the last convolution is not rounded, one that changes nothing comes behind."""
    head = layers.Conv2D(64, 1, use_bias=False)
    network = keras.Model(features, head(layer(features)))
    head.set_weights([np.eye(64)[np.newaxis, np.newaxis]])
    return network


@pytest.mark.parametrize("kind", ["plain", "depthwise", "transposed"])
def test_flat_features_are_far_nearer_than_with_each_weight_by_itself(kind: str) -> None:
    """Where all pixels are alike and features positive, as in the middle of a roof or a field."""
    random = np.random.default_rng(4)
    features = keras.Input((8, 8, 32))
    layer = {
        "plain": layers.Conv2D(64, 3, use_bias=False),
        "depthwise": layers.DepthwiseConv2D(5, depth_multiplier=2, use_bias=False),
        "transposed": layers.Conv2DTranspose(64, 2, strides=2, use_bias=False),
    }[kind]
    network = behind_an_exact_head(features, layer)
    flat = np.broadcast_to(random.uniform(0.5, 1, (20, 1, 1, 32)), (20, 8, 8, 32)).astype(np.float32)
    exact, kernel = network.predict_on_batch(flat), layer.get_weights()[0]
    layer.set_weights([to_bfloat16(kernel)])
    plain = network.predict_on_batch(flat)
    layer.set_weights([kernel])
    found = rounded(network).predict_on_batch(flat)
    assert 0 < np.abs(found - exact).mean() < 0.5 * np.abs(plain - exact).mean()


def plainly_rounded(model: keras.Model) -> keras.Model:
    """Each weight by itself."""
    for layer in model.layers:
        if is_convolution(layer) and layer.name != "head":
            layer.set_weights(list(map(to_bfloat16, layer.get_weights())))
    return model


@pytest.mark.parametrize("kind", ["default", "deep", "full", "bilinear"])
def test_the_u_net_comes_nearer_to_float32_than_with_each_weight_by_itself(kind: str) -> None:
    """On smooth images, as tiles are: gradients. A group normalisation would take such offsets away by itself."""
    rows, columns = np.mgrid[:16, :12]
    slopes = np.random.default_rng(0).uniform(-6, 6, (2, 12, 1, 1, 3))
    images = (128 + slopes[0] * rows[..., np.newaxis] + slopes[1] * columns[..., np.newaxis]).astype(np.uint8)
    errors = []
    for seed in range(3):
        exact, plain, found = (without_normalisations(trained(KINDS[kind], seed=seed)) for _ in range(3))
        (wanted,) = outputs(exact, images)
        both = outputs(rounded(found), images) + outputs(plainly_rounded(plain), images)
        errors.append([np.abs(part - wanted).mean() for part in both])
    cancelled, by_itself = np.mean(errors, axis=0)
    assert 0 < cancelled < by_itself


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50V2"])
def test_kerass_own_networks(name: str) -> None:
    """All but the last layer become numbers of bfloat16; what is no convolution stays; outputs move by little."""
    keras.utils.set_random_seed(1)
    made = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), classes=7, classifier_activation=None)
    features = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    network = without_normalisations(with_statistics(made))
    (wanted,), kept = outputs(network, features), {layer.name: layer.get_weights() for layer in network.layers}
    (found,) = outputs(rounded(network), features)
    for layer in network.layers:
        exact = layer.name == "predictions" or not is_convolution(layer)
        for weights, before in zip(layer.get_weights(), kept[layer.name], strict=True):
            np.testing.assert_array_equal(weights, before if exact else to_bfloat16(weights), err_msg=layer.name)
    assert 0 < np.abs(found - wanted).max() < 0.02 * np.ptp(wanted)


@settings(max_examples=10)
@given(st.data())
def test_any_network_keeps_about_its_outputs(data: st.DataObject) -> None:
    images = np.random.default_rng(0).uniform(-100, 200, (2, SIDE, SIDE, 3)).astype(np.float32)
    network = without_normalisations(draw_network(data.draw).model)
    before, wanted = [call.layer.get_weights() for call in trace(network).calls if is_convolution(call.layer)], []
    wanted = outputs(network, images)
    for found, exact in zip(outputs(rounded(network), images), wanted, strict=True):
        assert np.abs(found - exact).max() <= 0.05 * (1 + np.abs(exact).max())
    after = [call.layer.get_weights() for call in trace(network).calls if is_convolution(call.layer)]
    assert [[part.shape for part in weights] for weights in before] == [
        [part.shape for part in weights] for weights in after
    ]
