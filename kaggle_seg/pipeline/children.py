"""Child processes: one at a time, each with a process group of its own, so that a signal ends the child and its children.

A signal to the pipeline reaches the pipeline alone. The pipeline passes it on to the whole group, waits for the group to
end, and kills what is left of it after 10 seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import IO, Any

SECONDS_TO_END = 10.0
CREATE_NEW_PROCESS_GROUP = 0x200  # the subprocess module names it on Windows alone
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


class Stopped(BaseException):
    """A signal asked the pipeline to end.

    Attributes:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)

    @property
    def exit_code(self) -> int:
        """As a shell has it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.number


class ChildFailed(Exception):
    """A child process ended with an exit code other than 0.

    Attributes:
        code: its exit code; 128 and the signal's number if a signal killed it.
    """

    def __init__(self, name: str, code: int, quiet: bool = False) -> None:
        self.code = code
        super().__init__("" if quiet else describe_end(name, code, os.name))


class Children:
    """Runs child processes while it is entered; SIGINT and SIGTERM are then raised as `Stopped`.

    Args:
        environment: the environment variables of the children.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = {**environment, "KSEG_PARENT": str(os.getpid()), "PYTHONSAFEPATH": "1"}
        self.environment |= own_encoding(os.name)
        self._before: dict[int, Any] = {}
        self._starting = False
        self._signal = 0

    def __enter__(self) -> Children:
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if handler != signal.SIG_IGN:  # in the background of a shell without job control, Ctrl-C is for others
                self._before[number] = handler
                signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _: FrameType | None) -> None:
        for other in self._before:
            signal.signal(other, signal.SIG_IGN)
        self._signal = number
        if not self._starting:
            raise Stopped(number)

    def run(self, command: Sequence[str | os.PathLike[str]], name: str, stdout: IO[bytes] | int | None = None) -> None:
        """Runs a command to its end. It has no input.

        Args:
            command: the program and its arguments.
            name: what a person calls it; empty: the child says itself what is wrong.
            stdout: the file or descriptor that takes its output; None: the output of the pipeline.

        Raises:
            ChildFailed: its exit code is not 0.
            Stopped: a signal came; the child and its children have ended.
        """
        child = None
        try:
            self._starting = True  # a signal that comes before the child's id is known waits until it is
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout, env=self.environment, **own_group(os.name)
            )
            self._starting = False
            if self._signal:
                raise Stopped(self._signal)
            wait(child)
        except Stopped as stopped:
            if child is not None:
                end_group(child, stopped.number)
            raise
        finally:
            self._starting = False
        if code := exit_code(child.returncode):
            raise ChildFailed(name, code, quiet=not name)

    def output(self, command: Sequence[str | os.PathLike[str]], name: str) -> str:
        """Runs a command to its end, and gives what it wrote to its standard output.

        Raises:
            ChildFailed: its exit code is not 0.
            Stopped: a signal came; the child and its children have ended.
        """
        # a file, as a pipe would stay open for as long as any child of the child lives
        with tempfile.TemporaryFile() as file:
            self.run(command, name, file)
            file.seek(0)
            return os.fsdecode(file.read())


def wait(child: subprocess.Popen[bytes]) -> None:
    """Waits for a child. A signal interrupts it within half a second on every system, `Popen.wait` not on Windows."""
    ended = threading.Event()

    def watch() -> None:
        child.wait()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    while not ended.wait(0.5):
        pass


def end_group(child: subprocess.Popen[bytes], number: int) -> None:
    """Ends a child and its children: by the signal, and after 10 seconds by force."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            child.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        with contextlib.suppress(OSError):
            os.killpg(child.pid, number)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(SECONDS_TO_END)
    if sys.platform == "win32":
        if child.poll() is None:
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def own_group(system: str) -> dict[str, Any]:
    """The arguments of `Popen` that give a child a process group of its own.

    Args:
        system: as `os.name` has it.

    >>> own_group("posix"), own_group("nt")
    ({'process_group': 0}, {'creationflags': 512})
    """
    return {"creationflags": CREATE_NEW_PROCESS_GROUP} if system == "nt" else {"process_group": 0}


def own_encoding(system: str) -> dict[str, str]:
    """The environment variables under which children write UTF-8 to files too; elsewhere than on Windows they do.

    Args:
        system: as `os.name` has it.

    >>> own_encoding("posix"), own_encoding("nt")
    ({}, {'PYTHONIOENCODING': 'utf-8'})
    """
    return {"PYTHONIOENCODING": "utf-8"} if system == "nt" else {}


def exit_code(returned: int) -> int:
    """The exit code of a child as a shell has it.

    >>> exit_code(2), exit_code(-9)
    (2, 137)
    """
    return 128 - returned if returned < 0 else returned


def describe_end(name: str, code: int, system: str) -> str:
    """How a child ended.

    >>> describe_end("train", 1, "posix"), describe_end("train", 3221225786, "nt")
    ('train: ended with exit code 1', 'train: ended with exit code 3221225786')
    """
    if code > 128 and system != "nt":
        return f"{name}: killed by signal {code - 128}; the same command takes up where it left off"
    return f"{name}: ended with exit code {code}"
