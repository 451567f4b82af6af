"""How long one waits: for the first training step, against `import tensorflow`; and for a command's help.

    python -m tests.benchmarks.startup [--tiles 300]

`python -m kaggle_seg.train` runs as a person runs it, in a terminal (Linux and macOS), where its progress bar tells of each
step the moment it is done: the clock stops when `1/37 [... step` appears, and the training is killed. Each turn begins with
nothing but generated tiles and the split: every file is read and checked, the cache built, the network made and traced.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kaggle_seg.errors import Failure
from kaggle_seg.synthetic.demo_tiles import DemoTiles, write_demo
from tests.benchmarks.turns import Row, installed, make_parser, not_measured, number, run, take_turns, timed

FIRST_STEP = re.compile(rb"\b1/\d+ \[[^\]]*step")
RUN, ROUNDS, HELPS = "startup", 7, ("submit", "inspect")
IMPORT, STEP = "import tensorflow", "kaggle_seg.train, to the end of its first step"
OPERATION, MOST = "start of a training ({} tiles, no cache)", 3.5


def rows(options: argparse.Namespace) -> list[Row]:
    """The first step, and the help of the commands that need no TensorFlow."""
    tiles, rounds = (12, 2) if options.quick else (options.tiles, ROUNDS)
    return [*first_step(tiles, rounds), *helps(rounds)]


def first_step(tiles: int, rounds: int) -> list[Row]:
    """From the shell to the end of the first step, in turns with the import."""
    operation = OPERATION.format(tiles)
    if os.name == "nt":
        return [not_measured(operation, STEP, "needs a terminal of Unix", against=IMPORT, wanted=MOST, at_most=True)]
    with tempfile.TemporaryDirectory() as folder:
        data, root = Path(folder) / "data", Path(folder) / "root"
        write_demo(data, DemoTiles(training=tiles, test=max(1, tiles // 5)))
        environment = {**os.environ, "KSEG_ROOT": str(root)}
        split = [sys.executable, "-m", "kaggle_seg.split", "--data", str(data), "--run", RUN]
        subprocess.run(split, env=environment, capture_output=True, check=True)
        as_split = root.rename(Path(folder) / "as-split")
        shutil.rmtree(as_split / "runs" / ".cache")

        def train() -> float:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(as_split, root)
            return seconds_until(FIRST_STEP, [sys.executable, "-m", "kaggle_seg.train", "--run", RUN], environment)

        turns = take_turns({IMPORT: call("-c", IMPORT), STEP: train}, rounds)
    note = "both import scikit-learn, as Keras does where a peer has brought it" if installed("sklearn") else ""
    return [
        turns.row(operation, IMPORT),
        turns.row(operation, STEP, against=IMPORT, wanted=MOST, at_most=True, note=note),
    ]


def seconds_until(sign: re.Pattern[bytes], command: Sequence[str], environment: dict[str, str]) -> float:
    """Starts a command in a terminal of its own, and kills it when it says what is waited for.

    Returns:
        The seconds from its start until then.

    Raises:
        Failure: it ended without saying so.
    """
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 200))
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, process_group=0)
    os.close(theirs)
    said = b""
    try:
        while not sign.search(said):
            said += read(ours)
        return time.perf_counter() - started
    except EOFError as error:
        raise Failure(f"{' '.join(command[1:])} ended too early:\n{said.decode(errors='replace')}") from error
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)


def read(terminal: int) -> bytes:
    """What was written to a terminal.

    Raises:
        EOFError: nothing will be any more; macOS tells it by an end of file, Linux by an error.
    """
    try:
        said = os.read(terminal, 1 << 16)
    except OSError:
        said = b""
    if not said:
        raise EOFError
    return said


def helps(rounds: int) -> list[Row]:
    """The help of some commands."""
    ways = {f"{verb} --help": call("-m", f"kaggle_seg.{verb}", "--help") for verb in HELPS}
    turns = take_turns(ways, rounds)
    medians = {way: turns.median(way) for way in ways}
    return [
        Row("help", way, f"{number(seconds)} s", value=seconds, unit="s", wanted=0.3, at_most=True)
        for way, seconds in medians.items()
    ]


def call(*words: str) -> Callable[[], float]:
    """Python in a process of its own, as a way."""
    return timed(lambda: subprocess.run([sys.executable, *words], capture_output=True, check=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--tiles", type=int, default=300, help="generated training tiles (default: 300)")
    return run(parser, rows, argv)


if __name__ == "__main__":
    sys.exit(main())
