"""Engines: the same probabilities from each, and a choice that says what is missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from kaggle_seg.config import Engine, NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network import engines, unet
from kaggle_seg.network.engines import choose_engine, make_predictor

SMALL = NetworkSettings(base_filters=4, depth=1)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (19, 16, 16, 3), np.uint8)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return unet.build(SMALL, 16, 16)


@pytest.mark.parametrize("engine", ["keras", "openvino"])
@pytest.mark.parametrize("count", [1, 7, 8])
def test_all_engines_give_the_networks_probabilities(
    engine: Engine, count: int, model: keras.Model, images: np.ndarray
) -> None:
    predictor = make_predictor(model, engine, "float32")
    wanted = keras.ops.sigmoid(model(images[:count])[..., 0])
    np.testing.assert_allclose(predictor.run(images[:count]), wanted, atol=1e-5)
    assert "float32" in predictor.description


@pytest.mark.parametrize("engine", ["keras", "openvino"])
def test_threads_do_not_disturb_each_other(engine: Engine, model: keras.Model, images: np.ndarray) -> None:
    predictor = make_predictor(model, engine, "float32")
    alone = [predictor.run(images[start : start + 4]) for start in range(15)]
    with ThreadPoolExecutor(predictor.threads) as pool:
        together = list(pool.map(lambda start: predictor.run(images[start : start + 4]), range(15)))
    np.testing.assert_array_equal(together, alone)


def test_auto_takes_openvino_where_it_is_installed_and_keras_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_engine("auto") == "openvino"
    monkeypatch.setattr(engines, "has_gpu", lambda: True)
    assert choose_engine("auto") == "keras"
    monkeypatch.undo()
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("openvino", "nncf") else find(name))
    assert choose_engine("auto") == choose_engine("keras") == "keras"
    with pytest.raises(BadInput, match="--engine openvino needs openvino: pip install openvino"):
        choose_engine("openvino")
    with pytest.raises(BadInput, match="--engine int8 needs openvino and nncf: pip install openvino nncf"):
        choose_engine("int8")


def test_openvino_is_imported_without_its_telemetry() -> None:
    script = (
        "import sys; from kaggle_seg.network.engines import import_openvino; import_openvino(); "
        "sys.exit(any(name.startswith('openvino_telemetry.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=False).returncode == 0
