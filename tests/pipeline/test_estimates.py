"""How long a stage takes: as long as it took here before, scaled to the work."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from kaggle_seg.config import DEFAULT_EPOCHS
from kaggle_seg.pipeline.counting import TileCount
from kaggle_seg.pipeline.estimates import ELSEWHERE, START_SECONDS, estimate_stage, read_progress
from kaggle_seg.pipeline.options import Options
from tests.pipeline.drawn_records import record_run, write

TILES = TileCount(training=200, test=100, height=1000, width=1000)  # twice those of `record_run`
SPENT = {"split": 30.0, "train": 400.0, "predict": 70.0, "tune": 10.0, "decide": 5.0, "inspect": 5.0}


@pytest.fixture
def runs(output_root: Path) -> Path:
    return output_root / "runs"


@pytest.mark.parametrize("clusters", ["clusters", "units"])
@pytest.mark.parametrize("stage", sorted(SPENT))
def test_an_earlier_run_tells_scaled_by_tiles_and_epochs(runs: Path, stage: str, clusters: str) -> None:
    record_run(runs / "before", SPENT, clusters=clusters)
    told = estimate_stage(stage, runs / "new", TILES, Options(epochs="30"))
    times = 2 * 3 if stage == "train" else 2
    assert told.seconds == pytest.approx(times * SPENT[stage] + START_SECONDS.get(stage, 1.0))
    assert told.source == "before"


def test_the_last_run_counts_and_this_run_before_all(runs: Path) -> None:
    for number, name in enumerate(["late", "early", "middle"]):
        record_run(runs / name, {"predict": 70.0 + number})
        times = {"late": 3000, "early": 1000, "middle": 2000}[name]
        os.utime(runs / name / "stages" / "predict.json", (times, times))
    assert estimate_stage("predict", runs / "new", TILES, Options()).source == "late"
    assert estimate_stage("predict", runs / "early", TILES, Options()).source == "early"


def test_a_run_under_other_conditions_tells_nothing(runs: Path) -> None:
    record_run(runs / "before", SPENT)
    assert estimate_stage("predict", runs / "new", TILES, Options(engine="keras")).source == ""
    assert estimate_stage("train", runs / "new", TILES, Options(quick=True)).source == ""
    record_run(runs / "quick", {"predict": 10.0}, Options(quick=True))
    quick = estimate_stage("predict", runs / "new", TILES, Options(quick=True))
    assert quick.seconds == pytest.approx(2 * 10 + START_SECONDS["predict"])


def test_without_an_earlier_run_the_rate_is_from_elsewhere(runs: Path) -> None:
    told = estimate_stage("train", runs / "new", TILES, Options())
    assert told.from_elsewhere and told.remark == f"{DEFAULT_EPOCHS} epochs"
    assert told.seconds == pytest.approx(ELSEWHERE["train"] * 160 * 40 + START_SECONDS["train"])


@pytest.mark.parametrize("name", ["split.json", "test/ids.json", "run.toml", "stages/train.json"])
@pytest.mark.parametrize("content", ["", "[]", "{", '{"seconds": 3}'])
def test_a_damaged_record_is_passed_over(runs: Path, name: str, content: str) -> None:
    record_run(runs / "before", SPENT)
    write(runs / "before" / name, content)
    assert estimate_stage("train", runs / "new", TILES, Options()).source == ""


def test_what_took_no_time_tells_no_rate(runs: Path) -> None:
    record_run(runs / "before", {"tune": 0.3})
    assert estimate_stage("tune", runs / "new", TILES, Options()).source == ""


def test_a_training_that_was_stopped_goes_on(runs: Path) -> None:
    for epoch in (2, 5):
        progress = {"epoch": epoch, "epochs": 25, "seconds": epoch * 20.0}
        write(runs / "begun" / "backup" / f"epoch-{epoch:04d}" / "progress.json", progress)
    told = estimate_stage("train", runs / "begun", TILES, Options())
    assert told.seconds == pytest.approx(20 * 20 + START_SECONDS["train"])
    assert told.remark == "goes on after epoch 5 of 25"
    assert estimate_stage("train", runs / "begun", TILES, Options(restart=True)).remark == "40 epochs"
    assert read_progress(runs / "new") is None


def test_minutes_are_as_asked(runs: Path) -> None:
    told = estimate_stage("train", runs / "new", TILES, Options(minutes="2.5"))
    assert told.seconds == 150 + START_SECONDS["train"]
    assert told.fixed and not told.from_elsewhere


def test_what_cannot_be_told_is_not(runs: Path) -> None:
    assert estimate_stage("train", runs / "new", TILES, Options(training=("--epochs=7",))).seconds is None
    assert estimate_stage("train", runs / "new", replace(TILES, height=0), Options()).seconds is None
    assert estimate_stage("predict", runs / "new", replace(TILES, height=0), Options()).seconds is None
