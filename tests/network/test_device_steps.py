"""Training on tiles kept on the device: the same batches, the same training, on TensorFlow and on JAX."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings, TrainingSettings
from kaggle_seg.network import device_steps, machine, unet
from kaggle_seg.network.device_steps import STEPS, DeviceSteps, fastest_steps, turned
from kaggle_seg.network.losses import make_loss
from kaggle_seg.network.steps import FedSteps, Steps
from kaggle_seg.network.trainer import make_optimizer
from kaggle_seg.tiles.batches import Batches, symmetries, transform, transform_image

NETWORK = NetworkSettings(base_filters=4, depth=1, convs_per_level=1, dropout=0.2)
ON_JAX = (
    "test_epochs.py::test_a_stopped_training_ends_with_the_same_bits",
    "test_epochs.py::test_a_card_that_holds_the_tiles_trains_alike",
    "test_epochs.py::test_float16_is_trained_with_a_scaled_loss[True]",
    "test_steps.py",
)
TRAINING = TrainingSettings(batch_size=2, learning_rate=1e-2, averaging=0.9)


@pytest.fixture(scope="module")
def batches() -> Batches:
    """More batches than a dispatch takes, and not a multiple of it, from two thirds of the tiles."""
    random = np.random.default_rng(0)
    masks = random.integers(0, 2, (63, 4, 4), np.uint8).repeat(4, 1).repeat(4, 2)
    images = random.integers(0, 90, (63, 16, 16, 3)) + 120 * masks[..., None]
    rows = np.delete(np.arange(63), np.s_[::3])
    return Batches(images.astype(np.uint8), masks, rows[::-1].copy(), TRAINING.batch_size, seed=3)


def make(kind: Callable[..., Steps], batches: Batches) -> tuple[Steps, keras.Model, list[keras.Variable]]:
    """Steps of that kind, the model that they train, and all variables that they change."""
    keras.utils.set_random_seed(1)
    model, optimizer = unet.build(NETWORK, 16, 16), make_optimizer(TRAINING, 100, "float32")
    optimizer.build(model.trainable_variables)
    steps = kind(model, optimizer, make_loss(TRAINING.loss), batches)
    return steps, model, [*model.variables, *optimizer.variables]


def values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


@pytest.mark.parametrize("shape", [(6, 6), (4, 6)])
def test_tiles_are_turned_as_in_numpy(shape: tuple[int, int]) -> None:
    random, possible = np.random.default_rng(0), symmetries(*shape)
    images = random.integers(0, 256, (len(possible), *shape, 3), np.uint8)
    found = keras.ops.convert_to_numpy(turned(keras.ops.convert_to_tensor(images), np.array(possible, np.int32)))
    assert found.dtype == np.uint8
    for image, symmetry, other in zip(images, possible, found, strict=True):
        np.testing.assert_array_equal(other, transform_image(image, symmetry))
    masks = keras.ops.convert_to_tensor(images[..., :1])
    for image, symmetry, other in zip(images, possible, turned(masks, np.array(possible, np.int32)), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(other)[..., 0], transform(image[..., 0], symmetry))


def test_it_trains_as_batch_by_batch(batches: Batches) -> None:
    """Losses, weights, moments, averages and statistics, over two epochs."""
    assert len(batches) % STEPS
    assert len(batches) > STEPS
    fed, _, fed_variables = make(FedSteps, batches)
    kept, _, kept_variables = make(DeviceSteps, batches)
    for number in (1, 2):
        (fed_losses, fed_rows), (losses, rows) = (
            (np.concatenate(parts) for parts in zip(*way.epoch(number), strict=True)) for way in (fed, kept)
        )
        np.testing.assert_array_equal(rows, fed_rows)
        np.testing.assert_allclose(losses, fed_losses, rtol=2e-4)
    for found, wanted in zip(values(kept_variables), values(fed_variables), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=5e-3, atol=5e-4)


def test_a_broken_off_epoch_leaves_a_model_that_can_be_used(batches: Batches) -> None:
    steps, model, variables = make(DeviceSteps, batches)
    before = values(variables)
    epoch = steps.epoch(1)
    losses, rows = next(epoch)
    epoch.close()  # type: ignore[attr-defined]
    assert losses.shape == (STEPS,)
    assert rows.shape == (STEPS, TRAINING.batch_size)
    assert any(np.any(new != old) for new, old in zip(values(variables), before, strict=True))
    assert np.isfinite(model.predict_on_batch(batches.images[:2])).all()


def test_tiles_lie_on_a_card_that_has_room_for_them(batches: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make(fastest_steps, batches)[0], FedSteps)
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    assert isinstance(make(fastest_steps, batches)[0], DeviceSteps)
    monkeypatch.setattr(device_steps, "MOST_ON_CARD", 1000)
    assert isinstance(make(fastest_steps, batches)[0], FedSteps)


def test_all_of_it_on_jax() -> None:
    """These tests once more, and a training, in a process that computes on JAX, if this one does not."""
    if keras.backend.backend() == "jax":
        return
    if not importlib.util.find_spec("jax"):
        pytest.skip("JAX is not installed")
    training = [str(Path(__file__).with_name(name)) for name in ON_JAX]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, *training]
    done = subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "jax"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout
