"""A network's weights rounded to bfloat16, so that the errors of the rounding cancel out.

bfloat16 has eight binary digits. Each weight rounded by itself, all the errors of a convolution add up to an offset of its
output, as neighbouring pixels resemble each other and features are positive; such offsets move the outlines of buildings.
"""

from __future__ import annotations

import keras
import ml_dtypes
import numpy as np

from kaggle_seg.network.convolutions import DEPTHWISE, TRANSPOSED, Convolution, is_convolution, last_ones, receivers
from kaggle_seg.network.graph import Call, Graph, trace

TINY = 1e-30  # a bias below it is nothing


def rounded(model: keras.Model, part: bool = False) -> keras.Model:
    """Gives a folded network weights that bfloat16 holds exactly, and that add up as the exact ones did; in place.

    The last convolutions, which compute in float32, keep their weights; so do layers that are no convolutions.

    Args:
        model: as `folding.folded` gives it, in any precision.
        part: the model is a part of a larger one, so that its last convolutions are rounded, too.
    """
    graph = trace(model)
    for call in graph.calls:
        if is_convolution(call.layer) and call.layer.use_bias and graph.called_once(call.layer):
            _make_bias_exact(graph, call)
    exact = set() if part else {call.layer for call in last_ones(graph)}
    for layer in dict.fromkeys(call.layer for call in graph.calls):
        if is_convolution(layer) and layer not in exact:
            _round_layer(layer)
    return model


def to_bfloat16(values: np.ndarray) -> np.ndarray:
    """The nearest numbers of bfloat16, as float32."""
    return values.astype(ml_dtypes.bfloat16).astype(np.float32)


def diffused(weights: np.ndarray) -> np.ndarray:
    """Weights rounded one after another along the first axis, each with the errors of those before it.

    Their sum is then that of the exact ones, to half a step of the last; after Floyd and Steinberg 1976, who rounded the
    pixels of pictures so.

    Args:
        weights: float32 (N, ...).

    Returns:
        Numbers of bfloat16 as float32 (N, ...).
    """
    nearest, error = np.empty_like(weights), np.zeros_like(weights[0])
    for index, weight in enumerate(weights):
        nearest[index] = to_bfloat16(weight + error)
        error += weight - nearest[index]
    return nearest


def _round_layer(layer: keras.layers.Layer) -> None:
    convolution = Convolution(layer)
    *depthwise, last = convolution.kernels
    convolution.kernels = [*map(_round_depthwise, depthwise), _round_kernel(layer, last)]
    if convolution.bias is not None:
        convolution.bias = to_bfloat16(convolution.bias)
    layer.set_weights(convolution.weights)


def _round_kernel(layer: keras.layers.Layer, kernel: np.ndarray) -> np.ndarray:
    if type(layer) in TRANSPOSED:  # the stride is mostly the size: each pixel sums up one tap of all inputs
        return np.moveaxis(diffused(np.moveaxis(kernel, -1, 0)), 0, -1)
    if kernel.ndim != 4:  # no images, or single values, which do not resemble each other
        return to_bfloat16(kernel)
    return _round_depthwise(kernel) if type(layer) in DEPTHWISE else _round_taps(kernel)


def _round_depthwise(kernel: np.ndarray) -> np.ndarray:
    """A kernel (..., in, multiplier): each output sums up the taps of one input."""
    if kernel.ndim != 4:
        return to_bfloat16(kernel)
    return _round_taps(kernel.reshape(*kernel.shape[:2], 1, -1)).reshape(kernel.shape)


def _round_taps(kernel: np.ndarray) -> np.ndarray:
    """A kernel (H, W, in, out): all taps of an input, to and fro, then the next input."""
    ordered = kernel.transpose(2, 0, 1, 3).copy()
    ordered[:, 1::2] = ordered[:, 1::2, ::-1].copy()
    ordered = diffused(ordered.reshape(-1, kernel.shape[-1])).reshape(ordered.shape)
    ordered[:, 1::2] = ordered[:, 1::2, ::-1].copy()
    return ordered.transpose(1, 2, 0, 3)


def _make_bias_exact(graph: Graph, call: Call) -> None:
    """Scales a convolution's channels, by less than a 256th, to where bfloat16 holds their biases; those behind undo it.

    ReLU and pooling let a positive factor through. Where something else follows, all stays as it is.
    """
    layer = call.layer
    linear = layer.activation in (keras.activations.linear, keras.activations.relu)
    last = getattr(layer, "data_format", "channels_last") != "channels_first"
    behind = receivers(graph, call.results) if linear and last else []
    if not behind:
        return
    convolution = Convolution(layer)
    assert convolution.bias is not None
    bias = to_bfloat16(convolution.bias)
    scales = np.divide(bias, convolution.bias, out=np.ones_like(bias), where=np.abs(convolution.bias) > TINY)
    convolution.kernels[-1] = convolution.kernels[-1] * convolution.per_output(scales)
    convolution.bias = bias
    layer.set_weights(convolution.weights)
    for follower, first in behind:
        follower_weights = Convolution(follower.layer)
        factors = np.ones(follower.inputs[0].shape[-1], np.float32)
        factors[first : first + len(scales)] = scales
        follower_weights.kernels[0] = follower_weights.kernels[0] / follower_weights.per_input(factors)
        follower.layer.set_weights(follower_weights.weights)
