"""Locks between real processes, which are killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaggle_seg.errors import Failure
from kaggle_seg.locks import held, lock

HOLD = "import sys, time; from pathlib import Path; from kaggle_seg.locks import lock\n"
HOLD += "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(float(sys.argv[2]))"
COUNT = "import sys; from pathlib import Path; from kaggle_seg.locks import lock\n"
COUNT += "for _ in range(50):\n with lock(Path(sys.argv[1]) / '.lock'):\n"
COUNT += "  place = Path(sys.argv[1]) / 'count'; number = int(place.read_text()); place.write_text(str(number + 1))"


@contextlib.contextmanager
def holder(path: Path, seconds: float = 60.0, script: str = HOLD) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock."""
    arguments = [sys.executable, "-c", script, str(path), str(seconds)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_lock_that_another_process_holds_is_refused_after_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "new" / ".lock"
    with (
        holder(path),
        pytest.raises(Failure, match=r"\.lock: another process has held this lock for 0\.2 s; wait for it or end it"),
        lock(path, timeout=0.2),
    ):
        pass


def test_a_kill_releases_the_lock_and_the_wait_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / ".lock"
    with holder(path) as process:
        killed = threading.Timer(0.3, process.kill)
        killed.start()
        started = time.monotonic()
        with lock(path, "somebody else is at it; waiting", timeout=30):
            assert 0.1 < time.monotonic() - started < 20
        killed.join()
    assert capsys.readouterr().err == "somebody else is at it; waiting\n"
    with lock(path, "not told", timeout=0):
        assert capsys.readouterr().err == ""


def test_an_end_releases_the_lock_for_who_waits_without_a_timeout(tmp_path: Path) -> None:
    with holder(tmp_path / ".lock", 0.3), lock(tmp_path / ".lock"):
        pass


def test_processes_take_turns(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "150"


def test_threads_take_turns(tmp_path: Path) -> None:
    with lock(tmp_path / ".lock"), pytest.raises(Failure), lock(tmp_path / ".lock", timeout=0):
        pass


def test_the_content_of_a_lock_file_of_an_earlier_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    path.write_text("something")
    path.chmod(0o600)
    with lock(path, timeout=0):
        pass
    assert path.read_text() == "something"


@pytest.mark.skipif(os.name == "nt", reason="there an open file stays")
def test_an_unlinked_file_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with holder(path):
        path.unlink()
        with lock(path, timeout=0):
            assert path.exists()


@pytest.mark.skipif(os.name == "nt", reason="there is no flock")
def test_a_version_that_locks_with_flock_is_excluded(tmp_path: Path) -> None:
    script = "import fcntl, sys, time; stream = open(sys.argv[1], 'w'); fcntl.flock(stream, fcntl.LOCK_EX)\n"
    script += "print('held', flush=True); time.sleep(60)"
    with (
        holder(tmp_path / ".lock", script=script),
        pytest.raises(Failure, match="another process"),
        lock(tmp_path / ".lock", timeout=0.2),
    ):
        pass


def test_a_held_folder_says_who_holds_it(tmp_path: Path) -> None:
    with held(tmp_path / "run", "run first", "train"):
        assert f'"pid": {os.getpid()}' in (tmp_path / "run" / ".holder.json").read_text()
    assert [entry.name for entry in (tmp_path / "run").iterdir()] == [".lock"]
