"""The verbs train and predict: their command lines, what they refuse, what they leave."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from kaggle_seg import predict, split, train
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.network.backup import Progress
from kaggle_seg.run_directory import Run, find_run, write_json
from kaggle_seg.splits.splitting import read_split
from tests.drawn_runs import TEST, draw_tree

TINY = ["--epochs", "1", "--base-filters", "2", "--depth", "1", "--convs-per-level", "1", "--precision", "float32"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return draw_tree(tmp_path / "tiles")


@pytest.fixture
def run(tree: Path) -> Run:
    assert split.main(["--data", str(tree), "--run", "tiny"]) == 0
    return find_run("tiny")


def test_a_run_is_trained_once_and_predicted_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--run", "tiny", *TINY]) == 0
    tables = tomllib.loads(run.settings_file.read_text(encoding="utf-8"))
    assert tables["network"]["base_filters"] == 2
    assert tables["data"]["fingerprint"] == read_split(run.split_file).data["fingerprint"]
    assert tables["versions"]["keras"]
    assert "<svg" in (run.folder / "learning-curves.svg").read_text(encoding="utf-8")
    before = run.model_file.read_bytes()
    assert train.main(["--run", "tiny", *TINY]) == 0
    said = capsys.readouterr().err
    assert "train: computing in float32" in said
    assert "train: done before" in said
    assert run.model_file.read_bytes() == before

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


def test_changed_settings_are_refused_naming_them_and_the_ways_on(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--run", "tiny", *TINY]) == 0
    capsys.readouterr()
    assert train.main(["--run", "tiny", *TINY, "--seed", "4", "--loss", "dice"]) == 2
    error = capsys.readouterr().err
    assert "training.loss: bce+jaccard -> dice; training.seed: 0 -> 4" in error
    assert "--run" in error
    assert "--restart" in error
    assert train.main(["--run", "tiny", *TINY, "--seed", "4", "--restart"]) == 0
    assert tomllib.loads(run.settings_file.read_text(encoding="utf-8"))["training"]["seed"] == 4


def test_other_tiles_than_those_split_are_refused(run: Run, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = {**vars(read_split(run.split_file))}
    write_json(run.split_file, {**content, "data": {**content["data"], "fingerprint": "other"}})
    assert train.main(["--run", "tiny", *TINY]) == 2
    assert "split from other tiles than those now in" in capsys.readouterr().err


def test_prediction_without_a_model_says_how_to_train_one(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict.main(["tiny"]) == 2
    assert "python -m kaggle_seg.train --run tiny" in capsys.readouterr().err


def test_without_run_or_data_there_is_nothing_to_train(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main([]) == 2
    assert "neither --run nor --data" in capsys.readouterr().err


def test_every_wrong_setting_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--run", "x", "--depth", "0", "--batch-size", "0"]) == 2
    assert capsys.readouterr().err.splitlines()[:2] == [
        "error: --depth 0: wanted 1 to 6",
        "error: --batch-size 0: wanted 1 or more",
    ]


@pytest.mark.parametrize(
    ("options", "name"),
    [([], "my-tiles-unet16"), (["--quick"], "my-tiles-unet16-quick"), (["--base-filters", "4"], "my-tiles-unet4")],
)
def test_the_default_name_of_a_run(
    options: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--data", str(tmp_path / "my tiles"), "--print-run-name", *options]) == 0
    assert capsys.readouterr().out == f"{name}\n"


def test_quick_yields_to_what_is_said_beside_it() -> None:
    command = train.parse(["--quick", "--run", "x", "--epochs", "3"])
    assert (command.training.epochs, command.training.training_tiles, command.network.convs_per_level) == (3, 1500, 1)
    assert train.parse(["--quick", "--run", "x", "--minutes", "2"]).training.epochs == 0


def test_the_summary_counts_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--summary", "--base-filters", "2", "--depth", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[0] == "total"


def test_curves_are_drawn_first_last_and_now_and_then(output_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(
        "kaggle_seg.pages.learning_curves.draw_learning_curves", lambda history, name, path: drawn.append(len(history))
    )
    now = iter([0, 0, 12, 24, 31, 31, 40, 50, 52, 52])
    monkeypatch.setattr("kaggle_seg.train.time.monotonic", lambda: next(now))
    draw = train.draw_curves(Run(output_root))
    for epoch in range(1, 8):
        draw(Progress(epochs=7, epoch=epoch, history=[{}] * epoch))
    assert drawn == [1, 4, 7]
