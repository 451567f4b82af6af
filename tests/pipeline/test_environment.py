"""The virtual environment: made once, healed after a kill, by one start at a time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SIDE_BY_SIDE = ["-q", "--numprocesses", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell scripts are for Linux, macOS and WSL")

# what takes minutes and a network is replaced: the environment comes without packages, and each time is counted
MAKE = """
import os, shutil, subprocess, sys, time
from pathlib import Path
from kaggle_seg.errors import report_errors
from kaggle_seg.pipeline import environment

def install(project, folder, lock_file, handle):
    with (project / "count").open("a") as stream:
        stream.write("made\\n")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([environment.base_python(), "-m", "venv", "--without-pip", folder], check=True)
    pause = float(os.environ["PAUSE"])
    assert environment.succeeds([sys.executable, "-c", f"import time; time.sleep({pause})"], handle)
    (folder / environment.STAMP).write_text(environment.describe(project, folder, lock_file), encoding="utf-8")

environment.install = install
project = Path(sys.argv[1])
environment.make_environment(project, project / ".venv", "requirements/cpu.txt")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "requirements").mkdir(parents=True)
    for name in ("requirements/cpu.txt", "setup.cfg", "pyproject.toml"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def make(project: Path, pause: float = 0) -> subprocess.Popen[str]:
    environment = {**os.environ, "PAUSE": str(pause), "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-c", MAKE, str(project)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def times_made(project: Path) -> int:
    return len((project / "count").read_text(encoding="utf-8").split())


def test_it_is_made_once(project: Path) -> None:
    for _ in range(2):
        with make(project) as making:
            told = making.stderr.read() if making.stderr else ""
        assert making.returncode == 0
    assert told == ""
    assert times_made(project) == 1


@pytest.mark.parametrize("name", ["requirements/cpu.txt", "setup.cfg", "pyproject.toml"])
def test_another_lock_or_package_makes_it_anew(project: Path, name: str) -> None:
    make(project).communicate()
    with (project / name).open("a", encoding="utf-8") as stream:
        stream.write("\n# changed\n")
    make(project).communicate()
    assert times_made(project) == 2


def test_another_place_or_python_makes_it_anew(project: Path, tmp_path: Path) -> None:
    make(project).communicate()
    moved = project.rename(tmp_path / "moved")
    make(moved).communicate()
    assert times_made(moved) == 2
    (moved / ".venv" / "bin" / "python").unlink()
    make(moved).communicate()
    assert times_made(moved) == 3
    assert subprocess.run([moved / ".venv" / "bin" / "python", "-c", ""], check=True).returncode == 0


def test_a_kill_while_installing_is_healed(project: Path) -> None:
    with make(project, pause=60) as making:
        deadline = time.monotonic() + 30
        while not (project / ".venv" / "bin" / "python").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(making.pid, signal.SIGKILL)
    make(project).communicate()
    assert times_made(project) == 2
    make(project).communicate()
    assert times_made(project) == 2


def test_two_starts_at_once_make_one(project: Path) -> None:
    starts = [make(project, pause=2) for _ in range(3)]
    told = [start.communicate()[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert times_made(project) == 1
    assert any("waiting for it" in text for text in told)


def test_a_pip_whose_parent_died_keeps_others_waiting(project: Path) -> None:
    with make(project, pause=3) as making:
        deadline = time.monotonic() + 30
        while not (project / ".venv" / "bin" / "python").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.5)
        making.kill()
        told = make(project).communicate()[1]
    assert "waiting for it" in told
    assert times_made(project) == 2


def test_an_environment_needs_its_lock(project: Path) -> None:
    (project / "requirements" / "cpu.txt").unlink()
    told = make(project).communicate()[1]
    assert "requirements/cpu.txt: no such file" in told and not (project / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "made", "pytest_calls"),
    [
        ([], ".venv-test requirements/test.txt", SIDE_BY_SIDE),
        (["tests/tiles", "-k", "a b"], ".venv-test requirements/test.txt", [*SIDE_BY_SIDE, "tests/tiles", "-k", "a b"]),
        (["--images", "-x"], ".venv-images requirements/images.txt", ["-q", "tests/network", "-x"]),
    ],
)
def test_all_checks_run_in_an_environment_of_their_own(
    tmp_path: Path, arguments: list[str], made: str, pytest_calls: list[str]
) -> None:
    calls, bin_folder = tmp_path / "calls", made.split()[0] + "/bin"
    program = f'#!/bin/sh\nfor word in "${{0##*/}}" "$@"; do printf "%s|" "$word"; done >>"{calls}"\necho >>"{calls}"\n'
    for name in ("tests/run", "requirements/python.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / "kaggle_seg" / "pipeline").mkdir(parents=True)
    stand_in = f"""
import sys
from pathlib import Path
print(*sys.argv[1:])
Path({bin_folder!r}).mkdir(parents=True)
for name in ("chromium", "ruff", "mypy", "lint-imports", "shellcheck", "pytest"):
    (Path({bin_folder!r}) / name).write_text({program!r})
    (Path({bin_folder!r}) / name).chmod(0o755)
"""
    (tmp_path / "kaggle_seg" / "pipeline" / "environment.py").write_text(stand_in, encoding="utf-8")
    command = [str(tmp_path / "tests" / "run"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == made
    ran = [line.split("|")[:-1] for line in calls.read_text(encoding="utf-8").splitlines()]
    assert ran[-1] == ["pytest", *pytest_calls]
    others = [] if "--images" in arguments else ["ruff", "ruff", "mypy", "lint-imports", "shellcheck"]
    assert [call[0] for call in ran[:-1]] == others
