"""Prediction: augmentation undoes what it does, shards resume, models of other settings are refused."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.network import inference, unet
from kaggle_seg.network.inference import augmentations, load_model, predict_tiles, probabilities

SMALL = NetworkSettings(base_filters=2, depth=1, convs_per_level=1)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 12, 12, 3), np.uint8)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return unet.build(SMALL, 12, 12)


def brightness_model(size: tuple[int, int]) -> keras.Model:
    """A model that sees each pixel by itself, and so turns with its image."""
    inputs = keras.Input((*size, 3), dtype="uint8")
    return keras.Model(inputs, keras.layers.Rescaling(0.02, -2.5)(inputs[..., :1]))


@pytest.mark.parametrize(("kind", "count"), [("none", 1), ("flips", 4), ("d4", 8)])
def test_a_model_that_sees_single_pixels_is_not_changed_by_augmentation(
    kind: inference.Augmentation, count: int, images: np.ndarray
) -> None:
    over = augmentations(kind, 12, 12)
    assert len(over) == count
    single = probabilities(brightness_model((12, 12)), images)
    np.testing.assert_allclose(probabilities(brightness_model((12, 12)), images, over), single, atol=1e-6)


def test_oblong_tiles_are_not_turned_by_quarters(images: np.ndarray) -> None:
    oblong = np.ascontiguousarray(images[:, :8])
    over = augmentations("d4", 8, 12)
    assert len(over) == 4
    assert probabilities(brightness_model((8, 12)), oblong, over).shape == (7, 8, 12)


def test_augmented_probabilities_are_the_mean_over_the_turned_tiles(model: keras.Model, images: np.ndarray) -> None:
    mirrored = probabilities(model, np.ascontiguousarray(images[:, :, ::-1]))[:, :, ::-1]
    mean = (probabilities(model, images) + mirrored) / 2
    np.testing.assert_allclose(probabilities(model, images, (0, 4)), mean, atol=1e-6)


def test_a_stopped_prediction_ends_with_the_same_maps(model: keras.Model, images: np.ndarray, tmp_path: Path) -> None:
    def store(name: str) -> MapStore:
        ids = [str(number) for number in range(7)]
        return MapStore.create(tmp_path / name, ids, ids, 12, 12, shard=3)

    whole, stopped = store("whole"), store("stopped")
    rows = np.arange(7)[::-1]
    for part in (whole, stopped):
        predict_tiles(model, images, part, rows, "flips")
    (tmp_path / "stopped" / "levels-0001.npy").unlink()
    (tmp_path / "stopped" / "sums-0002.npy").unlink()
    assert [shard.start for shard in stopped.missing_shards()] == [3, 6]
    predict_tiles(model, images, stopped, rows, "flips")
    for found, wanted in zip(stopped.shards(), whole.shards(), strict=True):
        np.testing.assert_array_equal(found[1], wanted[1])
        np.testing.assert_array_equal(found[2], wanted[2])


def test_maps_are_those_of_the_rows_asked_for(model: keras.Model, images: np.ndarray, tmp_path: Path) -> None:
    store = MapStore.create(tmp_path / "maps", ["5", "2"], ["5", "2"], 12, 12)
    predict_tiles(model, images, store, np.array([5, 2]), "none")
    (_, levels, _), *_ = store.shards()
    wanted = np.minimum(probabilities(model, images[[5, 2]]) * 256, 255).astype(np.uint8)
    np.testing.assert_array_equal(levels, wanted)


def test_a_model_trained_in_bfloat16_predicts_in_float32_with_the_same_weights(tmp_path: Path, images: np.ndarray) -> None:
    trained = unet.build(SMALL, 12, 12, "mixed_bfloat16")
    trained.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras", SMALL, "float32")
    assert {layer.compute_dtype for layer in loaded.layers if layer.weights} == {"float32"}
    for found, wanted in zip(loaded.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    kept = load_model(tmp_path / "model.keras", SMALL, "mixed_bfloat16")
    np.testing.assert_array_equal(kept.predict_on_batch(images), trained.predict_on_batch(images))


def test_a_damaged_model_and_one_of_other_settings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"no model")
    with pytest.raises(BadInput, match=r"model\.keras: cannot be loaded"):
        load_model(path, SMALL, "float32")
    unet.build(SMALL, 12, 12, "mixed_bfloat16").save(path)
    with pytest.raises(BadInput, match=r"its weights do not fit the settings in run\.toml"):
        load_model(path, NetworkSettings(base_filters=4, depth=1), "float32")


def test_a_model_that_carries_code_is_refused(tmp_path: Path) -> None:
    """A `.keras` file may hold a Lambda with somebody's bytecode; safe mode does not run it."""
    inputs = keras.Input((12, 12, 3))
    keras.Model(inputs, keras.layers.Lambda(lambda features: features * 2)(inputs)).save(tmp_path / "model.keras")
    with pytest.raises(BadInput, match="cannot be loaded"):
        load_model(tmp_path / "model.keras", SMALL, "float32")
