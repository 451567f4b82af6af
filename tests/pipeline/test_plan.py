"""The plan: what is done, what is to be done, how long it takes, and what it needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kaggle_seg.pipeline.options import Options
from kaggle_seg.pipeline.plan import Plan, describe, done_stages, make_plan
from kaggle_seg.run_directory import Run
from tests.pipeline.drawn_records import draw_tiles, record_run, write

SPENT = {"split": 30.0, "train": 400.0, "predict": 70.0, "tune": 10.0, "decide": 5.0}


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(data=str(draw_tiles(tmp_path / "tiles")))


def lines_of(plan: Plan, options: Options) -> dict[str, str]:
    lines = describe(plan, options)
    assert all(len(line) <= 80 for line in lines)
    return {line[2:10].strip(): line[11:] for line in lines if line.startswith("  ")}


def test_everything_is_to_be_done(options: Options, output_root: Path) -> None:
    plan = make_plan(Run(output_root / "runs" / "new"), options)
    lines = lines_of(plan, options)
    assert lines["tiles"] == "10 training tiles, 4 test tiles, 8 x 8 pixels"
    assert lines["train"] == "under 1 min *  40 epochs"
    assert lines["in all"].startswith("under 1 min, until about ")
    assert "rate measured on two cores elsewhere" in describe(plan, options)[-1]


def test_what_is_done_is_said(options: Options, output_root: Path) -> None:
    run = Run(output_root / "runs" / "done")
    record_run(run.folder, SPENT)
    lines = lines_of(make_plan(run, options), options)
    assert [lines[name] for name in ("split", "train", "predict", "tune")] == ["done"] * 4
    assert lines["decide"].startswith("under 1 min")
    assert done_stages(run, Options(restart=True)) == []


def test_what_changed_is_done_anew_and_all_behind_it(options: Options, output_root: Path) -> None:
    run = Run(output_root / "runs" / "done")
    record_run(run.folder, SPENT)
    assert done_stages(run, Options(engine="keras")) == ["split", "train"]
    assert done_stages(run, Options(seed="3")) == []
    (run.folder / "model.keras").unlink()
    assert done_stages(run, options) == ["split"]
    write(run.folder / "stages" / "split.json", "{")
    assert done_stages(run, options) == []


def test_a_record_of_before_engines_counts_as_done(output_root: Path) -> None:
    run = Run(output_root / "runs" / "old")
    record_run(run.folder, SPENT)
    record = {"inputs": {"tta": "d4"}, "outputs": ["validation"], "seconds": 70.0, "notes": {}}
    write(run.folder / "stages" / "predict.json", record)
    assert "predict" in done_stages(run, Options())


def test_an_earlier_run_is_named_and_a_long_name_is_cut(options: Options, output_root: Path) -> None:
    record_run(output_root / "runs" / ("long" * 30), SPENT)
    plan = make_plan(Run(output_root / "runs" / "new"), options)
    assert lines_of(plan, options)["train"].startswith("under 1 min    40 epochs, as in run longlong")


def test_what_is_not_known_is_not_made_up(tmp_path: Path, output_root: Path) -> None:
    (tmp_path / "empty").mkdir()
    options = Options(data=str(tmp_path / "empty"))
    lines = lines_of(make_plan(Run(output_root / "runs" / "new"), options), options)
    assert lines["train"] == "time not known, 40 epochs"
    assert lines["in all"] == "not known"


def test_the_uploads_of_today_are_counted(options: Options, output_root: Path) -> None:
    today = datetime.now(UTC)
    times = [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (today, today - timedelta(days=1))]
    rows = [
        f"{times[0]},ann-and-dl-image-segmentation,123",
        f"{times[0]},,124",
        f"{times[0]},carvana-image-masking-challenge,125",
        f"{times[0]},ann-and-dl-image-segmentation,",
        f"{times[1]},ann-and-dl-image-segmentation,126",
    ]
    write(output_root / "submissions" / "ledger.csv", "\n".join(["time,competition,reference", *rows]) + "\n")
    plan = make_plan(Run(output_root / "runs" / "new"), options)
    assert lines_of(plan, options)["uploads"].startswith("2 made today (UTC); how many are left is not known")
    assert lines_of(plan, replace(options, demo=True))["uploads"] == "none (demo tiles)"
    assert lines_of(plan, replace(options, submit="no"))["uploads"] == "none (--no-submit)"
    write(output_root / "submissions" / "ledger.csv", "something else\n1\n")
    assert lines_of(plan, options)["uploads"].startswith("0 made today")
