"""An encoder's features: where they are taken, how they are padded, what freezing changes; which files are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network import machine
from kaggle_seg.network.encoders.features import (
    PREFIX,
    build_features,
    is_frozen,
    load_weights,
    make_network,
    tap,
)
from kaggle_seg.network.graph import trace
from kaggle_seg.network.layers import padding_to
from kaggle_seg.network.rounding import to_bfloat16
from kaggle_seg.tiles.batches import transform_image
from tests.network.drawn_networks import normalisations, outputs
from tests.network.encoders.packages import needs

CHANNELS = {
    "efficientnet-lite0": [16, 24, 40, 112, 320],
    "efficientnet-lite2": [16, 24, 48, 120, 352],
    "EfficientNetV2B0": [16, 32, 48, 112, 1280],
    "MobileNetV3Large": [16, 24, 40, 112, 960],
    "MobileNetV3Small": [16, 16, 24, 48, 576],
    "ResNet50V2": [64, 64, 128, 256, 2048],
    "ConvNeXtTiny": [96, 192, 384, 768],  # its first step is of 4 pixels
}


def lite(lite_file: Path, training: Any = "auto") -> NetworkSettings:
    return NetworkSettings(encoder="efficientnet-lite0", encoder_weights=str(lite_file), encoder_training=training)


@pytest.mark.parametrize(("name", "channels"), CHANNELS.items(), ids=CHANNELS)
def test_features_are_found_by_resolution(name: str, channels: list[int]) -> None:
    features = tap(trace(make_network(name, 64, 96)), 64, 96)
    assert [part.shape[-1] for part in features] == channels
    strides = [2, 4, 8, 16, 32][-len(channels) :]
    assert [part.shape[1:3] for part in features] == [(64 // stride, 96 // stride) for stride in strides]


@pytest.mark.parametrize("size", [(32, 32), (21, 40)])
def test_a_frozen_encoder_is_folded_and_computes_the_same(size: tuple[int, int], lite_file: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    frozen = build_features(lite(lite_file, "frozen"), *size, "float32")
    released = build_features(lite(lite_file, "released"), *size, "float32")
    assert not normalisations(frozen) and normalisations(released)
    assert not frozen.trainable_variables and released.trainable_variables
    assert all(layer.name.startswith(PREFIX) for model in (frozen, released) for layer in model.layers[1:])
    padded = [side + sum(pair) for side, pair in zip(size, padding_to(32, *size), strict=True)]
    for found, wanted, stride in zip(outputs(frozen, images), outputs(released, images), (2, 4, 8, 16, 32), strict=True):
        assert found.shape[1:3] == (padded[0] // stride, padded[1] // stride)
        assert np.std(wanted) > 0.01
        np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())
    for found, wanted in zip(frozen(images, training=True), outputs(frozen, images), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(found), wanted)


def test_a_frozen_encoder_has_in_training_the_weights_that_it_has_in_prediction(lite_file: Path) -> None:
    encoder = build_features(lite(lite_file, "frozen"), 32, 32, "mixed_bfloat16")
    kernels = [layer for layer in encoder.layers if hasattr(layer, "kernel")]
    assert {layer.compute_dtype for layer in kernels} == {"bfloat16"}
    for weights in (weights for layer in kernels for weights in layer.get_weights()):
        np.testing.assert_array_equal(weights, to_bfloat16(weights))


def test_an_encoder_is_frozen_where_there_is_no_card_and_its_weights_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given, random = NetworkSettings(encoder="ResNet50V2"), NetworkSettings(encoder="ResNet50V2", encoder_weights="none")
    for card in (False, True):
        monkeypatch.setattr(machine, "has_gpu", lambda card=card: card)
        assert is_frozen(given) is not card
        assert is_frozen(lite(Path("x"), "frozen")) and not is_frozen(lite(Path("x"), "released"))
        assert not is_frozen(random) and not is_frozen(NetworkSettings())


def test_weights_of_keras_are_read_in_both_of_its_formats(tmp_path: Path) -> None:
    network = make_network("MobileNetV3Small", 32, 32)
    network.save_weights(tmp_path / "new.weights.h5")
    network.save(tmp_path / "old.h5")
    for name in ("new.weights.h5", "old.h5"):
        other = make_network("MobileNetV3Small", 32, 32)
        load_weights(other, "MobileNetV3Small", tmp_path / name)
        for one, two in zip(network.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_wrong_damaged_or_foreign_file_gives_one_error(lite_file: Path, tmp_path: Path) -> None:
    whole = lite_file.read_bytes()
    (tmp_path / "text.h5").write_text("no weights", encoding="utf-8")
    (tmp_path / "empty.weights.h5").write_bytes(b"")
    (tmp_path / "cut.weights.h5").write_bytes(whole[: len(whole) // 3])
    (tmp_path / "other.weights.h5").write_bytes(whole)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.save(tmp_path / "foreign.h5")
    network = make_network("MobileNetV3Small", 32, 32)
    for name in ("text.h5", "empty.weights.h5", "cut.weights.h5", "other.weights.h5", "foreign.h5"):
        with pytest.raises(BadInput, match=rf"{name}: cannot be read as weights of MobileNetV3Small") as caught:
            load_weights(network, "MobileNetV3Small", tmp_path / name)
        assert len(caught.value.problems) == 1
        assert "\n" not in caught.value.problems[0]


@needs("efficientnet-lite0")
@pytest.mark.parametrize("symmetry", range(8))
def test_features_lie_over_what_they_tell_of_however_an_image_is_turned(symmetry: int) -> None:
    """Steps of 2 pad at the right and the bottom alone, which moves features by up to half a stride."""
    encoder = build_features(NetworkSettings(encoder="efficientnet-lite0"), 96, 96, "float32")
    images = np.full((2, 96, 96, 3), 90, np.uint8)
    images[1, 30:42, 54:66] = 200
    images = np.ascontiguousarray(transform_image(images, symmetry))
    middle = np.argwhere(images[1, ..., 0] == 200).mean(axis=0) + 0.5
    for features, stride in zip(outputs(encoder, images)[:3], (2, 4, 8), strict=True):
        change = np.square(features[1] - features[0]).sum(axis=-1)
        places = (np.moveaxis(np.indices(change.shape), 0, -1) + 0.5) * stride
        found = np.average(places.reshape(-1, 2), axis=0, weights=change.ravel())
        np.testing.assert_allclose(found, middle, atol=0.75 * stride)
