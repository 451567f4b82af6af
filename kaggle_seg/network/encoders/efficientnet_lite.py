"""EfficientNet-Lite 0 to 2: EfficientNet without squeeze-and-excitation, with ReLU6, for processors without a card.

Source: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite; Tan and Le 2019 (arXiv 1905.11946).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from kaggle_seg.errors import BadInput
from kaggle_seg.network.layers import FusedBatchNormalization

SCALES = {"efficientnet-lite0": (1.0, 1.0), "efficientnet-lite1": (1.0, 1.1), "efficientnet-lite2": (1.1, 1.2)}
"""By name, the factors of width and depth."""
GROUPS = (  # repeats, kernel, stride, expansion, filters
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD, CLASSES = 32, 1280, 1000  # never scaled
EPSILON = 1e-3
OUTER_NAMES = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1"), "classes": ("_fc", "")}
STATISTICS = ("weight", "bias", "running_mean", "running_var")  # PyTorch's names, in Keras's order


def build(name: str, height: int, width: int, top: bool = False) -> keras.Model:
    """The network with random weights.

    Args:
        name: one of `SCALES`.
        height: of the images.
        width: of the images.
        top: with what tells ImageNet's 1000 classes.

    Returns:
        From images (B, H, W, 3), 0 to 255, to features (B, H/32, W/32, C), or to logits (B, 1000).
    """
    wide, deep = SCALES[name]
    images = keras.Input((height, width, 3), name="images")
    features = keras.layers.Rescaling(1 / 128, offset=-127 / 128, dtype="float32", name="rescaling")(images)
    features = _normalised(keras.layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="stem"), features)
    number = 0
    for group, (repeats, kernel, stride, expansion, filters) in enumerate(GROUPS):
        ends = group in (0, len(GROUPS) - 1)
        for repeat in range(repeats if ends else math.ceil(repeats * deep)):
            features = _block(
                features, f"block{number}", kernel, 1 if repeat else stride, expansion, rounded_filters(filters * wide)
            )
            number += 1
    if top:
        features = _normalised(keras.layers.Conv2D(HEAD, 1, use_bias=False, name="head"), features)
        features = keras.layers.GlobalAveragePooling2D(name="pooling")(features)
        features = keras.layers.Dense(CLASSES, name="classes")(features)
    return keras.Model(images, features, name=name)


def rounded_filters(filters: float) -> int:
    """The nearest multiple of 8, but never less than nine tenths of the filters."""
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * filters else nearest


def _normalised(convolution: keras.layers.Layer, features: Any, active: bool = True) -> Any:
    norm = FusedBatchNormalization(epsilon=EPSILON, name=f"{convolution.name}_norm")
    features = norm(convolution(features))
    return keras.layers.ReLU(6.0, name=f"{convolution.name}_relu")(features) if active else features


def _block(inputs: Any, name: str, kernel: int, stride: int, expansion: int, filters: int) -> Any:
    """Widened, filtered channel by channel, narrowed; and added to what came in where that has the same shape."""
    layers, features = keras.layers, inputs
    if expansion > 1:
        wide = expansion * inputs.shape[-1]
        features = _normalised(layers.Conv2D(wide, 1, use_bias=False, name=f"{name}_expand"), features)
    depthwise = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depthwise")
    features = _normalised(depthwise, features)
    project = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project")
    features = _normalised(project, features, active=False)
    return layers.Add(name=f"{name}_add")([features, inputs]) if features.shape == inputs.shape else features


def assign_state(model: keras.Model, state: Mapping[str, np.ndarray], source: str) -> None:
    """Gives a network the weights of a PyTorch state dict.

    Args:
        model: as `build` makes it, with or without its top.
        state: by PyTorch's names, as `torch_files.read_state` gives it.
        source: the file, for errors.

    Raises:
        BadInput: the weights are not those of this network.
    """
    left = dict(state)
    try:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_weights_of(layer, left))
    except (KeyError, ValueError) as error:
        raise BadInput(f"{source}: not the weights of {model.name} ({error}); bring the file that belongs to it") from error


def _weights_of(layer: keras.layers.Layer, state: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """A layer's weights in Keras's order, from PyTorch's (out, in, H, W)."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [state[f"{_torch_name(layer.name.removesuffix('_norm'), norm=True)}.{part}"] for part in STATISTICS]
    kernel = state[f"{_torch_name(layer.name)}.weight"]
    if isinstance(layer, keras.layers.Dense):
        return [kernel.T, state["_fc.bias"]]
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    return [kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)]


def _torch_name(name: str, norm: bool = False) -> str:
    """PyTorch's name of a convolution, or of the normalisation behind it."""
    if not name.startswith("block"):
        return OUTER_NAMES[name][norm]
    block, _, part = name.removeprefix("block").partition("_")
    number = {"expand": 0, "depthwise": 1, "project": 2}[part]
    return f"_blocks.{block}._bn{number}" if norm else f"_blocks.{block}._{part}_conv"
