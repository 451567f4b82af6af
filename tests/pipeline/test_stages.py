"""run_pipeline.sh: what it asks of the stages, what it prints, and how it ends. The stages are stand-ins here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.clone import STAGES, STAND_IN, Clone

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")


def test_the_stages_run_in_order_and_are_told_apart(clone: Clone, tiles: Path) -> None:
    done = clone.run("--data", str(tiles), "--no-submit")
    assert done.returncode == 0, done.stderr
    assert [call["name"] for call in clone.calls] == [*STAGES, "summary", "report"]
    assert all(call["parent"] for call in clone.calls)
    assert done.stdout.splitlines() == [
        *(f"result of {name}" for name in [*STAGES, "summary", "report"]),
        "submission: submissions/drawn.csv",
    ]
    assert [line for line in done.stderr.splitlines() if line.startswith("[")] == [
        f"[{number}/6] {name}" for number, name in enumerate(STAGES, 1)
    ]


def test_options_reach_their_stage(clone: Clone, tiles: Path) -> None:
    options = ["--run", "north", "--threshold=0.42", "--epochs", "3", "--seed=7", "--quick", "--restart", f"--data={tiles}"]
    options += ["--engine", "int8", "--encoder", "efficientnet-lite0"]
    done = clone.run(*options, "--", "--loss", "dice", "--name", "a b")
    assert done.returncode == 0, done.stderr
    assert clone.words("split") == ["--data", str(tiles), "--run", "drawn-unet8", "--seed", "7", "--keep", "--restart"]
    train = clone.words("train")
    assert train[:2] == ["--data", str(tiles)]
    assert train[2:9] == ["--epochs", "3", "--encoder", "efficientnet-lite0", "--quick", "--seed", "7"]
    assert train[9:13] == ["--loss", "dice", "--name", "a b"]
    assert train[-3:] == ["--run", "drawn-unet8", "--restart"]
    assert clone.words("predict") == ["drawn-unet8", "--tta", "none", "--engine", "int8"]
    assert clone.words("decide") == ["drawn-unet8", "--threshold", "0.42"]
    assert clone.words("inspect") == [str(clone.folder / "submissions" / "drawn.csv")]


def test_the_csv_is_offered_for_upload_unless_forbidden(clone: Clone, tiles: Path) -> None:
    done = clone.run("--data", str(tiles))
    assert clone.words("submit") == [str(clone.folder / "submissions" / "drawn.csv"), "--if-better"]
    assert done.stdout.splitlines()[-3:] == ["result of submit", "result of report", "submission: submissions/drawn.csv"]
    assert clone.words("report") == ["drawn-unet8"]


def test_a_wrong_option_of_train_ends_it_before_anything_runs(clone: Clone, tiles: Path) -> None:
    done = clone.run("--data", str(tiles), "--", "--wrong")
    assert done.returncode == 1
    assert clone.calls == []


def test_data_is_relative_to_the_caller(clone: Clone, tiles: Path, tmp_path: Path) -> None:
    done = clone.run("--data", tiles.name, cwd=tmp_path, FAILS="split")
    assert clone.words("split")[:2] == ["--data", tiles.name]
    assert "split: ended with exit code 1" in done.stderr


def test_without_data_the_projects_folder_is_taken(clone: Clone, tmp_path: Path) -> None:
    (clone.folder / "data").mkdir()
    (clone.folder / "data" / "tiles").mkdir()
    clone.run(cwd=tmp_path, FAILS="split")
    assert clone.words("split")[:2] == ["--data", str(clone.folder / "data")]
    clone.run("--demo", cwd=tmp_path, FAILS="split")
    assert clone.words("split")[:2] == ["--data", str(clone.folder / "runs" / ".demo")]


def test_without_any_tiles_it_says_that_it_draws_some(clone: Clone, tmp_path: Path) -> None:
    (clone.folder / "data").mkdir()
    done = clone.run(cwd=tmp_path)
    assert [call["name"] for call in clone.calls][:3] == ["download", "demo", "split"]
    assert sum("generated demo tiles" in line for line in done.stdout.splitlines()) == 1
    assert "result of demo" not in done.stdout


@pytest.mark.parametrize(
    ("options", "epochs"),
    [((), ["--epochs", "12"]), (("--epochs", "3"), ["--epochs", "3"]), (("--quick",), []), (("--", "--minutes", "2"), [])],
)
def test_a_demo_is_short_unless_something_else_is_asked(clone: Clone, options: tuple[str, ...], epochs: list[str]) -> None:
    clone.run("--demo", *options)
    words = clone.words("train")
    assert words[2:4] == epochs if epochs else "--epochs" not in words


def test_what_the_download_brought_is_taken(clone: Clone, tmp_path: Path) -> None:
    download = clone.folder / "kaggle_seg" / "download.py"
    download.write_text(STAND_IN + 'print("tiles: data")\n', encoding="utf-8")
    done = clone.run(cwd=tmp_path)
    assert clone.words("download") == ["--if-credentials"]
    assert clone.words("split")[:2] == ["--data", str(clone.folder / "data")]
    assert "demo" not in [call["name"] for call in clone.calls] and "result of download" not in done.stdout
    download.write_text(STAND_IN + 'print("tiles: /kaggle/input/tiles")\n', encoding="utf-8")
    clone.run(cwd=tmp_path)
    assert clone.words("split")[:2] == ["--data", "/kaggle/input/tiles"]


@pytest.mark.parametrize(("option", "wanted"), [("--submit", "--once"), ("--quick", "--if-better")])
def test_an_upload_is_asked_for_or_left_to_the_scores(clone: Clone, tiles: Path, option: str, wanted: str) -> None:
    assert clone.run("--data", str(tiles), option).returncode == 0
    assert clone.words("submit")[-1] == wanted


def test_another_competition_is_handed_on(clone: Clone, tiles: Path, tmp_path: Path) -> None:
    assert clone.run("--data", str(tiles), "--competition", "mine.toml").returncode == 0
    assert clone.words("split")[-2:] == ["--competition", "mine.toml"]
    assert clone.run("--demo", "--competition=mine.toml").returncode == 2
    done = clone.run("--competition", "mine.toml", cwd=tmp_path)
    assert done.returncode == 2 and clone.words("download")[-2:] == ["--competition", "mine.toml"]


def test_demo_tiles_cannot_be_submitted(clone: Clone, tmp_path: Path) -> None:
    assert clone.run("--demo", "--submit", cwd=tmp_path).returncode == 2
    done = clone.run("--submit", cwd=tmp_path)
    assert done.returncode == 2 and "Kaggle credentials" in done.stderr
    assert [call["name"] for call in clone.calls] == ["download"]


@pytest.mark.parametrize(("stage", "code"), [("split", 2), ("train", 1), ("decide", 2)])
def test_a_failing_stage_ends_it_with_its_exit_code(clone: Clone, tiles: Path, stage: str, code: int) -> None:
    done = clone.run("--data", str(tiles), FAILS=stage, CODE=str(code))
    assert done.returncode == code
    assert clone.calls[-1]["name"] == stage
    assert "submission:" not in done.stdout
    assert f"{stage}: ended with exit code {code}" in done.stderr


@pytest.mark.parametrize("stage", ["inspect", "summary", "submit", "report"])
def test_the_csv_is_named_also_when_a_later_step_fails(clone: Clone, tiles: Path, stage: str) -> None:
    done = clone.run("--data", str(tiles), FAILS=stage)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "submission: submissions/drawn.csv"


def test_on_a_kaggle_notebook_outputs_go_to_the_working_folder(clone: Clone, tmp_path: Path) -> None:
    folder, programs = tmp_path / "working", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    del clone.environment["KSEG_PYTHON"]
    # through the link Python would not know its own environment
    clone.environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    done = clone.run(cwd=folder, KAGGLE_KERNEL_RUN_TYPE="Batch", PATH=f"{programs}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert clone.words("demo") == [str(folder / "runs" / ".demo")]
    assert clone.words("inspect") == [str(folder / "submissions" / "drawn.csv")]
    assert not (clone.folder / ".venv").exists()


def test_an_interpreter_that_lacks_packages_is_told_which(clone: Clone, tiles: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    done = clone.run("--data", str(tiles), KSEG_PYTHON=str(tmp_path / "bare" / "bin" / "python"))
    assert done.returncode == 2
    assert "pip install --no-index --find-links" in done.stderr
    assert not (clone.folder / ".venv").exists()
    assert clone.run("--data", str(tiles), KSEG_PYTHON="no-such-python").returncode == 2
