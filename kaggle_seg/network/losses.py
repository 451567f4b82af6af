"""The losses, each a mean over tiles of a value per tile, from float32 logits.

Per tile, not pooled over the batch: the competition scores each tile by itself, and a pooled loss depends on the batch size.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kaggle_seg.config import Loss

PIXEL_AXES = (1, 2, 3)
SMOOTHING = 1.0  # pixels added to intersection and union: an empty tile's loss then falls with its last false pixel


class Jaccard(keras.losses.Loss):
    """1 - (I + s) / (U + s) per tile, with I = sum(p t), U = sum(p) + sum(t) - I and s = 1 pixel.

    The soft Jaccard index; p = sigmoid(logit), t the mask. On a tile without buildings it is sum(p) / (sum(p) + 1).
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Masks (B, H, W, 1) of 0 and 1 and logits (B, H, W, 1) to (B,)."""
        masks, probabilities = ops.cast(y_true, "float32"), ops.sigmoid(ops.cast(y_pred, "float32"))
        intersection = ops.sum(masks * probabilities, axis=PIXEL_AXES)
        union = ops.sum(masks, axis=PIXEL_AXES) + ops.sum(probabilities, axis=PIXEL_AXES) - intersection
        return 1.0 - (intersection + SMOOTHING) / (union + SMOOTHING)


class Dice(keras.losses.Loss):
    """Keras's Dice loss per tile, from logits."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Masks (B, H, W, 1) of 0 and 1 and logits (B, H, W, 1) to (B,)."""
        probabilities = ops.sigmoid(ops.cast(y_pred, "float32"))
        return keras.losses.dice(ops.cast(y_true, "float32"), probabilities, axis=PIXEL_AXES)


class CrossEntropyJaccard(keras.losses.Loss):
    """Binary cross-entropy plus Jaccard: the first steers every pixel from the start, the second what is scored."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.parts = (keras.losses.BinaryCrossentropy(from_logits=True, reduction=None), Jaccard(reduction=None))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Masks (B, H, W, 1) of 0 and 1 and logits (B, H, W, 1) to (B,)."""
        entropy, jaccard = (part(y_true, y_pred) for part in self.parts)
        return ops.mean(entropy, axis=(1, 2)) + jaccard


def make_loss(name: Loss) -> keras.losses.Loss:
    """The loss of this name, from masks (B, H, W, 1) of 0 and 1 and logits (B, H, W, 1) to a scalar."""
    return {
        "bce": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
        "focal": lambda: keras.losses.BinaryFocalCrossentropy(from_logits=True),
        "dice": Dice,
        "jaccard": Jaccard,
        "bce+jaccard": CrossEntropyJaccard,
    }[name]()
