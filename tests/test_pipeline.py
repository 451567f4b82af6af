"""run_pipeline.sh: what it asks of the stages, what it prints, and how it ends. The stages are stand-ins here."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[1]
BASH = str(shutil.which("bash"))
STAGES = ["split", "train", "predict", "tune", "decide", "inspect"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")

# every command is this: it writes down how it was called, and can be told to wait or to fail
STAND_IN = """
import json, os, pathlib, sys, time
name = pathlib.Path(__file__).stem
if "--print-run-name" in sys.argv:
    sys.exit("no such option" if "--wrong" in sys.argv else print("drawn-unet8"))
with open(os.environ["CALLS"], "a") as stream:
    parent = os.environ["KSEG_PARENT"] == str(os.getppid())
    stream.write(json.dumps({"name": name, "words": sys.argv[1:], "pid": os.getpid(), "parent": parent}) + "\\n")
print(f"progress of {name}", file=sys.stderr)
print(f"result of {name}", flush=True)
if os.environ.get("WAITS") == name:
    try:
        while os.environ["KSEG_PARENT"] == str(os.getppid()):
            time.sleep(0.1)
    except KeyboardInterrupt:
        sys.exit(130)
if name == "decide":
    print("submission: submissions/drawn.csv")
if os.environ.get("FAILS") == name:
    sys.exit(int(os.environ.get("CODE", "1")))
"""


class Clone:
    """A copy of the script in a project of its own whose commands are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a clone"
        self.calls_file = folder / "calls.jsonl"
        shutil.copytree(PROJECT / "requirements", self.folder / "requirements")
        for name in ("run_pipeline.sh", "setup.cfg"):
            shutil.copy(PROJECT / name, self.folder / name)
        (self.folder / "kaggle_seg").mkdir()
        for name in ("demo", "download", *STAGES, "summary", "submit", "report"):
            (self.folder / "kaggle_seg" / f"{name}.py").write_text(STAND_IN, encoding="utf-8")
        (self.folder / "kaggle_seg" / "__init__.py").touch()
        self.environment = {**os.environ, "CALLS": str(self.calls_file), "KSEG_PYTHON": sys.executable}
        self.environment.pop("KSEG_ROOT", None)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str, cwd: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        script = subprocess.Popen(
            [BASH, str(self.folder / "run_pipeline.sh"), *options],
            cwd=cwd or self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(script)
        return script

    def end(self) -> None:
        """Leaves no process behind, also when a test failed."""
        for script in self.started:
            script.kill()
            script.communicate()

    def run(self, *options: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        started = self.start(*options, cwd=cwd, **environment)
        out, err = started.communicate(timeout=120)
        return subprocess.CompletedProcess(started.args, started.returncode, out, err)

    @property
    def calls(self) -> list[dict[str, Any]]:
        if not self.calls_file.exists():
            return []
        return [json.loads(line) for line in self.calls_file.read_text(encoding="utf-8").splitlines()]

    def words(self, name: str) -> list[str]:
        """How a command was called, the last time."""
        return [call["words"] for call in self.calls if call["name"] == name][-1]

    def wait_for(self, name: str) -> int:
        """The process id of a command, once it was called."""
        deadline = time.monotonic() + 60
        while not (found := [call["pid"] for call in self.calls if call["name"] == name]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return int(found[0])


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    clone = Clone(tmp_path)
    yield clone
    clone.end()


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    folder = tmp_path / "my tiles"
    folder.mkdir()
    return folder


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        "Z" not in subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    )


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
    options += ["--engine", "int8"]
    done = clone.run(*options, "--", "--loss", "dice", "--name", "a b")
    assert done.returncode == 0, done.stderr
    assert clone.words("split") == ["--data", str(tiles), "--run", "drawn-unet8", "--seed", "7", "--keep", "--restart"]
    train = clone.words("train")
    assert train[:2] == ["--data", str(tiles)]
    assert train[2:7] == ["--epochs", "3", "--quick", "--seed", "7"]
    assert train[7:11] == ["--loss", "dice", "--name", "a b"]
    assert train[-3:] == ["--run", "drawn-unet8", "--restart"]
    assert clone.words("predict") == ["drawn-unet8", "--tta", "none", "--engine", "int8"]
    assert clone.words("decide") == ["drawn-unet8", "--threshold", "0.42"]
    assert clone.words("inspect") == [str(clone.folder / "submissions" / "drawn.csv")]


def test_the_csv_is_offered_for_upload_unless_forbidden(clone: Clone, tiles: Path) -> None:
    done = clone.run("--data", str(tiles))
    assert clone.words("submit") == [str(clone.folder / "submissions" / "drawn.csv"), "--if-better"]
    assert done.stdout.splitlines()[-3:] == ["result of submit", "result of report", "submission: submissions/drawn.csv"]
    assert clone.words("report") == ["drawn-unet8"]


def test_help_and_wrong_options_need_no_python(clone: Clone, tmp_path: Path) -> None:
    clone.environment = {"PATH": str(tmp_path / "nothing"), "CALLS": str(clone.calls_file)}
    told = clone.run("--help")
    assert told.returncode == 0
    for option in ("--data", "--run", "--threshold", "--epochs", "--minutes", "--seed", "--engine", "--quick", "--restart"):
        assert f"  {option}" in told.stdout
    assert clone.run("--quick", "--sedd", "1").returncode == 2
    assert sorted(path.name for path in clone.folder.iterdir()) == [
        "kaggle_seg",
        "requirements",
        "run_pipeline.sh",
        "setup.cfg",
    ]


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


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_stops_quietly_and_takes_the_stage_with_it(clone: Clone, tiles: Path, sent: signal.Signals, code: int) -> None:
    started = clone.start("--data", str(tiles), WAITS="train")
    child = clone.wait_for("train")
    before = time.monotonic()
    os.kill(started.pid, sent)
    out, err = started.communicate(timeout=60)
    assert time.monotonic() - before < 5
    assert started.returncode == code
    assert err.splitlines()[-1] == "stopped; the same command takes up where this left off."
    assert err.count("stopped") == 1
    assert "Traceback" not in err
    assert "submission:" not in out
    assert not is_alive(child)


def test_the_csv_is_named_also_when_it_is_stopped_later(clone: Clone, tiles: Path) -> None:
    started = clone.start("--data", str(tiles), WAITS="inspect")
    clone.wait_for("inspect")
    os.kill(started.pid, signal.SIGINT)
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 130
    assert out.splitlines()[-1] == "submission: submissions/drawn.csv"


def test_a_killed_stage_is_a_failed_one(clone: Clone, tiles: Path) -> None:
    started = clone.start("--data", str(tiles), WAITS="predict")
    os.kill(clone.wait_for("predict"), signal.SIGKILL)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 137
    assert err.splitlines()[-1] == "predict: killed by signal 9; the same command takes up where it left off"
    assert "line " not in err


def test_ctrl_c_at_a_terminal(clone: Clone, tiles: Path) -> None:
    terminal, slave = os.openpty()
    # the script becomes the terminal's foreground job by opening it first in a session of its own
    words = f'exec <>{os.ttyname(slave)} >&0 2>&0; exec "$0" "$@"'
    script = str(clone.folder / "run_pipeline.sh")
    started = subprocess.Popen(
        [BASH, "-c", words, BASH, script, "--data", str(tiles)],
        env={**clone.environment, "WAITS": "train"},
        start_new_session=True,
    )
    clone.started.append(started)
    os.close(slave)
    child = clone.wait_for("train")
    os.write(terminal, b"\x03")
    assert started.wait(timeout=30) == 130
    told = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert told.splitlines()[-1] == "stopped; the same command takes up where this left off."
    assert not is_alive(child)


def test_nothing_is_left_in_the_temporary_folder(clone: Clone, tiles: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    clone.run("--data", str(tiles), TMPDIR=str(tmp_path / "tmp"))
    clone.run("--data", str(tiles), TMPDIR=str(tmp_path / "tmp"), FAILS="train")
    assert list((tmp_path / "tmp").iterdir()) == []
