"""Signals: they reach the child that runs, all of it, and everything ends; the stages are stand-ins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kaggle_seg.pipeline.children import ChildFailed, Children, Stopped, describe_end
from tests.pipeline.clone import BASH, Clone

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        "Z" not in subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    )


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


def test_all_children_of_a_stage_end_with_it(clone: Clone, tiles: Path) -> None:
    stage = clone.folder / "kaggle_seg" / "train.py"
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    code = f"""
import os, subprocess, sys
if "--print-run-name" in sys.argv:
    sys.exit(print("drawn-unet8"))
child = subprocess.Popen([sys.executable, "-c", {deaf!r}], stdout=subprocess.PIPE)
child.stdout.readline()
open(os.environ["CALLS"] + ".child", "w").write(str(child.pid))
child.wait()
"""
    stage.write_text(code, encoding="utf-8")
    started, file = clone.start("--data", str(tiles)), clone.calls_file.with_name("calls.jsonl.child")
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(started.pid, signal.SIGTERM)
    assert started.wait(timeout=30) == 143
    assert not is_alive(int(file.read_text(encoding="utf-8")))


def test_a_signal_during_the_start_of_a_child_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = subprocess.Popen.__init__

    def begin_and_signal(self: subprocess.Popen[bytes], *arguments: object, **others: object) -> None:
        begin(self, *arguments, **others)  # type: ignore[call-overload]
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)

    monkeypatch.setattr(subprocess.Popen, "__init__", begin_and_signal)
    before = time.monotonic()
    with pytest.raises(Stopped) as stopped, Children(os.environ) as children:
        children.run([sys.executable, "-c", "import time; time.sleep(60)"], "sleep")
    assert stopped.value.exit_code == 143
    assert time.monotonic() - before < 10
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_how_a_child_ended_is_told_on_every_system() -> None:
    assert describe_end("train", 137, "posix").startswith("train: killed by signal 9; ")
    assert describe_end("train", 0xC0000005, "nt") == "train: ended with exit code 3221225477"


def test_output_is_taken_from_the_child_alone() -> None:
    with Children(os.environ) as children:
        told = children.output([sys.executable, "-c", "import os; print(os.environ['KSEG_PARENT'])"], "child")
        assert told == f"{os.getpid()}\n"
        with pytest.raises(ChildFailed, match="child: ended with exit code 3"):
            children.output([sys.executable, "-c", "raise SystemExit(3)"], "child")
