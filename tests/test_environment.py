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

PROJECT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell scripts are for Linux, macOS and WSL")

# what takes minutes and a network is replaced: the environment comes without packages, and each time is counted
MAKE = """
set -u
project=$1
. "$project/requirements/environment.sh"
install() {
    echo made >>"$project/count"
    rm -rf "$2"
    "$1" -m venv --without-pip "$2"
    sleep "$PAUSE"
    stamp "$2" "$3" >"$2/made-from"
}
make_environment "$project/.venv" requirements/cpu.txt
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a project"
    (folder / "requirements").mkdir(parents=True)
    for name in ("requirements/environment.sh", "requirements/cpu.txt", "setup.cfg", "pyproject.toml"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def make(project: Path, pause: float = 0) -> subprocess.Popen[str]:
    environment = {**os.environ, "PAUSE": str(pause)}
    return subprocess.Popen(
        ["bash", "-c", MAKE, "make", str(project)],
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


def test_without_a_fitting_python_it_says_what_it_found(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in (("python3", "echo is Python 3.9.2; exit 1"), ("python3.12", "exit 127")):
        (folder / name).write_text(f"#!{shutil.which('bash')}\n{body}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        [str(shutil.which("bash")), "-c", MAKE, "make", str(project)],
        env={"PATH": str(folder), "PAUSE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no Python 3.11, 3.12 or 3.13 found (python3.12 does not start; python3 is Python 3.9.2)" in done.stderr
    assert not (project / ".venv").exists()


def missing(interpreter: str | Path, extra: str = "cpu") -> subprocess.CompletedProcess[str]:
    words = [str(interpreter), str(PROJECT / "requirements" / "missing.py"), extra]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_what_is_missing_is_listed_at_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    done = missing(tmp_path / "bare" / "bin" / "python")
    assert done.returncode == 2
    for name in ("keras>=", "numpy>=", "pandas>=", "tyro>=", "tensorflow"):
        assert f"  {name}" in done.stderr
    (command,) = (line for line in done.stderr.splitlines() if "--no-index --find-links" in line)
    assert "'numpy>=2.0'" in command
    assert done.stdout == ""


def test_nothing_is_missing_here() -> None:
    done = missing(sys.executable)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_version_out_of_bounds_is_missing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    (site,) = (tmp_path / "bare" / "lib").glob("python3.*/site-packages")
    for name, version in (("keras", "4.0.1"), ("pandas", "2.3.3"), ("numpy", "2.5"), ("tensorflow", "2.21.0")):
        (site / f"{name}-{version}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (site / f"{name}-{version}.dist-info" / "METADATA").write_text(text, encoding="utf-8")
    told = missing(tmp_path / "bare" / "bin" / "python").stderr
    assert "  keras>=3.15,<4 (found 4.0.1)\n" in told
    assert "  pandas>=3.0 (found 2.3.3)\n" in told
    assert "  numpy" not in told
    assert "  tensorflow" not in told


def test_the_locks_hold_every_requirement_and_nothing_of_this_machine() -> None:
    sys.path.insert(0, str(PROJECT / "requirements"))
    try:
        from missing import fits, requirements
    finally:
        sys.path.pop(0)
    for extra, lock in (("cpu", "cpu.txt"), ("gpu", "gpu.txt"), ("test", "test.txt")):
        text = (PROJECT / "requirements" / lock).read_text(encoding="utf-8")
        pins = [
            line.split(";")[0].strip(" \\").split("==") for line in text.splitlines() if "==" in line and line[0].isalpha()
        ]
        for requirement in requirements(PROJECT / "setup.cfg", extra):
            wanted = requirement.split(">=")[0].split("[")[0].lower()
            versions = [version for name, version in pins if name == wanted]
            assert versions, f"{requirement} is not in {lock}; run requirements/lock"
            assert all(fits(requirement, version) for version in versions), requirement
        assert any(name == "setuptools" for name, _ in pins)
        assert all(line.startswith((" ", "#")) or "==" in line for line in text.splitlines())
        assert "://" not in text
