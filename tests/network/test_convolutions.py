"""Convolutions of every kind: factors on their inputs and outputs, and where in a graph a factor is taken up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from kaggle_seg.network.convolutions import Convolution, before_all, is_convolution, last_ones, receivers
from kaggle_seg.network.graph import Call, Graph, trace
from kaggle_seg.network.layers import ReflectPadding

layers = keras.layers
KINDS = {
    "plain": lambda: layers.Conv2D(6, 3, strides=2),
    "grouped": lambda: layers.Conv2D(6, 3, groups=2),
    "one dimension": lambda: layers.Conv1D(6, 3),
    "dense": lambda: layers.Dense(6),
    "depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
    "separable": lambda: layers.SeparableConv2D(6, 3, depth_multiplier=2),
    "transposed": lambda: layers.Conv2DTranspose(6, 2, strides=2),
}


def features_for(layer: keras.layers.Layer) -> np.ndarray:
    shape = (2, 5, 4) if isinstance(layer, layers.Conv1D) else (2, 5, 5, 4)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_factors_on_inputs_and_outputs_go_into_the_kernel(kind: str) -> None:
    layer = KINDS[kind]()
    features, random = features_for(layer), np.random.default_rng(1)
    plain = keras.ops.convert_to_numpy(layer(features))
    inputs, outputs = random.uniform(0.5, 2, 4), random.uniform(0.5, 2, plain.shape[-1])
    convolution = Convolution(layer)
    assert convolution.bias is not None and not convolution.bias.any()
    convolution.kernels[-1] = convolution.kernels[-1] * convolution.per_output(outputs)
    convolution.kernels[0] = convolution.kernels[0] * convolution.per_input(inputs)
    layer.set_weights(convolution.weights)
    found = keras.ops.convert_to_numpy(layer(features / inputs.astype(np.float32)))
    np.testing.assert_allclose(found, plain * outputs, atol=1e-5)


@pytest.mark.parametrize("kind", ["plain", "grouped", "one dimension", "dense", "depthwise"])
def test_the_response_is_the_output_for_the_same_values_everywhere(kind: str) -> None:
    layer, values = KINDS[kind](), np.array([1.0, -2.0, 0.5, 3.0], np.float32)
    found = keras.ops.convert_to_numpy(layer(np.broadcast_to(values, features_for(layer).shape)))
    response = Convolution(layer).response(values)
    np.testing.assert_allclose(found, np.broadcast_to(response, found.shape), atol=1e-5)


def test_a_bias_is_added_to_or_made() -> None:
    layer = layers.Conv2D(2, 1, use_bias=False)
    layer.build((None, 4, 4, 3))
    convolution = Convolution(layer)
    assert [part.shape for part in convolution.weights] == [(1, 1, 3, 2)]
    convolution.add_to_bias(np.array([1.0, 2.0]))
    convolution.add_to_bias(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(convolution.weights[1], [2, 3])


def test_layers_that_are_more_than_a_convolution_are_none() -> None:
    class Noisy(layers.Conv2D):
        pass

    adapted = layers.Dense(4)
    adapted.build((None, 4))
    assert is_convolution(adapted)
    adapted.enable_lora(2)
    noisy = Noisy(2, 1)
    noisy.build((None, 4, 4, 2))
    assert not any(map(is_convolution, (adapted, noisy, layers.BatchNormalization(), layers.ReLU())))


def places(graph: Graph, name: str, **options: Any) -> list[tuple[str, int]]:
    (call,) = (call for call in graph.calls if call.layer.name == name)
    return [(user.layer.name, first) for user, first in receivers(graph, call.results, **options)]


def between(*inside: Callable[[Any], Any]) -> Graph:
    """Layers between a first and a last convolution."""
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="first")(images)
    for part in inside:
        x = part(x)
    return trace(keras.Model(images, layers.Conv2D(1, 1, name="last")(x)))


def test_a_factor_goes_through_all_that_keeps_channels_apart_and_zero_at_zero() -> None:
    graph = between(
        layers.ReLU(),
        layers.LeakyReLU(),
        layers.ZeroPadding2D(),
        ReflectPadding(((1, 1), (0, 0))),
        layers.MaxPooling2D(),
        layers.UpSampling2D(interpolation="bilinear"),
        layers.SpatialDropout2D(0.5),
        layers.Activation("relu"),
    )
    assert places(graph, "first") == [("last", 0)]


@pytest.mark.parametrize(
    "layer",
    [
        layers.ReLU(6.0),
        layers.Activation("tanh"),
        layers.BatchNormalization(),
        lambda x: x + 1.0,
        layers.Reshape((3, 3, 16)),
    ],
    ids=["clipped", "tanh", "normalised", "operation", "reshaped"],
)
def test_a_factor_goes_through_nothing_else(layer: Callable[[Any], Any]) -> None:
    assert places(between(layers.ReLU(), layer), "first") == []


def test_one_factor_for_all_channels_may_be_moved_about_but_not_joined() -> None:
    assert places(between(layers.Reshape((3, 3, 16))), "first", scalar=True) == [("last", 0)]
    assert places(between(layers.Permute((2, 1, 3))), "first", scalar=True) == [("last", 0)]
    doubled = between(lambda x: layers.Concatenate()([x, x]))
    assert places(doubled, "first", scalar=True) == []
    assert places(doubled, "first") == [("last", 0), ("last", 4)]


def test_joined_channels_begin_behind_those_before_them_and_all_users_must_fit() -> None:
    images = keras.Input((8, 8, 3))
    one, two = layers.Conv2D(2, 3, name="one")(images), layers.Conv2D(5, 3, name="two")(images)
    joined = layers.Concatenate()([one, two])
    last = layers.Conv2D(1, 1, name="last")(joined)
    graph = trace(keras.Model(images, last))
    assert places(graph, "one") == [("last", 0)] and places(graph, "two") == [("last", 2)]
    graph = trace(keras.Model(images, [last, layers.Activation("tanh")(two)]))
    assert places(graph, "one") == [("last", 0)] and places(graph, "two") == []
    assert places(trace(keras.Model(images, [last, two])), "two") == []


def test_a_convolution_that_is_called_twice_takes_up_no_factor() -> None:
    shared = layers.Conv2D(4, 1)
    assert places(between(shared, layers.ReLU(), shared), "first") == []


def test_what_comes_before_the_first_convolutions_and_from_the_last_on() -> None:
    images = keras.Input((8, 8, 3))
    x = layers.Rescaling(1 / 255, name="rescaling")(images)
    first = layers.Conv2D(4, 3, name="first")(layers.ZeroPadding2D(name="padding")(x))
    head = layers.Conv2D(1, 1, name="head")(layers.ReLU(name="relu")(first))
    graph = trace(keras.Model(images, layers.Activation("sigmoid", name="sigmoid")(head)))

    def called(calls: list[Call]) -> list[str]:
        return [call.layer.name for call in calls]

    assert called(before_all(graph)) == ["rescaling", "padding"]
    assert called(last_ones(graph)) == ["head", "sigmoid"]
