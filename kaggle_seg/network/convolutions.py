"""Layers that are a kernel and a bias, and where in a graph a factor on their output is taken up.

If y = kernel · x + bias, then factors on the channels of x or of y can be moved into the kernel. Each kind of layer keeps
its channels on other axes of the kernel; this module alone knows which.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kaggle_seg.network.graph import Call, Graph
from kaggle_seg.network.layers import ReflectPadding

PLAIN = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, keras.layers.Dense)  # (..., in, out)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)  # (..., in, multiplier)
SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)  # depthwise, then (..., in · multiplier, out)
TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)  # (..., out, in)
KINDS = {*PLAIN, *DEPTHWISE, *SEPARABLE, *TRANSPOSED}

HOMOGENEOUS = {  # f(c · x) = c · f(x) for c > 0, channel by channel
    keras.layers.LeakyReLU,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.UpSampling2D,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping2D,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.Identity,
    ReflectPadding,
}
MOVING = {keras.layers.Reshape, keras.layers.Permute, keras.layers.Flatten}  # values as they are, at other places


def is_convolution(layer: keras.Operation) -> bool:
    """Whether a layer is one of Keras's convolutions or `Dense`, and nothing more: no adapter, no quantisation."""
    return type(layer) in KINDS and len(layer.weights) == 1 + (type(layer) in SEPARABLE) + bool(layer.use_bias)


class Convolution:
    """The weights of a convolution, ready to be changed.

    Attributes:
        layer: see `is_convolution`.
        kernels: one, or the two of a separable convolution.
        bias: (out,), None if it has none.
    """

    def __init__(self, layer: keras.layers.Layer) -> None:
        self.layer = layer
        weights = layer.get_weights()
        self.bias: np.ndarray | None = weights.pop() if layer.use_bias else None
        self.kernels: list[np.ndarray] = weights

    @property
    def weights(self) -> list[np.ndarray]:
        """As the layer's `set_weights` takes them."""
        return [*self.kernels, *([] if self.bias is None else [self.bias])]

    def per_input(self, values: np.ndarray) -> np.ndarray:
        """Values of the input channels (in,), arranged so that the first kernel can be multiplied by them."""
        if type(self.layer) in TRANSPOSED:
            return values
        groups = getattr(self.layer, "groups", 1)
        if groups == 1 or type(self.layer) in DEPTHWISE:
            return values[:, np.newaxis]
        inputs, outputs = self.kernels[0].shape[-2:]  # each group of outputs sees its own inputs
        return np.repeat(values.reshape(groups, inputs).T, outputs // groups, axis=1)

    def per_output(self, values: np.ndarray) -> np.ndarray:
        """Values of the output channels (out,), arranged so that the last kernel can be multiplied by them."""
        if type(self.layer) in TRANSPOSED:
            return values[:, np.newaxis]
        return values.reshape(self.kernels[0].shape[-2:]) if type(self.layer) in DEPTHWISE else values

    def response(self, values: np.ndarray) -> np.ndarray:
        """The output (out,) for an input that has the same value (in,) everywhere; plain and depthwise kinds alone."""
        product = self.kernels[0] * self.per_input(values)
        kept = 2 if type(self.layer) in DEPTHWISE else 1
        return product.sum(axis=tuple(range(product.ndim - kept))).ravel()

    def add_to_bias(self, values: np.ndarray) -> None:
        """Adds to the output channels (out,)."""
        self.bias = values if self.bias is None else self.bias + values


def receivers(graph: Graph, tensor: Any, first: int = 0, scalar: bool = False) -> list[tuple[Call, int]]:
    """The convolutions that could take up a positive factor on a tensor's channels.

    Args:
        graph: of the network.
        tensor: (B, H, W, C) or (B, C), channels last.
        first: the channel at which the tensor begins.
        scalar: the factor is the same for all channels, which may then be reordered on the way, but not joined to others.

    Returns:
        Each with the channel of its input at which the tensor begins; none if anything else sees the tensor.
    """
    if graph.leaves(tensor):
        return []
    places: list[tuple[Call, int]] = []
    for call in graph.users(tensor):
        further: list[tuple[Call, int]] = []
        if _channels_last(call.layer):
            if is_convolution(call.layer):
                further = [(call, first)] if graph.called_once(call.layer) else []
            elif type(call.layer) is keras.layers.Concatenate and not scalar:
                further = _receivers_of_joined(graph, call, tensor, first)
            elif _lets_factors_through(call.layer, scalar):
                further = receivers(graph, call.results, first, scalar)
        if not further:
            return []
        places += further
    return places


def _receivers_of_joined(graph: Graph, call: Call, tensor: Any, first: int) -> list[tuple[Call, int]]:
    if call.layer.axis not in (-1, len(tensor.shape) - 1):
        return []
    places: list[tuple[Call, int]] = []
    for index, part in enumerate(call.inputs):
        if part is tensor:
            places += receivers(graph, call.results, first + sum(other.shape[-1] for other in call.inputs[:index]))
    return places


def _lets_factors_through(layer: keras.Operation, scalar: bool) -> bool:
    if type(layer) is keras.layers.ReLU:
        return layer.max_value is None and not layer.threshold
    if type(layer) is keras.layers.Activation:
        return layer.activation in (keras.activations.relu, keras.activations.linear)
    return type(layer) in HOMOGENEOUS or (scalar and type(layer) in MOVING)


def _channels_last(layer: keras.Operation) -> bool:
    return getattr(layer, "data_format", "channels_last") in ("channels_last", None)


def before_all(graph: Graph) -> list[Call]:
    """The calls that no convolution comes before, from the network's inputs on."""
    after: set[int] = set()
    early: list[Call] = []
    for call in graph.calls:
        makers = [maker for maker in map(graph.maker, call.inputs) if maker]
        if is_convolution(call.layer) or any(id(maker) in after for maker in makers):
            after.add(id(call))
        else:
            early.append(call)
    return early


def last_ones(graph: Graph) -> list[Call]:
    """The convolutions that no other comes behind, and all that follows them, up to the network's outputs."""
    before: set[int] = set()
    late: list[Call] = []
    for call in reversed(graph.calls):
        if any(id(user) in before or is_convolution(user.layer) for user in graph.following(call)):
            before.add(id(call))
        else:
            late.append(call)
    return late[::-1]
