"""The U-Net: images in, logits out, with all rescaling, padding and cropping inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kaggle_seg.config import NetworkSettings
from kaggle_seg.network.encoders.features import STRIDE, build_features
from kaggle_seg.network.layers import FusedBatchNormalization, ReflectPadding, padding_to

LEVELS = 4  # of the decoder above an encoder: strides 16, 8, 4 and 2


def build(settings: NetworkSettings, height: int, width: int, precision: str = "float32") -> keras.Model:
    """A U-Net with `Concatenate` skip connections, after Ronneberger et al. 2015 (arXiv 1505.04597).

    Args:
        settings: its shape.
        height: of the tiles, in pixels; any.
        width: of the tiles, in pixels; any.
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; what the layers compute in.

    Returns:
        A model from images uint8 (B, H, W, 3) to logits float32 (B, H, W, 1); probability = sigmoid(logit).
    """
    if settings.encoder != "none":
        return _build_on_encoder(settings, height, width, precision)
    make = _Layers(settings, precision)
    images = keras.Input((height, width, 3), dtype="uint8", name="images")
    padding = padding_for(settings, height, width)
    features = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="rescaling")(images)
    if any(map(any, padding)):
        features = ReflectPadding(padding, dtype="float32", name="padding")(features)
    if settings.stem == "half":
        features = _space_to_depth(features, precision)

    skips = []
    for level in range(settings.depth):
        features = make.level(features, f"down{level}", settings.base_filters << level)
        skips.append(features)
        features = keras.layers.MaxPooling2D(dtype=precision, name=f"down{level}_pool")(features)
    features = make.level(features, "bottleneck", settings.base_filters << settings.depth)
    if settings.dropout:
        features = keras.layers.SpatialDropout2D(settings.dropout, dtype=precision, name="bottleneck_dropout")(features)
    for level in reversed(range(settings.depth)):
        features = make.upsample(features, f"up{level}", settings.base_filters << level)
        features = keras.layers.Concatenate(dtype=precision, name=f"up{level}_skip")([features, skips[level]])
        features = make.level(features, f"up{level}", settings.base_filters << level)

    return keras.Model(images, _logits(features, settings.stem == "half", padding), name="unet")


def _build_on_encoder(settings: NetworkSettings, height: int, width: int, precision: str) -> keras.Model:
    """A pretrained encoder, and a decoder that ends at half the resolution; see `build`."""
    make, encoder = _Layers(settings, precision), build_features(settings, height, width, precision)
    padding = padding_to(STRIDE, height, width)
    *skips, features = encoder.outputs
    if settings.dropout:
        features = keras.layers.SpatialDropout2D(settings.dropout, dtype=precision, name="bottleneck_dropout")(features)
    for level in reversed(range(LEVELS)):
        filters = max(1, settings.decoder_filters * (level + 1) // LEVELS)
        features = make.upsample(features, f"up{level}", filters)
        if same_size := [skip for skip in skips if skip.shape[1:3] == features.shape[1:3]]:
            features = keras.layers.Concatenate(dtype=precision, name=f"up{level}_skip")([features, *same_size])
        features = make.level(features, f"up{level}", filters)
    return keras.Model(encoder.inputs[0], _logits(features, True, padding), name=f"unet-{settings.encoder}")


def _logits(features: Any, half: bool, padding: tuple[tuple[int, int], tuple[int, int]]) -> Any:
    """(B, h, w, C) to logits (B, H, W, 1), in float32: in bfloat16 the sigmoid's tail has eight levels between .98 and 1."""
    logits = keras.layers.Conv2D(4 if half else 1, 1, dtype="float32", name="head")(features)
    if half:
        logits = _depth_to_space(logits)
    if any(map(any, padding)):
        logits = keras.layers.Cropping2D(padding, dtype="float32", name="cropping")(logits)
    return logits


class _Layers:
    """Makes the U-Net's building blocks, all of one kind and precision."""

    def __init__(self, settings: NetworkSettings, precision: str) -> None:
        self.settings, self.precision = settings, precision

    def level(self, features: Any, name: str, filters: int) -> Any:
        """`convs_per_level` times convolution, normalisation, ReLU; (B, H, W, any) to (B, H, W, filters)."""
        inputs = features
        for index in range(self.settings.convs_per_level):
            features = self._convolution(features, f"{name}_conv{index}", filters)
            if self.settings.residual and index == self.settings.convs_per_level - 1:
                if inputs.shape[-1] != filters:
                    inputs = keras.layers.Conv2D(filters, 1, dtype=self.precision, name=f"{name}_shortcut")(inputs)
                features = keras.layers.Add(dtype=self.precision, name=f"{name}_add")([features, inputs])
            features = keras.layers.ReLU(dtype=self.precision, name=f"{name}_relu{index}")(features)
        return features

    def upsample(self, features: Any, name: str, filters: int) -> Any:
        """Doubles height and width: (B, H, W, C) to (B, 2H, 2W, filters)."""
        if self.settings.upsampling == "transposed":
            # without a bias: the convolution that follows has an offset, and a bias' gradient takes 3 % of a step
            return keras.layers.Conv2DTranspose(
                filters, 2, strides=2, use_bias=False, dtype=self.precision, name=f"{name}_transposed"
            )(features)
        features = keras.layers.UpSampling2D(interpolation="bilinear", dtype=self.precision, name=f"{name}_bilinear")(
            features
        )
        return keras.layers.Conv2D(filters, 1, dtype=self.precision, name=f"{name}_mix")(features)

    def _convolution(self, features: Any, name: str, filters: int) -> Any:
        normalise: dict[str, Callable[[], keras.layers.Layer] | None] = {
            "batch": lambda: FusedBatchNormalization(momentum=0.9, dtype=self.precision, name=f"{name}_norm"),
            "group": lambda: keras.layers.GroupNormalization(_groups(filters), dtype=self.precision, name=f"{name}_norm"),
            "none": None,
        }
        layer = normalise[self.settings.normalisation]
        convolution = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=layer is None,  # a normalisation has an offset of its own
            kernel_initializer="he_normal",
            dtype=self.precision,
            name=name,
        )
        return layer()(convolution(features)) if layer else convolution(features)


def _groups(filters: int) -> int:
    """The most groups up to 8 into which the filters divide evenly."""
    return max(count for count in range(1, 9) if filters % count == 0)


def _space_to_depth(features: Any, kind: str) -> Any:
    """(B, 2h, 2w, C) to (B, h, w, 4C): each 2×2 square becomes one pixel, nothing is lost."""
    _, height, width, channels = features.shape
    name = "half_size"
    features = keras.layers.Reshape((height // 2, 2, width // 2, 2 * channels), dtype=kind, name=f"{name}_rows")(features)
    features = keras.layers.Permute((1, 3, 2, 4), dtype=kind, name=f"{name}_order")(features)
    return keras.layers.Reshape((height // 2, width // 2, 4 * channels), dtype=kind, name=f"{name}_squares")(features)


def _depth_to_space(features: Any) -> Any:
    """(B, h, w, 4) to (B, 2h, 2w, 1): the pixel shuffle of Shi et al. 2016 (arXiv 1609.05158)."""
    _, height, width, _ = features.shape
    name = "full_size"
    features = keras.layers.Reshape((height, width, 2, 2), dtype="float32", name=f"{name}_squares")(features)
    features = keras.layers.Permute((1, 3, 2, 4), dtype="float32", name=f"{name}_order")(features)
    return keras.layers.Reshape((2 * height, 2 * width, 1), dtype="float32", name=f"{name}_rows")(features)


def padding_for(settings: NetworkSettings, height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)): the pixels missing to the next size that the network can halve `depth` times."""
    return padding_to(2 ** (settings.depth + (settings.stem == "half")), height, width)


def summary(model: keras.Model) -> str:
    """Parameters and FLOPs of one tile's forward pass, level by level, as a table of text.

    A multiplication and an addition count as two operations; convolutions alone are counted.
    """
    levels: dict[str, list[float]] = {}
    for layer in model.layers:
        entry = levels.setdefault(layer.name.split("_")[0], [0, 0.0])
        entry[0] += layer.count_params()
        entry[1] += _operations(layer)
    levels = {name: entry for name, entry in levels.items() if entry[0]}
    levels["total"] = [sum(entry[0] for entry in levels.values()), sum(entry[1] for entry in levels.values())]
    lines = [f"{'level':<12}{'parameters':>12}{'GFLOP a tile':>14}"]
    return "\n".join(lines + [f"{name:<12}{int(count):>12,}{flops / 1e9:>14.3f}" for name, (count, flops) in levels.items()])


def _operations(layer: keras.layers.Layer) -> float:
    """FLOPs of one tile's forward pass through a convolution; 0 for any other layer."""
    if isinstance(layer, keras.layers.Conv2DTranspose):
        places = layer.input.shape[1] * layer.input.shape[2]
    elif isinstance(layer, keras.layers.Conv2D):
        places = layer.output.shape[1] * layer.output.shape[2]
    else:
        return 0.0
    kernel = layer.kernel.shape
    return 2.0 * kernel[0] * kernel[1] * kernel[2] * kernel[3] * places
