"""The losses against hand-worked 3×3 cases and a slow NumPy reference."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from kaggle_seg.network.losses import make_loss

NAMES = ("bce", "dice", "focal", "jaccard", "bce+jaccard")
TILE = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]], np.uint8)[None, :, :, None]


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def reference(name: str, masks: np.ndarray, logits: np.ndarray) -> float:
    """The loss, tile by tile and pixel by pixel, in plain Python."""
    total = 0.0
    for tile, tile_logits in zip(masks, logits, strict=True):
        pixels = list(zip(tile.ravel().tolist(), sigmoid(tile_logits).ravel().tolist(), strict=True))
        truth, predicted = sum(t for t, _ in pixels), sum(p for _, p in pixels)
        both = sum(t * p for t, p in pixels)
        entropy = -sum(math.log(p if t else 1 - p) for t, p in pixels) / len(pixels)
        focal = -sum((1 - (p if t else 1 - p)) ** 2 * math.log(p if t else 1 - p) for t, p in pixels) / len(pixels)
        jaccard = 1 - (both + 1) / (truth + predicted - both + 1)
        dice = 1 - 2 * both / (truth + predicted)
        total += {"bce": entropy, "focal": focal, "dice": dice, "jaccard": jaccard, "bce+jaccard": entropy + jaccard}[name]
    return total / len(masks)


def value(name: str, masks: np.ndarray, logits: np.ndarray) -> float:
    return float(make_loss(name)(masks, logits.astype(np.float32)))  # type: ignore[arg-type]


def test_jaccard_of_a_tile_worked_by_hand() -> None:
    # one of two building pixels found for certain, one false: I = 1, U = 3, so 1 - (1 + 1) / (3 + 1)
    logits = np.full((1, 3, 3, 1), -40.0)
    logits[0, 0, 0, 0] = logits[0, 2, 2, 0] = 40.0
    assert value("jaccard", TILE, logits) == pytest.approx(0.5)


def test_jaccard_of_undecided_pixels_worked_by_hand() -> None:
    # p = 1/2 everywhere: I = 2 / 2 = 1, U = 2 + 4.5 - 1 = 5.5, so 1 - 2 / 6.5
    assert value("jaccard", TILE, np.zeros((1, 3, 3, 1))) == pytest.approx(1 - 2 / 6.5)


def test_jaccard_of_an_empty_tile_is_the_false_area_over_itself_and_one() -> None:
    empty = np.zeros((1, 3, 3, 1), np.uint8)
    assert value("jaccard", empty, np.zeros((1, 3, 3, 1))) == pytest.approx(4.5 / 5.5)
    assert value("jaccard", empty, np.full((1, 3, 3, 1), -40.0)) == pytest.approx(0, abs=1e-6)


def test_cross_entropy_and_jaccard_add_up() -> None:
    assert value("bce+jaccard", TILE, np.zeros((1, 3, 3, 1))) == pytest.approx(math.log(2) + 1 - 2 / 6.5)


def test_dice_worked_by_hand() -> None:
    # p = 1/2 everywhere: 1 - 2 * 1 / (2 + 4.5)
    assert value("dice", TILE, np.zeros((1, 3, 3, 1))) == pytest.approx(1 - 2 / 6.5)


@pytest.mark.parametrize("name", NAMES)
def test_losses_equal_the_slow_reference(name: str) -> None:
    random = np.random.default_rng(5)
    masks = (random.random((4, 6, 5, 1)) < 0.3).astype(np.uint8)
    logits = random.normal(0, 3, (4, 6, 5, 1)).astype(np.float32)
    assert value(name, masks, logits) == pytest.approx(reference(name, masks, logits), rel=1e-4)


@pytest.mark.parametrize("name", ("dice", "jaccard"))
def test_tiles_count_alike_whatever_they_hold(name: str) -> None:
    """A pooled loss would let a crowded tile outweigh a sparse one."""
    random = np.random.default_rng(6)
    masks = np.concatenate([np.ones((1, 8, 8, 1)), random.random((1, 8, 8, 1)) < 0.05]).astype(np.uint8)
    logits = random.normal(0, 2, (2, 8, 8, 1)).astype(np.float32)
    alone = [value(name, masks[i : i + 1], logits[i : i + 1]) for i in range(2)]
    assert value(name, masks, logits) == pytest.approx(np.mean(alone), rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("full", (0, 1))
@pytest.mark.parametrize("logit", (-200.0, 0.0, 200.0))
def test_losses_and_their_gradients_are_finite_on_empty_and_full_masks(name: str, full: int, logit: float) -> None:
    import tensorflow as tf

    masks = np.full((2, 4, 4, 1), full, np.uint8)
    logits = tf.Variable(np.full((2, 4, 4, 1), logit, np.float32))
    with tf.GradientTape() as tape:
        loss = make_loss(name)(masks, logits)  # type: ignore[arg-type]
    assert np.isfinite(float(loss))
    assert np.isfinite(keras.ops.convert_to_numpy(tape.gradient(loss, logits))).all()
