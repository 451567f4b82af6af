"""Rounding to bfloat16: errors cancel, biases are exact, and the network stays the same function."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kaggle_seg.network import rounding
from kaggle_seg.network.folding import folded
from kaggle_seg.network.rounding import diffused, rounded, to_bfloat16
from tests.network.test_folding import SMALL, trained

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
    model = rounded(folded(trained(KINDS[kind]), KINDS[kind], "float32"))
    for layer in model.layers:
        if layer.name != "head" and "norm" not in layer.name:
            for weights in layer.get_weights():
                np.testing.assert_array_equal(weights, to_bfloat16(weights), err_msg=layer.name)


@pytest.mark.parametrize("kind", KINDS)
def test_biases_become_exact_without_a_change_of_function(
    kind: str, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounding, "diffused", lambda weights: weights)
    settings = KINDS[kind]
    exact, found = (folded(trained(settings), settings, "float32") for _ in range(2))
    # what feeds an addition keeps its scale, and its bias is rounded
    tolerance = 0.02 if settings.residual else 2e-5
    np.testing.assert_allclose(rounded(found).predict_on_batch(images), exact.predict_on_batch(images), atol=tolerance)


def test_flat_features_are_far_nearer_than_with_each_weight_by_itself() -> None:
    """Where all pixels are alike and features positive, as in the middle of a roof or a field."""
    random = np.random.default_rng(4)
    features = keras.Input((8, 8, 32))
    for kind in (keras.layers.Conv2D(64, 3, use_bias=False), keras.layers.Conv2DTranspose(64, 2, strides=2, use_bias=False)):
        network = keras.Model(features, kind(features))
        flat = np.broadcast_to(random.uniform(0.5, 1, (20, 1, 1, 32)), (20, 8, 8, 32)).astype(np.float32)
        exact, kernel = network.predict_on_batch(flat), kind.get_weights()[0]
        kind.set_weights([to_bfloat16(kernel)])
        plain = network.predict_on_batch(flat)
        kind.set_weights([kernel])
        found = rounded(network).predict_on_batch(flat)
        assert 0 < np.abs(found - exact).mean() < 0.5 * np.abs(plain - exact).mean()
