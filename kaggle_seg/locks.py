"""Who holds a folder: an operating-system lock, which a kill releases, and the end of a process whose parent died."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from kaggle_seg.errors import Failure

PATIENCE = 60.0  # seconds a second start waits for the holder of a folder; an orphan ends within 2


@contextlib.contextmanager
def held(folder: Path, name: str, doing: str) -> Iterator[None]:
    """Holds a folder, which is made if it is not there.

    Args:
        folder: what is held.
        name: what a person calls it.
        doing: why it is held, in a word.

    Raises:
        Failure: another process still holds it after a minute; it is named.
    """
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = filelock.FileLock(folder / ".lock"), folder / ".holder.json"
    end_with_parent()
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        print(f"{name} is held by {describe_holder(holder)}; waiting", file=sys.stderr, flush=True)
        try:
            lock.acquire(timeout=PATIENCE)
        except filelock.Timeout as error:
            raise Failure(f"{name} is held by {describe_holder(holder)}; wait for it or end it, then start again") from error
    try:
        facts = {"pid": os.getpid(), "doing": doing, "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        holder.write_text(json.dumps(facts), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def describe_holder(holder: Path) -> str:
    """Who holds a folder, in words."""
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {facts['pid']} ({facts['doing']}, since {facts['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"


def end_with_parent() -> None:
    """Ends this process within seconds of its parent's death, so that no orphan goes on holding a run.

    A process started with `nohup` is meant to outlive its terminal and does; under `run_pipeline.sh`, which says so in
    `KSEG_PARENT`, it ends with the script in any case.
    """
    parent = os.getppid()
    meant_to_stay = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    watched = os.environ.get("KSEG_PARENT") == str(parent) or not meant_to_stay
    if os.name == "nt" or parent <= 1 or not watched or any(t.name == "parent-watch" for t in threading.enumerate()):
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(137)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
