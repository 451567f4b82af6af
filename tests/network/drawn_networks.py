"""Networks for tests: the U-Net with statistics that matter, and small random graphs of many kinds of layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from hypothesis import strategies as st

from kaggle_seg.config import NetworkSettings
from kaggle_seg.network import unet
from kaggle_seg.network.layers import FusedBatchNormalization, ReflectPadding

SMALL = NetworkSettings(base_filters=4, depth=1)
SIDE = 8


def trained(settings: NetworkSettings, precision: str = "float32", seed: int = 3) -> keras.Model:
    """A U-Net whose normalisations have statistics, scales and offsets that matter."""
    keras.utils.set_random_seed(seed)
    return with_statistics(unet.build(settings, 16, 12, precision), seed)


def with_statistics(model: keras.Model, seed: int = 3) -> keras.Model:
    """Gives the normalisations, as far as they have them, scales, offsets, means and variances; and biases to the rest."""
    random = np.random.default_rng(seed)
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.moving_mean.shape[0]
            gamma = [random.uniform(0.5, 1.5, count)] if layer.scale else []
            beta = [random.normal(0, 0.5, count)] if layer.center else []
            layer.set_weights([*gamma, *beta, random.normal(0, 0.5, count), random.uniform(0.5, 2, count)])
        elif getattr(layer, "use_bias", False):
            *kernels, bias = layer.get_weights()
            layer.set_weights([*kernels, random.normal(0, 0.5, bias.shape)])
    return model


def all_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of a network and of those nested in it."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from all_layers(layer)
        else:
            yield layer


def normalisations(model: keras.Model) -> list[str]:
    """The names of a network's batch normalisations."""
    return [layer.name for layer in all_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]


def outputs(model: keras.Model, images: np.ndarray) -> list[np.ndarray]:
    """What a network gives in prediction."""
    return [keras.ops.convert_to_numpy(part) for part in keras.tree.flatten(model(images, training=False))]


@dataclass
class DrawnNetwork:
    """A random network.

    Attributes:
        model: of 3 to 12 blocks, from images float32 (B, 8, 8, 3) to one or two tensors.
        pairs: how many of its normalisations follow a convolution of their own.
        stuck: how many stand where nothing can do their work: after an addition, before a ReLU.
    """

    model: keras.Model
    pairs: int = 0
    stuck: int = 0


@dataclass
class _Drawing:
    draw: Any
    made: list[Any] = field(default_factory=list)
    pairs: int = 0
    stuck: int = 0

    def choice(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def normalisation(self) -> keras.layers.Layer:
        kind = self.choice(keras.layers.BatchNormalization, FusedBatchNormalization)
        return kind(scale=self.choice(True, False), center=self.choice(True, False))

    def convolution(self, x: Any, **settings: Any) -> Any:
        """Any kind of convolution."""
        layers = keras.layers
        settings = {"use_bias": self.choice(True, False), "padding": self.choice("same", "valid"), **settings}
        if x.shape[1] < 4:
            settings["padding"] = "same"
        even = x.shape[-1] % 2 == 0
        kind = self.choice("plain", "strided", "grouped" if even else "plain", "depthwise", "separable", "transposed")
        if kind == "plain":
            return layers.Conv2D(self.choice(2, 3, 4), self.choice(1, 3), **settings)(x)
        if kind == "strided":
            return layers.Conv2D(self.choice(2, 4), 3, strides=2, **settings)(x)
        if kind == "grouped":
            return layers.Conv2D(4, 3, groups=2, **settings)(x)
        if kind == "depthwise":
            return layers.DepthwiseConv2D(3, depth_multiplier=self.choice(1, 2), **settings)(x)
        if kind == "separable":
            return layers.SeparableConv2D(3, 3, depth_multiplier=self.choice(1, 2), **settings)(x)
        strides = 2 if x.shape[1] <= SIDE else 1
        return layers.Conv2DTranspose(self.choice(2, 3), self.choice(2, 3), strides=strides, **settings)(x)

    def pair(self, x: Any) -> Any:
        self.pairs += 1
        return self.normalisation()(self.convolution(x))

    def residual(self, x: Any) -> Any:
        """A pre-activation block: its normalisation sees a sum and a ReLU sees the normalisation."""
        self.stuck += 1
        added = keras.layers.Add()([x, keras.layers.Conv2D(x.shape[-1], 3, padding="same")(x)])
        return keras.layers.ReLU()(self.normalisation()(added))

    def activation(self, x: Any) -> Any:
        layers = keras.layers
        plain = layers.ReLU(), layers.ReLU(6.0), layers.Activation("relu"), layers.Activation("tanh"), layers.LeakyReLU()
        return self.choice(*plain)(x)

    def reshaping(self, x: Any) -> Any:
        layers = keras.layers
        options = [layers.ZeroPadding2D(1), layers.Permute((2, 1, 3)), layers.SpatialDropout2D(0.5), layers.Identity()]
        if x.shape[1] >= 4:
            options += [layers.MaxPooling2D(), layers.AveragePooling2D(2), layers.Cropping2D(1)]
            options += [ReflectPadding(((1, 0), (0, 1)))]
        if x.shape[1] <= SIDE:
            options += [layers.UpSampling2D(interpolation="bilinear"), layers.UpSampling2D()]
        return self.choice(*options)(x)

    def joined(self, x: Any) -> Any:
        """With an earlier tensor of its size, side by side or, by an operation that is no layer, added."""
        fitting = [other for other in self.made if other.shape[1:3] == x.shape[1:3]]
        other = self.choice(*fitting)
        if other.shape == x.shape and self.choice(True, False):
            return x + other
        return keras.layers.Concatenate()([other, x])

    def nested(self, x: Any) -> Any:
        inner = keras.Input(x.shape[1:])
        part = _Drawing(self.draw)
        network = keras.Model(inner, part.pair(part.activation(inner)))
        self.pairs += 1
        return network(x)


def draw_network(draw: Any) -> DrawnNetwork:
    """A random network with weights and statistics that matter.

    Args:
        draw: Hypothesis's, within a test that is given `st.data()`.
    """
    drawing = _Drawing(draw)
    images = keras.Input((SIDE, SIDE, 3))
    x = drawing.choice(keras.layers.Rescaling(1 / 127.5, -1.0), keras.layers.Rescaling(0.01), keras.layers.Identity())(
        images
    )
    drawing.made.append(x)
    kinds = ("pair", "pair", "residual", "activation", "reshaping", "joined", "convolution", "normalised", "nested")
    for _ in range(draw(st.integers(3, 12))):
        kind = drawing.choice(*kinds)
        x = drawing.normalisation()(x) if kind == "normalised" else getattr(drawing, kind)(x)
        drawing.made.append(x)
    leaving = [x, *([drawing.choice(*drawing.made)] if drawing.choice(True, False) else [])]
    model = with_statistics(keras.Model(images, leaving), seed=draw(st.integers(0, 100)))
    return DrawnNetwork(model, drawing.pairs, drawing.stuck)
