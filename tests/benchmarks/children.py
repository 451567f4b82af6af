"""Ways that need a process of their own: their frameworks' threads and settings must not meet.

The parent starts them all, each makes ready and warms up, and then they work in turns: a line to a child's stdin is one
turn, and the answer is the seconds that it took, so that no start and no tracing is ever counted.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

READY = "ready"


@contextlib.contextmanager
def children(module: str, ways: Mapping[str, Sequence[object]]) -> Iterator[dict[str, Callable[[], float]]]:
    """Starts a child for each way and ends them all.

    Args:
        module: what to run; with the words of a way it must end up in `serve`.
        ways: the words on each child's command line.

    Yields:
        For each way a function of one turn, which returns its seconds.
    """
    with contextlib.ExitStack() as stack:
        turns = {}
        for way, words in ways.items():
            command = [sys.executable, "-m", module, *map(str, words)]
            said = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True)
            stack.enter_context(child)
            stack.callback(child.terminate)
            turns[way] = functools.partial(turn, way, child, said)
            wait_for(READY, way, child, said)
        yield turns


def turn(way: str, child: subprocess.Popen[str], said: IO[str]) -> float:
    """One turn of a child, in seconds."""
    assert child.stdin
    child.stdin.write("\n")
    child.stdin.flush()
    return float(wait_for("seconds", way, child, said))


def wait_for(answer: str, way: str, child: subprocess.Popen[str], said: IO[str]) -> str:
    """Reads up to a child's answer.

    Raises:
        RuntimeError: the child ended instead; with the end of what it said on stderr.
    """
    assert child.stdout
    for line in child.stdout:
        name, _, value = line.strip().partition(" ")
        if name == answer:
            return value
    said.seek(0)
    raise RuntimeError(f"{way}: ended with exit code {child.wait()}\n{said.read()[-2000:]}")


def serve(work: Callable[[], Any], warm_up: int = 2) -> None:
    """A child's part: works once for each line on stdin."""
    for _ in range(warm_up):
        work()
    print(READY, flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        work()
        print(f"seconds {time.perf_counter() - started}", flush=True)
