"""The U-Net: shapes for every setting and size, padding, saving, sizes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings
from kaggle_seg.network import unet

SMALL = NetworkSettings(base_filters=2, depth=2)
VARIANTS = [
    SMALL,
    dataclasses.replace(SMALL, stem="full"),
    dataclasses.replace(SMALL, residual=True),
    dataclasses.replace(SMALL, upsampling="bilinear", dropout=0.5),
    dataclasses.replace(SMALL, normalisation="group", convs_per_level=1),
    dataclasses.replace(SMALL, normalisation="none", convs_per_level=3),
]


ON_ENCODERS = [
    NetworkSettings(encoder="efficientnet-lite0", encoder_weights="none", decoder_filters=8),
    NetworkSettings(encoder="MobileNetV3Small", encoder_weights="none", residual=True, upsampling="bilinear", dropout=0.5),
]


@pytest.mark.parametrize("settings", [*VARIANTS, *ON_ENCODERS], ids=lambda settings: str(dataclasses.astuple(settings)))
@pytest.mark.parametrize("size", [(16, 16), (21, 18)])
def test_logits_are_float32_and_of_the_tiles_size(settings: NetworkSettings, size: tuple[int, int]) -> None:
    model = unet.build(settings, *size, precision="mixed_bfloat16")
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    logits = np.array(model(images, training=True))
    assert logits.shape == (2, *size, 1)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_skip_connections_concatenate() -> None:
    model = unet.build(SMALL, 16, 16)
    joined = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert len(joined) == SMALL.depth
    assert joined[-1].output.shape[-1] == 2 * SMALL.base_filters


def test_half_size_squares_lose_no_pixel_and_come_back_in_place() -> None:
    """Space to depth, then depth to space of one colour, is the identity."""
    images = keras.Input((4, 6, 3))
    squares = unet._space_to_depth(images, "float32")
    one_colour = keras.layers.Lambda(lambda features: features[..., 0::3])(squares)
    model = keras.Model(images, unet._depth_to_space(one_colour))
    values = np.random.default_rng(1).random((2, 4, 6, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.array(model(values))[..., 0], values[..., 0])


@pytest.mark.parametrize(
    ("settings", "size", "padding"),
    [
        (SMALL, (101, 104), ((1, 2), (0, 0))),
        (dataclasses.replace(SMALL, stem="full"), (101, 104), ((1, 2), (0, 0))),
        (NetworkSettings(), (101, 256), ((5, 6), (0, 0))),
    ],
)
def test_padding_reaches_the_next_size_that_halves(
    settings: NetworkSettings, size: tuple[int, int], padding: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    assert unet.padding_for(settings, *size) == padding


def test_a_saved_model_is_loaded_in_safe_mode_and_gives_the_same_logits(tmp_path: Path) -> None:
    model = unet.build(SMALL, 18, 18)
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(2).integers(0, 256, (1, 18, 18, 3), np.uint8)
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again.predict_on_batch(images), model.predict_on_batch(images))


def test_summary_counts_a_level_by_hand() -> None:
    settings = NetworkSettings(stem="full", base_filters=2, depth=1, convs_per_level=1)
    lines = unet.summary(unet.build(settings, 8, 8)).splitlines()
    levels = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    # 3×3×3 inputs × 2 filters, and four numbers a filter for the normalisation
    assert levels["down0"][0] == str(3 * 3 * 3 * 2 + 4 * 2)
    assert float(levels["total"][1]) == pytest.approx(
        2 * (64 * 27 * 2 + 16 * 18 * 4 + 16 * 2 * 2 * 2 * 4 + 64 * 36 * 2 + 64 * 2) / 1e9, abs=5e-4
    )


def test_a_decoder_on_an_encoder_narrows_evenly_and_joins_what_is_of_its_size() -> None:
    settings = NetworkSettings(encoder="efficientnet-lite0", encoder_weights="none", convs_per_level=1)
    model = unet.build(settings, 64, 64)
    assert [model.get_layer(f"up{level}_conv0").filters for level in (3, 2, 1, 0)] == [64, 48, 32, 16]
    joined = [model.get_layer(f"up{level}_skip").output.shape for level in (3, 2, 1, 0)]
    assert joined == [(None, 4, 4, 64 + 112), (None, 8, 8, 48 + 40), (None, 16, 16, 32 + 24), (None, 32, 32, 16 + 16)]
    levels = {line.split()[0] for line in unet.summary(model).splitlines()}
    assert levels == {"level", "encoder", "up3", "up2", "up1", "up0", "head", "total"}
