"""A network's weights rounded to bfloat16, so that what the rounding does wrong cancels out.

bfloat16 has eight binary digits. Each weight rounded by itself, all the errors of a convolution add up to an offset of its
output, as neighbouring pixels resemble each other and features are positive; such offsets move the outlines of buildings.
"""

from __future__ import annotations

import keras
import ml_dtypes
import numpy as np

KEEP_SCALES = (keras.layers.ReLU, keras.layers.MaxPooling2D, keras.layers.UpSampling2D, keras.layers.SpatialDropout2D)
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
EXACT = "head"  # this convolution computes in float32
TINY = 1e-30  # a bias below it is nothing


def rounded(model: keras.Model) -> keras.Model:
    """Gives a folded network weights that bfloat16 holds exactly, and that add up as the exact ones did; in place.

    Args:
        model: as `folding.folded` gives it, in any precision.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.use_bias:
            _make_bias_exact(model, layer)
    for layer in model.layers:
        if isinstance(layer, CONVOLUTIONS) and layer.name != EXACT:
            kernel, *bias = layer.get_weights()
            way = _round_transposed if isinstance(layer, keras.layers.Conv2DTranspose) else _round_kernel
            layer.set_weights([way(kernel), *map(to_bfloat16, bias)])
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
    found, error = np.empty_like(weights), np.zeros_like(weights[0])
    for index, weight in enumerate(weights):
        found[index] = to_bfloat16(weight + error)
        error += weight - found[index]
    return found


def _round_kernel(kernel: np.ndarray) -> np.ndarray:
    """A convolution's (H, W, in, out): all taps of an input, to and fro, then the next input."""
    ordered = kernel.transpose(2, 0, 1, 3).copy()
    ordered[:, 1::2] = ordered[:, 1::2, ::-1].copy()
    ordered = diffused(ordered.reshape(-1, kernel.shape[-1])).reshape(ordered.shape)
    ordered[:, 1::2] = ordered[:, 1::2, ::-1].copy()
    return ordered.transpose(1, 2, 0, 3)


def _round_transposed(kernel: np.ndarray) -> np.ndarray:
    """A transposed convolution's (H, W, out, in): its stride is its size, so each pixel sums up one tap of all inputs."""
    return np.moveaxis(diffused(np.moveaxis(kernel, -1, 0)), 0, -1)


def _make_bias_exact(model: keras.Model, layer: keras.layers.Layer) -> None:
    """Scales a convolution's channels, by less than a 256th, to where bfloat16 holds their biases; those behind undo it.

    ReLU and pooling let a positive factor through. Where something else follows, all stays as it is.
    """
    behind = _convolutions_behind(model, layer)
    if not behind:
        return
    kernel, bias = layer.get_weights()
    exact = to_bfloat16(bias)
    scales = np.divide(exact, bias, out=np.ones_like(bias), where=np.abs(bias) > TINY)
    layer.set_weights([kernel * scales, exact])
    for follower, first in behind:
        weights = follower.get_weights()
        channels = slice(first, first + len(scales))
        if isinstance(follower, keras.layers.Conv2DTranspose):
            weights[0][..., channels] /= scales
        else:
            weights[0][..., channels, :] /= scales[:, np.newaxis]
        follower.set_weights(weights)


def _convolutions_behind(
    model: keras.Model, layer: keras.layers.Layer, first: int = 0
) -> list[tuple[keras.layers.Layer, int]]:
    """The convolutions that see a layer's output, each with the channel at which it begins there.

    Empty if anything sees it that does not let a factor through.
    """
    found = []
    for follower in model.layers:
        inputs = follower.input if isinstance(follower.input, list) else [follower.input]
        for place, tensor in enumerate(inputs):
            if tensor is not layer.output or follower is layer:
                continue
            if isinstance(follower, CONVOLUTIONS):
                found.append((follower, first))
                continue
            further = []
            if isinstance(follower, keras.layers.Concatenate):
                further = _convolutions_behind(model, follower, first + sum(part.shape[-1] for part in inputs[:place]))
            elif isinstance(follower, KEEP_SCALES):
                further = _convolutions_behind(model, follower, first)
            if not further:
                return []
            found += further
    return found
