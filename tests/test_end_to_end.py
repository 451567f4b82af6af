"""The whole pipeline, with the real stages, on small drawn tiles: its output, its second start, its death at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kaggle_seg.output import file_hash
from kaggle_seg.pipeline.counting import count_tiles
from kaggle_seg.pipeline.estimates import estimate_stage
from kaggle_seg.pipeline.options import Options
from kaggle_seg.synthetic.demo_tiles import DemoTiles, write_demo

PROJECT = Path(__file__).resolve().parents[1]
OPTIONS = ("--run", "small", "--quick", "--epochs", "3", "--no-submit")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")


class Pipeline:
    """The script, with the outputs of all its starts in one folder."""

    def __init__(self, root: Path, tiles: Path) -> None:
        self.root, self.tiles = root, tiles
        self.run = root / "runs" / "small"
        root.mkdir()

    def start(self, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(PROJECT / "run_pipeline.sh"), "--data", str(self.tiles), *(options or OPTIONS)],
            cwd=self.root,
            env={**os.environ, "KSEG_ROOT": str(self.root), "KSEG_PYTHON": sys.executable},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, *options: str) -> subprocess.CompletedProcess[str]:
        with self.start(*options) as started:
            try:
                out, err = started.communicate(timeout=250)
            finally:
                started.kill()
        return subprocess.CompletedProcess(started.args, started.returncode, out, err)

    def stop(self, when: Callable[[], bool], sent: signal.Signals, stage: bool = False) -> int:
        """Starts, sends a signal to the script, or to its stage, as soon as something is so; the exit code."""
        with self.start() as started:
            try:
                deadline = time.monotonic() + 120
                while not when():
                    assert started.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                os.kill(child_of(started.pid) if stage else started.pid, sent)
                started.communicate(timeout=60)
            finally:
                started.kill()
        return started.returncode

    def results(self) -> dict[str, str]:
        """Hashes of what must not depend on how often it was stopped."""
        files = [*self.root.glob("submissions/*.csv"), *self.run.glob("*/*.npy")]
        return {path.relative_to(self.root).as_posix(): file_hash(path) for path in sorted(files)}


def child_of(pid: int) -> int:
    return int(subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True).stdout.split()[0])


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "tiles"
    write_demo(folder, DemoTiles(training=72, test=12, size=64))
    return folder


@pytest.fixture(scope="module")
def finished(tiles: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, subprocess.CompletedProcess[str]]:
    pipeline = Pipeline(tmp_path_factory.mktemp("undisturbed") / "root", tiles)
    return pipeline, pipeline.finish()


def test_it_ends_with_a_valid_csv(finished: tuple[Pipeline, subprocess.CompletedProcess[str]]) -> None:
    pipeline, done = finished
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "submission: submissions/small.csv"
    assert "submissions/small.csv: valid" in lines
    rows = (pipeline.root / "submissions" / "small.csv").read_bytes().decode("utf-8").split("\n")
    assert rows[0] == "ImageId,EncodedPixels,Width,Height"
    assert [row.split(",")[0] for row in rows[1:-1]] == [f"test_image_{number}" for number in range(12)]
    assert all(row.endswith(",64,64") for row in rows[1:-1])
    scores = (
        "score (empty tiles count 1)",
        "score (empty tiles count 0)",
        "score (tiles with buildings)",
        "IoU (empty tiles count 1)",
    )
    for name in ("tiles", *scores, "threshold", "empty predictions", "look at"):
        assert any(line.startswith(name) for line in lines), name


def test_a_second_start_does_nothing_anew(finished: tuple[Pipeline, subprocess.CompletedProcess[str]]) -> None:
    pipeline, _ = finished
    before = {path: path.stat().st_mtime_ns for path in [pipeline.run / "model.keras", *pipeline.run.glob("*/*.npy")]}
    again = pipeline.finish()
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1] == "submission: submissions/small.csv"
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert "epoch " not in again.stderr
    plan = again.stderr.partition("[1/6]")[0].splitlines()
    assert [line.split() for line in plan[2:6]] == [[stage, "done"] for stage in ("split", "train", "predict", "tune")]


def test_its_records_tell_how_long_the_next_run_takes(
    finished: tuple[Pipeline, subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, _ = finished
    monkeypatch.setenv("KSEG_ROOT", str(pipeline.root))
    told = estimate_stage("train", pipeline.root / "runs" / "next", count_tiles(pipeline.tiles), Options(quick=True))
    assert told.source == "small"
    assert told.seconds


def test_another_threshold_runs_no_network(finished: tuple[Pipeline, subprocess.CompletedProcess[str]]) -> None:
    pipeline, _ = finished
    kept = file_hash(pipeline.root / "submissions" / "small.csv")
    before = (pipeline.run / "model.keras").stat().st_mtime_ns
    done = pipeline.finish(*OPTIONS, "--threshold", "0.007")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "submission: submissions/small-t0.007.csv"
    assert file_hash(pipeline.root / "submissions" / "small.csv") == kept
    assert (pipeline.run / "model.keras").stat().st_mtime_ns == before


def test_other_settings_are_refused_with_the_two_ways_on(
    finished: tuple[Pipeline, subprocess.CompletedProcess[str]],
) -> None:
    pipeline, _ = finished
    done = pipeline.finish("--run", "small", "--quick", "--epochs", "4", "--no-submit")
    assert done.returncode == 2
    assert "epochs: 3 -> 4" in done.stderr
    assert "--restart" in done.stderr
    assert "--run" in done.stderr


def test_a_wrong_option_of_train_is_told_before_anything_runs(tiles: Path, tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path / "another", tiles)
    done = pipeline.finish(*OPTIONS, "--", "--batch-size", "0")
    assert done.returncode == 2
    assert "--batch-size 0" in done.stderr
    assert not (pipeline.root / "runs").exists()


def test_killed_and_stopped_it_ends_with_the_same_bytes(
    finished: tuple[Pipeline, subprocess.CompletedProcess[str]], tiles: Path, tmp_path: Path
) -> None:
    undisturbed, _ = finished
    pipeline = Pipeline(tmp_path / "disturbed", tiles)
    history = pipeline.run / "history.csv"

    def epochs() -> int:
        return len(history.read_text(encoding="utf-8").splitlines()) - 1 if history.exists() else 0

    pipeline.stop(lambda: (pipeline.run / "split.json").exists(), signal.SIGKILL)
    pipeline.stop(lambda: epochs() > 0, signal.SIGKILL)
    reached = epochs()
    assert pipeline.stop(lambda: epochs() > reached, signal.SIGKILL, stage=True) == 137
    assert pipeline.stop(lambda: (pipeline.run / "stages" / "train.json").exists(), signal.SIGINT) == 130
    last = pipeline.finish()
    assert last.returncode == 0, last.stderr
    assert last.stdout.splitlines()[-1] == "submission: submissions/small.csv"
    expected = {name: digest for name, digest in undisturbed.results().items() if "-t0.007" not in name}
    assert pipeline.results() == expected
