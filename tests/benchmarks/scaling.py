"""Time per tile and peak memory of every stage, at 1000, 10 000 and 100 000 tiles: both should be flat.

    python -m tests.benchmarks.scaling [--tiles 1000 10000 100000] [--side 64]

The tiles are drawn, 64 to a scene, a fifth of them test tiles; the network is tiny. Each stage is a process of its own. Its
time is processor time, start-up included, for other work on the machine stretches that less than the clock's. Its memory is
what it holds for itself, sampled where the system tells (Linux): pages of memory-mapped files are counted apart, as they are
given back whenever something else needs the room. Ids, paths and what each tile scores are held; its pixels are not, and a
tile of 256 x 256 has 256 KiB of them with its mask.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.drawn_tiles import write_tiles
from tests.benchmarks.turns import Row, make_parser, number, run

SAMPLED = 0.01  # seconds between two looks at a process's memory
READ = "import sys, pathlib; from kaggle_seg.competition import find_competition; "
READ += "from kaggle_seg.tiles.cache import open_cache; open_cache(pathlib.Path(sys.argv[1]), find_competition())"
TRAIN = (
    "--epochs 1 --base-filters 2 --depth 1 --convs-per-level 1 --batch-size 16 --statistics-batches 1 --learning-rate 0.02"
)
FLOAT32 = ("--precision", "float32")
TIME = 1.5  # claimed: at most so many times as long a tile at the largest size as at the one before
MEMORY = 2.0  # claimed: at most so many KiB for each tile more


@dataclass(frozen=True)
class Cost:
    """What one stage took: processor seconds, seconds by the clock, and at its peak MiB of its own and with mapped files."""

    processor: float
    clock: float
    own: float
    resident: float


def stages(data: Path, folder: Path) -> dict[str, list[str]]:
    """The command of each stage, for the run `tiles` of the tiles in a folder; the last ones look at what came out."""

    def verb(name: str, *words: object) -> list[str]:
        return [sys.executable, "-m", f"kaggle_seg.{name}", *map(str, words)]

    csv = folder / "submissions" / "tiles.csv"
    return {
        "read": [sys.executable, "-c", READ, str(data)],
        "split": verb("split", "--data", data, "--run", "tiles"),
        "train": verb("train", "--run", "tiles", *TRAIN.split(), *FLOAT32),
        "predict": verb("predict", "tiles", "--tta", "none", *FLOAT32),
        "tune": verb("tune", "tiles"),
        "decide": verb("decide", "tiles"),
        "inspect": verb("inspect", csv),
        "inspect --html": verb("inspect", csv, "--html"),
        "summary": verb("summary", csv),
        "report": verb("report", "tiles"),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--tiles", type=int, nargs="+", default=[1000, 10_000, 100_000], help="how many, rising")
    parser.add_argument("--side", type=int, default=64, help="height and width of a tile (default: 64)")
    return run(parser, measure_sizes, argv)


def measure_sizes(options: argparse.Namespace) -> list[Row]:
    """Two rows a stage: its time per tile, and its memory."""
    sizes = [100, 300] if options.quick else options.tiles
    costs = [measure(tiles, options.side) for tiles in sizes]
    return [row for stage in costs[0] for row in rows_of(stage, sizes, [cost[stage] for cost in costs])]


def rows_of(stage: str, sizes: Sequence[int], costs: Sequence[Cost]) -> list[Row]:
    """The rows of one stage; the claims are about the largest size and the one before."""
    names = [f"{size:,}" for size in sizes]
    a_tile = [1000 * cost.processor / size for cost, size in zip(costs, sizes, strict=True)]
    own, mapped = [cost.own for cost in costs], ", ".join(number(cost.resident) for cost in costs)
    note, ratio, further, against = "", None, None, ""
    if len(sizes) > 1:
        more, against = sizes[-1] - sizes[-2], names[-2]
        note = f"each tile more {number(1000 * (costs[-1].processor - costs[-2].processor) / more)} ms"
        ratio, further = a_tile[-1] / a_tile[-2], 1024 * max(0.0, own[-1] - own[-2]) / more
    figures = [", ".join(map(number, numbers)) for numbers in (a_tile, own)]
    return [
        Row(
            f"{stage}: ms a tile",
            ", ".join(names),
            figures[0],
            against=against,
            ratio=ratio,
            wanted=TIME,
            at_most=True,
            note=f"{note}; {number(costs[-1].clock)} s by the clock".removeprefix("; "),
        ),
        Row(
            f"{stage}: peak MiB",
            ", ".join(names),
            f"{figures[1]}; each tile more {number(further or 0.0)} KiB",
            value=further,
            unit="KiB a tile more",
            wanted=MEMORY,
            at_most=True,
            note=f"mapped files included {mapped}",
        ),
    ]


def measure(tiles: int, side: int) -> dict[str, Cost]:
    """Draws the tiles and runs all stages on them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tiles(folder / "tree", tiles, side)
        # waiting threads of OpenBLAS spin, and a busy machine would count that as work
        environment = os.environ | {"KSEG_ROOT": str(folder), "OPENBLAS_NUM_THREADS": "1"}
        costs = {}
        for stage, command in stages(folder / "tree", folder).items():
            costs[stage] = cost = cost_of(command, environment)
            print(f"{tiles:,} tiles, {stage}: {cost.clock:.1f} s, {cost.own:.0f} MiB", file=sys.stderr, flush=True)
        return costs


def cost_of(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Runs a command, its output thrown away, and watches it.

    Raises:
        SystemExit: it failed; with what it said.
    """
    own = resident = 0.0
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            held = memory_of(process.pid)
            own, resident = max(own, held[0]), max(resident, held[1])
            time.sleep(SAMPLED)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{said.read().decode(errors='replace')}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    resident = resident or after.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Cost(processor, time.perf_counter() - started, own or resident, resident)


def memory_of(process: int) -> tuple[float, float]:
    """The MiB that a process holds for itself, and the most it held with mapped files; 0 where that is not told."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0, 0.0
    facts = dict(line.split(":", 1) for line in lines)
    return (
        int(facts.get("RssAnon", "0").split()[0]) / 1024,
        int(facts.get("VmHWM", "0").split()[0]) / 1024,
    )


if __name__ == "__main__":
    sys.exit(main())
