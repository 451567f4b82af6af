"""A start as a whole: the plan comes before the first stage, and so does what would stop it halfway."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.pipeline.clone import Clone
from tests.pipeline.drawn_records import draw_tiles, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_the_plan_comes_before_the_first_stage(clone: Clone, tmp_path: Path) -> None:
    tiles = draw_tiles(tmp_path / "tiles")
    done = clone.run("--data", str(tiles), "--no-submit", "--epochs", "7")
    lines = done.stderr.splitlines()
    assert lines[0] == "plan for run drawn-unet8"
    plan = lines[: lines.index("[1/6] split")]
    assert all(len(line) <= 80 for line in plan)
    assert [line.split()[0] for line in plan[2:8]] == ["split", "train", "predict", "tune", "decide", "inspect"]
    assert "7 epochs" in plan[3]
    assert re.fullmatch(r"  disk     about 0\.10? GB needed, [\d.]+ GB free", plan[9])


def test_too_little_disk_is_told_before_the_first_stage(clone: Clone, tmp_path: Path, small_disk: Path) -> None:
    tiles = draw_tiles(tmp_path / "tiles")
    done = clone.run("--data", str(tiles), KSEG_ROOT=str(small_disk))
    assert done.returncode == 1
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert error.startswith("error: too little disk: about 0.1") and f"0.00 GB free in {small_disk}" in error
    assert error.endswith("make room there, or set KSEG_ROOT to a folder on another disk")
    assert clone.calls == []


def test_too_little_disk_is_told_before_anything_is_installed(clone: Clone, tmp_path: Path, small_disk: Path) -> None:
    del clone.environment["KSEG_PYTHON"]
    done = clone.run("--demo", TMPDIR=str(small_disk))
    assert done.returncode == 1
    assert done.stderr.startswith("error: too little disk: about 0.7 GB needed, 0.00 GB free in ")
    assert not (clone.folder / ".venv").exists()


def test_an_update_meanwhile_does_no_harm(clone: Clone, tmp_path: Path) -> None:
    tiles = draw_tiles(tmp_path / "tiles")
    started = clone.start("--data", str(tiles), PAUSES="train")
    clone.wait_for("train")
    for path in [clone.folder / "run_pipeline.sh", *(clone.folder / "kaggle_seg" / "pipeline").glob("*.py")]:
        path.write_text("exit(9)\n", encoding="utf-8")
    out, err = started.communicate(timeout=60)
    assert started.returncode == 0, err
    assert out.splitlines()[-1] == "submission: submissions/drawn.csv"


def test_until_bounds_the_training(clone: Clone, tmp_path: Path) -> None:
    tiles = draw_tiles(tmp_path / "tiles")
    until = (datetime.now() + timedelta(hours=2)).strftime("%H:%M")
    done = clone.run("--data", str(tiles), "--quick", "--until", until)
    assert done.returncode == 0, done.stderr
    training = clone.words("train")
    assert training[2] == "--minutes" and 110 < float(training[3]) < 120
    assert f"{training[3]} minutes of training" in done.stderr


def test_a_begun_training_keeps_its_length(clone: Clone, tmp_path: Path) -> None:
    tiles = draw_tiles(tmp_path / "tiles")
    settings = "[data]\nquick = false\n[training]\nepochs = 0\nminutes = 3.5\ntraining_tiles = 0\n"
    write(clone.folder / "runs" / "drawn-unet8" / "run.toml", settings)
    until = (datetime.now() + timedelta(hours=2)).strftime("%H:%M")
    assert clone.run("--data", str(tiles), "--until", until).returncode == 0
    assert clone.words("train")[2:4] == ["--minutes", "3.5"]


def test_too_little_time_is_told_before_anything_runs(clone: Clone, tmp_path: Path) -> None:
    tiles = draw_tiles(tmp_path / "tiles")
    until = (datetime.now() + timedelta(minutes=1)).strftime("%H:%M")
    done = clone.run("--data", str(tiles), "--until", until)
    assert done.returncode == 2
    assert f"error: --until {until}: " in done.stderr and "give a later time" in done.stderr
    assert clone.calls == []
