"""`--until`: the training gets what the other stages leave, and too little time is told at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.pipeline.deadline import bound_training, check_time, next_time
from kaggle_seg.pipeline.options import Options
from kaggle_seg.run_directory import Run
from tests.pipeline.drawn_records import draw_tiles, record_run, write

NOW = datetime(2026, 8, 31, 22, 0, 0)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(data=str(draw_tiles(tmp_path / "tiles", size=64)), until="22:30")


@pytest.fixture
def run(output_root: Path) -> Run:
    return Run(output_root / "runs" / "new")


@pytest.mark.parametrize(
    ("until", "then"),
    [("23:30", datetime(2026, 8, 31, 23, 30)), ("22:00", datetime(2026, 9, 1, 22)), ("7:05", datetime(2026, 9, 1, 7, 5))],
)
def test_a_time_that_is_past_means_tomorrow(until: str, then: datetime) -> None:
    assert next_time(until, NOW) == then


def test_the_training_gets_what_the_other_stages_leave(run: Run, options: Options) -> None:
    short = float(bound_training(run, options, NOW + timedelta(minutes=30), NOW).minutes)
    long = float(bound_training(run, options, NOW + timedelta(minutes=90), NOW).minutes)
    assert 25 < short < 30
    assert long - short == pytest.approx(60)


def test_slow_stages_leave_less(run: Run, options: Options) -> None:
    record_run(run.folder.with_name("before"), {"predict": 1_000_000.0})  # 351 s for these tiles
    before = bound_training(run, options, NOW + timedelta(minutes=30), NOW)
    assert 15 < float(before.minutes) < 25


@pytest.mark.parametrize("minutes", [0.5, 1.2])
def test_too_little_time_is_told(run: Run, options: Options, minutes: float) -> None:
    end = NOW + timedelta(minutes=minutes)
    with pytest.raises(BadInput, match=r"--until 22:30: .* give a later time"):
        check_time(options.until, end, NOW)
        bound_training(run, options, end, NOW)


@pytest.mark.parametrize(
    ("settings", "epochs", "minutes"), [("epochs = 40\nminutes = 0.0", "40", ""), ("epochs = 0\nminutes = 23.4", "", "23.4")]
)
def test_a_training_goes_on_as_it_was_begun(run: Run, options: Options, settings: str, epochs: str, minutes: str) -> None:
    write(run.settings_file, f"[data]\nquick = false\n[training]\n{settings}\n")
    write(run.folder / "backup" / "epoch-0010" / "progress.json", {"epoch": 10, "epochs": 40, "seconds": 300.0})
    bounded = bound_training(run, options, NOW + timedelta(minutes=30), NOW)
    assert (bounded.epochs, bounded.minutes) == (epochs, minutes)
    with pytest.raises(BadInput, match=r"--until 22:30: .*about 10 min from now, but .* train anew with --restart"):
        bound_training(run, options, NOW + timedelta(minutes=10), NOW)
    anew = bound_training(run, Options(data=options.data, until="22:30", restart=True), NOW + timedelta(minutes=30), NOW)
    assert float(anew.minutes) > 24


def test_settings_that_cannot_be_read_are_left_to_the_training(run: Run, options: Options) -> None:
    write(run.settings_file, "[training")
    assert bound_training(run, options, NOW + timedelta(minutes=30), NOW).minutes
