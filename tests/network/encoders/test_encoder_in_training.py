"""A network on an encoder in training: what is frozen stays as it is, a stopped training goes on with the same bits."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tqdm import tqdm

from kaggle_seg.config import NetworkSettings, RunSettings
from kaggle_seg.network.averages import values
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.encoders.features import PREFIX
from kaggle_seg.network.epochs import train_network
from kaggle_seg.network.inference import load_model
from kaggle_seg.network.trainer import Trainer, TrainingTiles
from kaggle_seg.run_directory import Run
from tests.network.drawn_networks import normalisations
from tests.network.small_training import SETTINGS, assert_same, history


def on_lite(lite_file: Path, training: Any) -> RunSettings:
    """The small training, two epochs of it, on EfficientNet-Lite0."""
    network = NetworkSettings(
        convs_per_level=1,
        dropout=0.2,
        encoder="efficientnet-lite0",
        encoder_weights=str(lite_file),
        encoder_training=training,
        decoder_filters=8,
    )
    return RunSettings(network, replace(SETTINGS.training, epochs=2, batch_size=7))


def encoder_values(model: keras.Model) -> list[np.ndarray]:
    return values([variable for variable in model.variables if variable.path.startswith(PREFIX)])


def test_a_frozen_encoder_stays_as_it_is(tiles: TrainingTiles, lite_file: Path) -> None:
    trainer = Trainer(on_lite(lite_file, "frozen"), tiles, Progress(2))
    before = encoder_values(trainer.model)
    decoder = trainer.model.trainable_variables
    assert before and not any(variable.path.startswith(PREFIX) for variable in decoder)
    assert type(trainer.optimizer) is keras.optimizers.AdamW
    assert len(trainer.optimizer.variables) < 4 * len(decoder) + 4, "two moments and an average of each"
    assert all(layer.name.startswith("up") for layer in trainer.statistics.layers)
    trainer.epoch(tqdm(file=io.StringIO()))
    for model in (trainer.model, trainer.averaged):
        for one, two in zip(before, encoder_values(model), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_released_encoder_learns_at_a_lower_rate(tiles: TrainingTiles, lite_file: Path) -> None:
    trainer = Trainer(on_lite(lite_file, "released"), tiles, Progress(2))
    before, statistics = encoder_values(trainer.model), normalisations(trainer.averaged)
    assert trainer.optimizer.rates == {PREFIX: trainer.settings.training.encoder_rate}
    assert [layer.name for layer in trainer.statistics.layers] == statistics
    momenta = [layer.momentum for layer in trainer.statistics.layers]
    trainer.epoch(tqdm(file=io.StringIO()))
    assert [layer.momentum for layer in trainer.statistics.layers] == momenta
    assert len(set(momenta)) == 2, "the encoder has its own"
    changed = [np.abs(one - two).max() > 0 for one, two in zip(before, encoder_values(trainer.model), strict=True)]
    assert np.mean(changed) > 0.5, "not those behind units that are never active"


def test_random_weights_learn_at_the_whole_rate(tiles: TrainingTiles) -> None:
    trainer = Trainer(on_lite(Path("none"), "auto"), tiles, Progress(2))
    assert type(trainer.optimizer) is keras.optimizers.AdamW
    assert any(variable.path.startswith(PREFIX) for variable in trainer.model.trainable_variables)


def test_a_stopped_training_ends_with_the_same_bits(
    lite_file: Path, tiles: TrainingTiles, make_run: Callable[[str], Run]
) -> None:
    settings, whole, stopped = on_lite(lite_file, "frozen"), make_run("whole"), make_run("stopped")
    train_network(whole, settings, tiles)
    assert float(history(whole)[-1]["loss"]) < float(history(whole)[0]["loss"])

    def stop(progress: Progress) -> None:
        if progress.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_network(stopped, settings, tiles, stop)
    train_network(stopped, settings, tiles)
    assert_same(stopped, whole)
    assert load_model(whole.model_file).input_shape == (None, 24, 24, 3)
