"""Networks in tests compute as in a training: reproducibly. A small training that several tests look at is made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kaggle_seg.network import machine

machine.prepare_backend()
machine.make_reproducible()

from kaggle_seg.network.encoders import efficientnet_lite  # noqa: E402
from kaggle_seg.network.epochs import train_network  # noqa: E402  Keras, after its backend was looked at
from kaggle_seg.network.trainer import TrainingTiles  # noqa: E402
from kaggle_seg.run_directory import Run  # noqa: E402
from tests.network.drawn_networks import with_statistics  # noqa: E402
from tests.network.small_training import SETTINGS, draw_rectangles  # noqa: E402


@pytest.fixture(scope="session")
def tiles() -> TrainingTiles:
    """Bright rectangles on dark noise."""
    return draw_rectangles()


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[str], Run]:
    """Makes an empty run directory of that name."""

    def make(name: str) -> Run:
        (tmp_path / name).mkdir()
        return Run(tmp_path / name)

    return make


@pytest.fixture(scope="session")
def uninterrupted(tiles: TrainingTiles, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The small training, from beginning to end."""
    run = Run(tmp_path_factory.mktemp("uninterrupted"))
    train_network(run, SETTINGS, tiles)
    return run


@pytest.fixture(scope="session")
def lite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights for EfficientNet-Lite0, random ones, with statistics that matter."""
    path = tmp_path_factory.mktemp("lite") / "lite.weights.h5"
    with_statistics(efficientnet_lite.build("efficientnet-lite0", 32, 32)).save_weights(path)
    return path
