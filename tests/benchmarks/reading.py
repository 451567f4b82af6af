"""How fast a tree of TIFF tiles becomes a cache, against reading it with `tifffile.imread` in a loop.

    python tests/benchmarks/reading.py --tiles 2000 --compression none

The tree is generated (half of the files images, half masks); the two ways take turns, and the ratio is the median of
the rounds'. The second start's time is that of `open_cache` on an unchanged tree.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from kaggle_seg.tiles.cache import open_cache

COMPRESSIONS = {"none": {}, "deflate": {"compression": "deflate", "predictor": True}, "lzw": {"compression": "lzw"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=2000, help="TIFF files in the tree (default: 2000)")
    parser.add_argument("--side", type=int, default=256, help="height and width of a tile (default: 256)")
    parser.add_argument("--compression", choices=COMPRESSIONS, default="none")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KSEG_ROOT"] = str(Path(folder) / "root")
        files = write_tree(Path(folder) / "tree", options.tiles, options.side, COMPRESSIONS[options.compression])
        measure(Path(folder), files, options.rounds)


def write_tree(root: Path, tiles: int, side: int, how: dict[str, object]) -> list[Path]:
    """Writes images with smooth and noisy parts, and masks of rectangles; a tenth of the images are test tiles."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 120, side, dtype=np.float32)
    test = max(1, tiles // 20)
    training = (tiles - test) // 2
    files = []
    for number in range(training + test):
        pixels = ramp[:, None, None] + ramp[None, :, None] * rng.random(3) + rng.normal(0, 4, (side, side, 3))
        name = f"train/images/img_{number}.tif" if number < training else f"test/test_image_{number - training}.tif"
        files.append(root / name)
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(files[-1], pixels.clip(0, 255).astype(np.uint8), photometric="rgb", **how)
        if number < training:
            mask = np.zeros((side, side), np.uint8)
            mask[side // 8 : side // 2, side // 4 : side // 4 + number % (side // 2)] = 255
            files.append(root / "train/masks" / f"mask_{number}.tif")
            files[-1].parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(files[-1], mask, **how)
    return files


def measure(folder: Path, files: list[Path], rounds: int) -> None:
    """Prints files per second of both ways, and the time of a second start."""

    def loop() -> None:
        for path in files:
            tifffile.imread(path)

    def build() -> None:
        open_cache(folder / "tree")

    ours, theirs, second = [], [], []
    build()  # imports, and the file system's cache
    for _ in range(rounds):
        shutil.rmtree(folder / "root")
        theirs.append(seconds(loop))
        ours.append(seconds(build))
        second.append(seconds(build))
    ratio = statistics.median(their / our for our, their in zip(ours, theirs, strict=True))
    print(f"{len(files)} files, median of {rounds} rounds:")
    print(f"  tifffile.imread loop   {len(files) / statistics.median(theirs):8.0f} files/s")
    print(f"  open_cache, first      {len(files) / statistics.median(ours):8.0f} files/s, ratio {ratio:.2f}")
    print(f"  open_cache, unchanged  {1000 * statistics.median(second):8.1f} ms")


def seconds(work: Callable[[], None]) -> float:
    """The time some work takes, begun when the disk is at rest."""
    if hasattr(os, "sync"):
        os.sync()
    time.sleep(0.2)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
