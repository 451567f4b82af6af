"""Every lock of the package: the operating system's own, on a file, so that any death of its holder releases it.

Standard library alone, because the pipeline needs a lock before anything is installed. The lock is `flock` on POSIX and
a locked byte on Windows. The file stays where it is, as an unlinked one would let two processes hold two files of the
same name.
"""

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

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

HOLDER_SECONDS = 60.0  # how long a second start waits for the holder of a folder; an orphan ends within 2
POLL_SECONDS = 0.05


@contextlib.contextmanager
def lock(path: Path, waiting: str = "", timeout: float | None = None) -> Iterator[int]:
    """Holds the operating system's lock on a file.

    It excludes other processes and other threads. It isn't re-entrant.

    Args:
        path: the file, which is made with its folder if it isn't there. Its content is left alone.
        waiting: printed once to stderr while another process holds the lock; empty: nothing is printed.
        timeout: seconds to wait for another holder; None: as long as it takes.

    Yields:
        The file descriptor of the lock. On POSIX a child that inherits it (`pass_fds`) goes on holding the lock if this
        process dies first.

    Raises:
        Failure: another process still holds the lock after `timeout` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    handle = _take(path)
    if handle is None and waiting:
        print(waiting, file=sys.stderr, flush=True)
    while handle is None:
        if time.monotonic() >= deadline:
            raise Failure(
                f"{path}: another process has held this lock for {timeout:g} s; wait for it or end it, then start again"
            )
        time.sleep(POLL_SECONDS)
        handle = _take(path)
    try:
        yield handle
    finally:
        os.close(handle)


def _take(path: Path) -> int | None:
    """The open file if its lock was free, which is then held until the file is closed; else None."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        if sys.platform == "win32" and path.exists():  # its holder is just removing it
            return None
        raise
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle
    except (BlockingIOError, PermissionError):  # as POSIX and Windows tell that another holds it
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


@contextlib.contextmanager
def held(folder: Path, name: str, doing: str) -> Iterator[None]:
    """Holds a folder, which is made if it isn't there, and says in it who holds it.

    Args:
        folder: what is held.
        name: what a person calls it, e.g. "run first".
        doing: why it is held, in one word.

    Raises:
        Failure: another process still holds it after a minute; the message names that process.
    """
    end_with_parent()
    holder = folder / ".holder.json"
    with contextlib.ExitStack() as stack:
        try:
            waiting = f"{name} is held by {describe_holder(holder)}; waiting"
            stack.enter_context(lock(folder / ".lock", waiting, HOLDER_SECONDS))
        except Failure as error:
            raise Failure(f"{name} is held by {describe_holder(holder)}; wait for it or end it, then start again") from error
        stack.callback(holder.unlink, missing_ok=True)
        facts = {"pid": os.getpid(), "doing": doing, "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        holder.write_text(json.dumps(facts), encoding="utf-8")
        yield


def describe_holder(holder: Path) -> str:
    """Who holds a folder, in words."""
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {facts['pid']} ({facts['doing']}, since {facts['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"


def end_with_parent() -> None:
    """Ends this process within seconds of its parent's death, so that no orphan goes on holding a run.

    A process started with `nohup` is meant to outlive its terminal, and does. Under the pipeline, which names itself in
    `KSEG_PARENT`, it ends with the pipeline in any case.
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
