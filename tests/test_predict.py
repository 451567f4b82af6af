"""The verb predict: it predicts once, in 8 bits only where the score allows it, and needs a trained run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg import predict, split, train
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.splits.splitting import read_split
from tests.drawn_runs import TEST, draw_tree
from tests.test_train import TINY


@pytest.fixture
def run(tmp_path: Path) -> Run:
    assert split.main(["--data", str(draw_tree(tmp_path / "tiles")), "--run", "tiny"]) == 0
    return find_run("tiny")


def test_a_run_is_predicted_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--run", "tiny", *TINY]) == 0
    assert predict.main(["tiny", "--tta", "flips"]) == 0
    validation, test = (MapStore.open(run.folder / name) for name in ("validation", "test"))
    assert validation.ids == read_split(run.split_file).validation
    assert validation.complete
    assert test.complete
    assert len(test.ids) == TEST
    assert test.stems[0].startswith("test_image_")
    assert predict.main(["tiny", "--tta", "flips"]) == 0
    assert "predict: done before" in capsys.readouterr().err


@pytest.mark.parametrize("allowed", [1.0, -1.0])
def test_int8_is_taken_only_where_the_score_allows_it(
    allowed: float, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--run", "tiny", *TINY]) == predict.main(["tiny", "--tta", "none"]) == 0
    exact = [levels.copy() for _, levels, _ in MapStore.open(run.folder / "validation").shards()]
    monkeypatch.setattr("kaggle_seg.network.quantising.ALLOWED_LOSS", allowed)
    assert predict.main(["tiny", "--tta", "none", "--engine", "int8"]) == 0
    record = run.record("predict")
    assert record is not None
    assert (record["notes"]["engine"] == "OpenVINO, int8") is (allowed > 0)
    assert record["notes"]["int8"].startswith("taken" if allowed > 0 else "not taken")
    assert record["notes"]["int8"] in capsys.readouterr().err
    assert not (run.folder / "validation-int8").exists()
    stores = [MapStore.open(run.folder / name) for name in ("validation", "test")]
    assert all(store.complete for store in stores)
    kept = [levels for _, levels, _ in stores[0].shards()]
    assert all(map(np.array_equal, kept, exact)) is (allowed < 0), "the maps that stay are those of the engine that is named"


def test_prediction_without_a_model_says_how_to_train_one(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict.main(["tiny"]) == 2
    assert "python -m kaggle_seg.train --run tiny" in capsys.readouterr().err
