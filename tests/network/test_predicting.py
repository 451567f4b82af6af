"""Predicting a run: once, and what is not to be had is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.config import QUICK
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.network import unet
from kaggle_seg.network.predicting import predict_run
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import Split, read_split
from kaggle_seg.tiles.cache import TileCache, open_cache
from tests.drawn_runs import SIZE, TEST, VALIDATION, draw_run, draw_training, draw_tree


@pytest.fixture
def made(tmp_path: Path) -> tuple[Run, Split, TileCache]:
    """A run with a network that was never trained."""
    tree = draw_tree(tmp_path / "tiles")
    run = draw_training(draw_run("drawn", tree))
    keras.utils.set_random_seed(0)
    unet.build(QUICK.network, SIZE, SIZE).save(run.model_file)
    return run, read_split(run.split_file), open_cache(tree, find_competition())


def test_a_run_is_predicted_once(made: tuple[Run, Split, TileCache]) -> None:
    run, split, cache = made
    notes = predict_run(run, split, cache, find_competition(), tta="none", precision="float32", engine="keras")
    assert notes == {"engine": f"Keras on {keras.backend.backend()}, float32"}
    validation, test = (MapStore.open(run.folder / name) for name in ("validation", "test"))
    assert (len(validation.ids), len(test.ids)) == (len(VALIDATION), TEST)
    assert validation.complete
    assert test.complete
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*.npy")}
    assert predict_run(run, split, cache, find_competition(), tta="none", precision="float32", engine="keras") is None
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_bfloat16_is_refused_where_it_would_be_emulated(
    made: tuple[Run, Split, TileCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, split, cache = made
    monkeypatch.setattr("kaggle_seg.network.machine.what_bfloat16_lacks", lambda: "this processor lacks it")
    with pytest.raises(BadInput, match=r"--precision mixed_bfloat16: this processor lacks it.*--precision auto"):
        predict_run(run, split, cache, find_competition(), precision="mixed_bfloat16")


def test_a_run_without_a_model_says_how_to_train_one(made: tuple[Run, Split, TileCache]) -> None:
    run, split, cache = made
    run.model_file.unlink()
    with pytest.raises(BadInput, match=r"python -m kaggle_seg\.train --run drawn"):
        predict_run(run, split, cache, find_competition())


def test_tiles_of_another_size_are_refused(made: tuple[Run, Split, TileCache]) -> None:
    run, split, cache = made
    unet.build(QUICK.network, SIZE, SIZE + 8).save(run.model_file)
    with pytest.raises(BadInput, match=f"tiles of {SIZE}×{SIZE} pixels, but the network was trained on {SIZE + 8}×{SIZE}"):
        predict_run(run, split, cache, find_competition())
