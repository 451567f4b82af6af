"""The verb train: its command line, what it refuses, what it leaves."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from kaggle_seg import split, train
from kaggle_seg.output import write_json
from kaggle_seg.pages.curves import draw_learning_curves
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.splits.splitting import read_split

TINY = ["--epochs", "1", "--base-filters", "2", "--depth", "1", "--convs-per-level", "1", "--precision", "float32"]


@pytest.fixture
def run(tree: Path) -> Run:
    assert split.main(["--data", str(tree), "--run", "tiny"]) == 0
    return find_run("tiny")


def test_a_run_is_trained_once_and_its_curves_are_drawn_after_every_epoch(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    two_epochs = ["--run", "tiny", "--epochs", "2", *TINY[2:]]

    def draw(history: list[dict[str, float]], name: str, path: Path) -> None:
        drawn.append(len(history))
        draw_learning_curves(history, name, path)

    monkeypatch.setattr("kaggle_seg.pages.curves.draw_learning_curves", draw)
    assert train.main(two_epochs) == 0
    tables = tomllib.loads(run.settings_file.read_text(encoding="utf-8"))
    assert tables["network"]["base_filters"] == 2
    assert tables["data"]["fingerprint"] == read_split(run.split_file).data["fingerprint"]
    assert tables["versions"]["keras"]
    assert drawn == [1, 2]
    assert "<svg" in (run.folder / "learning-curves.svg").read_text(encoding="utf-8")
    before = run.model_file.read_bytes()
    assert train.main(two_epochs) == 0
    said = capsys.readouterr().err
    assert "train: computing in float32" in said
    assert "train: done before" in said
    assert run.model_file.read_bytes() == before


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
    [
        ([], "my-tiles-unet16"),
        (["--quick"], "my-tiles-unet16-quick"),
        (["--base-filters", "4"], "my-tiles-unet4"),
        (["--encoder", "ResNet50V2"], "my-tiles-resnet50v2"),
    ],
)
def test_the_default_name_of_a_run(
    options: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--data", str(tmp_path / "my tiles"), "--print-run-name", *options]) == 0
    assert capsys.readouterr().out == f"{name}\n"


@pytest.mark.parametrize(
    ("options", "epochs", "minutes"),
    [
        ("--quick", 8, 0),
        ("--quick --epochs 3", 3, 0),
        ("--quick --epochs=3", 3, 0),
        ("--quick --minutes 20", 0, 20),
        ("--quick --minutes=20", 0, 20),
        ("--minutes=20 --quick", 0, 20),
        ("--no-quick --minutes=20", 0, 20),
        ("--no-quick", 0, 0),
    ],
)
def test_quick_changes_the_defaults_however_the_others_are_spelled(options: str, epochs: int, minutes: float) -> None:
    command = train.parse(["--run", "x", *options.split()])
    assert (command.training.epochs, command.training.minutes) == (epochs, minutes)
    assert (command.training.training_tiles, command.network.convs_per_level) == ((0, 2), (1500, 1))[command.quick]


@pytest.mark.parametrize("options", ["--quick --epochs 3 --minutes 2", "--epochs=3 --minutes=2"])
def test_epochs_and_minutes_contradict_each_other(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--run", "x", *options.split()]) == 2
    assert "--epochs and --minutes both given" in capsys.readouterr().err


def test_the_summary_counts_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--summary", "--base-filters", "2", "--depth", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[0] == "total"
