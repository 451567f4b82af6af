"""A training of seconds: its tiles, its settings, and what it leaves."""

from __future__ import annotations

import csv

import keras
import numpy as np

from kaggle_seg.competition import find_competition
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.network.trainer import TrainingTiles
from kaggle_seg.run_directory import Run

EPOCHS = 3
SETTINGS = RunSettings(
    NetworkSettings(base_filters=4, depth=1, convs_per_level=1, dropout=0.2),
    TrainingSettings(epochs=EPOCHS, batch_size=1, learning_rate=3e-2, statistics_batches=8, precision="float32"),
)


def draw_rectangles() -> TrainingTiles:
    """Twenty tiles of 24×24 pixels, six of them to validate: bright rectangles on dark noise, none on the first two."""
    random = np.random.default_rng(0)
    masks = np.zeros((20, 24, 24), np.uint8)
    for mask in masks[2:]:
        top, left = random.integers(2, 12, 2)
        mask[top : top + 9, left : left + 9] = 1
    images = (random.integers(0, 90, (20, 24, 24, 3)) + 120 * masks[..., None]).astype(np.uint8)
    ids = [str(number) for number in range(20)]
    return TrainingTiles(images, masks, ids, np.arange(14), np.arange(14, 20), find_competition())


def weights(run: Run) -> list[np.ndarray]:
    """Those of the model that a run keeps."""
    return keras.models.load_model(run.model_file, safe_mode=True).get_weights()


def history(run: Run) -> list[dict[str, str]]:
    """The rows of a run's history.csv, without the seconds."""
    with open(run.folder / "history.csv", encoding="utf-8") as stream:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(stream)]


def assert_same(run: Run, other: Run) -> None:
    """Compares histories and weights, to the bit."""
    assert history(run) == history(other)
    for one, two in zip(weights(run), weights(other), strict=True):
        np.testing.assert_array_equal(one, two)
