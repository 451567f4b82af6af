"""The trained network rewritten for prediction: fewer operations, the same probabilities."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np

from kaggle_seg.config import NetworkSettings
from kaggle_seg.network import unet

FIRST = ("down0_conv0", "down0_shortcut")  # the layers that see the rescaled image


def folded(model: keras.Model, settings: NetworkSettings, precision: str) -> keras.Model:
    """A network of the same function, with batch normalisation and rescaling inside its convolutions.

    Where a convolution with kernel k is followed by a normalisation (mean m, variance v, scale g, offset b), the kernel
    k·g/sqrt(v + epsilon) with the bias b - m·g/sqrt(v + epsilon) gives the same. Pixels enter as x - 127.5, which
    bfloat16 holds exactly, as it does not hold x/127.5 - 1; the first kernels are divided by 127.5 instead.

    Args:
        model: from images uint8 (B, H, W, 3) to logits (B, H, W, 1), as `unet.build` makes it.
        settings: those it was built with.
        precision: what the layers are to compute in; the model's own does not matter.

    Returns:
        A model from images uint8 (B, H, W, 3) to probabilities float32 (B, H, W).

    Raises:
        ValueError: the model was built with other settings.
    """
    height, width = model.input_shape[1:3]
    normalisation = "none" if settings.normalisation == "batch" else settings.normalisation
    logits = unet.build(replace(settings, normalisation=normalisation), height, width, precision)
    trained = {layer.name: layer for layer in model.layers}
    if strangers := {layer.name for layer in logits.layers if layer.weights} - set(trained):
        raise ValueError(f"the model has no layers {', '.join(sorted(strangers))}")
    for layer in logits.layers:
        weights = trained[layer.name].get_weights() if layer.weights else []
        if settings.normalisation == "batch" and (norm := trained.get(f"{layer.name}_norm")):
            weights = merged(weights[0], norm)
        if layer.name in FIRST:
            weights[0] = weights[0] * logits.get_layer("rescaling").scale
        layer.set_weights(weights)
    centre = logits.get_layer("rescaling")
    centre.offset, centre.scale = centre.offset / centre.scale, 1.0
    outputs = keras.layers.Activation("sigmoid", dtype="float32", name="sigmoid")(logits.output)
    outputs = keras.layers.Reshape((height, width), dtype="float32", name="probabilities")(outputs)
    return keras.Model(logits.input, outputs, name="folded")


def merged(kernel: np.ndarray, norm: keras.layers.BatchNormalization) -> list[np.ndarray]:
    """Kernel and bias of a convolution that does the work of the normalisation after it as well."""
    gamma, beta, mean, variance = (np.asarray(values, np.float64) for values in norm.get_weights())
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return [kernel * scale, beta - mean * scale]
