"""The options: all are checked, before anything is installed or run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from kaggle_seg.config import Encoder
from kaggle_seg.errors import BadInput
from kaggle_seg.pipeline.options import Options, read_options
from tests.pipeline.clone import BASH, Clone

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin"


def test_help_and_wrong_options_need_no_package(clone: Clone, bare: Path) -> None:
    before = sorted(path.name for path in clone.folder.iterdir())
    clone.environment = {"PATH": str(bare), "CALLS": str(clone.calls_file)}
    told = clone.run("--help")
    assert told.returncode == 0
    for option in ("--data", "--run", "--threshold", "--epochs", "--minutes", "--until", "--seed", "--engine", "--quick",
                   "--encoder", "--demo", "--restart", "--submit", "--no-submit"):  # fmt: skip
        assert f"  {option} " in told.stdout
    program = str(clone.folder / "run_pipeline.sh")
    assert told.stdout.startswith(f"usage: {program} ")
    assert all(len(line.replace(program, "./run_pipeline.sh")) <= 80 for line in told.stdout.splitlines())
    wrong = clone.run("--quick", "--sedd", "1")
    assert wrong.returncode == 2
    assert "error: --sedd: no such option; did you mean --seed?" in wrong.stderr
    assert sorted(path.name for path in clone.folder.iterdir()) == before


def test_nothing_outside_the_standard_library_is_imported(clone: Clone) -> None:
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from kaggle_seg.pipeline.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-I", "-S", "-c", code, str(clone.folder), "--quik"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --quik: no such option; did you mean --quick?")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("--treshold", "--threshold"), ("--no-submitt", "--no-submit"), ("--minuts=5", "--minutes"), ("--untill", "--until")],
)
def test_a_misspelt_option_gets_a_suggestion(typed: str, meant: str) -> None:
    with pytest.raises(BadInput, match=f"{typed.partition('=')[0]}: no such option; did you mean {meant}?"):
        read_options([typed], "run_pipeline.sh")


def test_an_unlike_option_gets_none() -> None:
    with pytest.raises(BadInput, match="--loss: no such option; options of the training go after --"):
        read_options(["--loss"], "run_pipeline.sh")


@pytest.mark.parametrize("typed", [["--minutes", "20"], ["--minutes=20"]])
def test_a_value_follows_or_is_joined(typed: list[str]) -> None:
    options = read_options(["--quick", *typed, "--", "--loss", "--", "dice"], "run_pipeline.sh")
    assert options == Options(quick=True, minutes="20", training=("--loss", "--", "dice"))


def test_the_last_of_equal_options_counts() -> None:
    options = read_options(["--seed", "1", "--submit", "--seed=2", "--no-submit"], "run_pipeline.sh")
    assert (options.seed, options.submit) == ("2", "no")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--until", "25:00"], "--until 25:00: wanted a time of day, as 23:30"),
        (["--until", "23:60"], "--until 23:60: wanted a time of day, as 23:30"),
        (["--until", "noon"], "--until noon: wanted a time of day, as 23:30"),
        (["--until", "23:30", "--minutes", "5"], "--minutes and --until exclude each other; give one"),
        (["--until", "23:30", "--", "--epochs=5"], "--until and -- --epochs=5 exclude each other; give one"),
        (["--quick=yes"], "--quick takes no value; write --quick"),
        (["--engine", "torch"], "--engine torch: wanted auto, keras, openvino or int8"),
        (["--encoder", "resnet"], f"--encoder resnet: wanted one of {', '.join(get_args(Encoder))}"),
    ],
)
def test_what_is_wrong_is_told(typed: list[str], told: str) -> None:
    with pytest.raises(BadInput) as error:
        read_options(typed, "run_pipeline.sh")
    assert error.value.problems == [f"{told}\nSee run_pipeline.sh --help"]


def test_without_a_fitting_python_it_says_what_it_found(clone: Clone, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in (("python3", "echo is Python 3.9.2; exit 1"), ("python3.12", "exit 127")):
        (folder / name).write_text(f"#!{BASH}\n{body}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    clone.environment = {"PATH": str(folder), "CALLS": str(clone.calls_file)}
    done = clone.run("--demo")
    assert done.returncode == 2
    assert "no Python 3.11, 3.12 or 3.13 found (python3.12 does not start; python3 is Python 3.9.2)" in done.stderr
    assert not (clone.folder / ".venv").exists()


def test_an_unfit_interpreter_that_was_named_is_told_with_all_else(clone: Clone) -> None:
    done = clone.run("--quik", KSEG_PYTHON="no-such-python")
    assert done.returncode == 2
    assert "error: --quik" in done.stderr and "error: KSEG_PYTHON=no-such-python: no such interpreter" in done.stderr


def test_all_that_is_wrong_is_said_at_once(clone: Clone) -> None:
    wrong = ["--data", "nowhere", "--demo", "--run", "-x", "--threshold", "1.2", "--epochs", "0", "--minutes", "abc"]
    done = clone.run(*wrong, "--seed", "-3", "--quik", "word", "--run")
    assert done.returncode == 2
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    for start in ("--quik", "'word'", "--run: a value", "--data nowhere", "--data and --demo", "--run -x", "--threshold 1.2",
                  "--epochs 0", "--minutes abc", "--epochs and --minutes", "--seed -3"):  # fmt: skip
        assert sum(line.startswith(f"error: {start}") for line in errors) == 1, start
    assert len(errors) == 11
    assert clone.calls == []


@pytest.mark.parametrize("threshold", ["auto", "0.42", ".5", "0.004", "00.9"])
def test_thresholds_within_0_and_1_are_taken(clone: Clone, tiles: Path, threshold: str) -> None:
    assert clone.run("--data", str(tiles), "--threshold", threshold, FAILS="split").returncode == 1


@pytest.mark.parametrize("threshold", ["0", "1", "0.0", "1.0", "-0.1", "42%", "0,42", "nan", ""])
def test_other_thresholds_are_refused(clone: Clone, tiles: Path, threshold: str) -> None:
    done = clone.run("--data", str(tiles), "--threshold", threshold)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --threshold")
