"""How fast a tree of TIFF tiles becomes a cache, against reading it with `tifffile.imread` in a loop.

    python -m tests.benchmarks.reading [--files 8881] [--compression none]

The tree is generated; a tenth of its images are test tiles, the others have masks. It is in the system's file cache before
anything is timed; each turn begins with no cache of ours and the disk at rest. The second start is `open_cache` on the
unchanged tree.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from kaggle_seg.competition import find_competition
from kaggle_seg.tiles.cache import open_cache
from tests.benchmarks.turns import Row, make_parser, number, run, take_turns, timed

COMPRESSIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "deflate": {"compression": "deflate", "predictor": True},
    "lzw": {"compression": "lzw"},
}
ROUNDS = 7
LOOP, FIRST, SECOND = "tifffile.imread in a loop", "open_cache", "open_cache, second start"


def write_tree(root: Path, count: int, side: int, how: dict[str, Any]) -> list[Path]:
    """Writes images with smooth and noisy parts, and masks of rectangles; about a tenth of the images are test tiles."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 120, side, dtype=np.float32)
    training = (count - max(1, count // 20)) // 2
    files = []
    for image in range(count - training):
        pixels = ramp[:, None, None] + ramp[None, :, None] * rng.random(3) + rng.normal(0, 4, (side, side, 3))
        name = f"train/images/img_{image}.tif" if image < training else f"test/test_image_{image - training}.tif"
        files.append(root / name)
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(files[-1], pixels.clip(0, 255).astype(np.uint8), photometric="rgb", **how)
        if image < training:
            mask = np.zeros((side, side), np.uint8)
            mask[side // 8 : side // 2, side // 4 : side // 4 + image % (side // 2)] = 255
            files.append(root / "train/masks" / f"mask_{image}.tif")
            files[-1].parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(files[-1], mask, **how)
    return files


def rows(options: argparse.Namespace) -> list[Row]:
    """Both ways in turns, and after each of ours a second start."""
    count, rounds = (100, 2) if options.quick else (options.files, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        tree, root = Path(folder) / "tree", Path(folder) / "root"
        os.environ["KSEG_ROOT"] = str(root)
        files = write_tree(tree, count, options.side, COMPRESSIONS[options.compression])
        second: list[float] = []

        def loop() -> float:
            rest()
            return timed(lambda: [tifffile.imread(path) for path in files])()

        def build() -> float:
            shutil.rmtree(root, ignore_errors=True)
            rest()
            seconds = timed(lambda: open_cache(tree, find_competition()))()
            second.append(timed(lambda: open_cache(tree, find_competition()))())
            return seconds

        turns = take_turns({LOOP: loop, FIRST: build}, rounds)
    operation = f"{count} TIFFs, compression {options.compression}"
    again = statistics.median(second[1:])  # the first one is of the warm-up
    return [
        turns.row(operation, LOOP, turns.rate(LOOP, count, "files")),
        turns.row(operation, FIRST, turns.rate(FIRST, count, "files"), LOOP, wanted=1.8),
        Row(operation, SECOND, f"{number(again)} s", value=again, unit="s", wanted=0.5, at_most=True),
    ]


def rest() -> None:
    """Waits until the disk has what was written."""
    if hasattr(os, "sync"):
        os.sync()
    time.sleep(0.2)


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--files", type=int, default=8881, help="TIFF files in the tree (default: 8881)")
    parser.add_argument("--side", type=int, default=256, help="height and width of a tile (default: 256)")
    parser.add_argument("--compression", choices=COMPRESSIONS, default="none")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return run(parser, rows, argv)


if __name__ == "__main__":
    sys.exit(main())
