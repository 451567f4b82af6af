"""What an epoch of `train` costs over the bare steps: flips, averaging, validation, scores, backup, curves, progress.

    python -m tests.benchmarks.epochs [--tiles 3000]

Ours is all that `kaggle_seg.train` does from one epoch's first step to the next one's, on a memory-mapped cache of drawn
tiles, four fifths to train on. Bare is as many training steps on one batch in memory, and as many forward passes as it
takes to predict the validation tiles. Both use the default network, the same compiled model and the same precision.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kaggle_seg.competition import find_competition
from kaggle_seg.config import RunSettings
from kaggle_seg.run_directory import Run
from tests.benchmarks.turns import Row, make_parser, run, take_turns, timed

SIDE = 256
PARTS = ("epoch", "save", "publish", "curves")


def draw_cache(folder: Path, tiles: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (N, 256, 256, 3) and masks uint8 0/1 (N, 256, 256), memory-mapped as the cache is."""
    random = np.random.default_rng(0)
    images, masks = (
        np.lib.format.open_memmap(folder / name, "w+", np.uint8, shape)
        for name, shape in (("images.npy", (tiles, SIDE, SIDE, 3)), ("masks.npy", (tiles, SIDE, SIDE)))
    )
    for tile in range(tiles):
        images[tile] = random.integers(0, 256, (SIDE // 8, SIDE // 8, 3)).repeat(8, 0).repeat(8, 1)
        masks[tile] = images[tile, ..., 0] > 160
    return tuple(np.load(folder / name, mmap_mode="r") for name in ("images.npy", "masks.npy"))  # type: ignore[return-value]


def rows(options: argparse.Namespace) -> list[Row]:
    """An epoch of ours beside the bare work in it, and where the rest goes."""
    from kaggle_seg.network import epochs, machine
    from kaggle_seg.network.backup import Progress
    from kaggle_seg.network.losses import make_loss
    from kaggle_seg.network.steps import running_step
    from kaggle_seg.network.trainer import Trainer, TrainingTiles
    from kaggle_seg.pages.curves import draw_learning_curves

    machine.make_reproducible()
    tiles, rounds = (40, 1) if options.quick else (options.tiles, 3)
    with tempfile.TemporaryDirectory() as name:
        run = Run(Path(name))
        images, masks = draw_cache(run.folder, tiles)
        split = tiles * 4 // 5
        ids, parts = [str(row) for row in range(tiles)], (np.arange(split), np.arange(split, tiles))
        trainer = Trainer(
            RunSettings(), TrainingTiles(images, masks, ids, *parts, find_competition()), Progress(epochs=1000)
        )
        curves, bar = run.folder / "learning-curves.svg", tqdm(total=None, file=io.StringIO())
        work = {
            "epoch": lambda: trainer.epoch(bar),
            "save": lambda: trainer.save(run.folder / "backup"),
            "publish": lambda: epochs.publish(run, trainer),
            "curves": lambda: draw_learning_curves(trainer.progress.history, run.name, curves),
        }
        spent: dict[str, list[float]] = {part: [] for part in PARTS}

        def ours() -> float:
            for part in PARTS:
                spent[part].append(timed(work[part])())
            return sum(seconds[-1] for seconds in spent.values())

        def bare() -> None:
            with running() as step:
                for _ in range(len(trainer.batches)):
                    float(step(first_images, first_masks))
            for _ in range(0, tiles - split, len(first_images) * 2):
                trainer.averaged.predict_on_batch(two_batches)

        running = running_step(trainer.model, trainer.optimizer, make_loss(trainer.settings.training.loss))
        first_images, first_masks, _ = next(trainer.batches.epoch(1))
        two_batches = np.concatenate([first_images] * 2)
        turns = take_turns({"bare": timed(bare), "kaggle_seg.train": ours}, rounds)
    what = f"an epoch of {split} tiles, {tiles - split} to validate"
    shares = ", ".join(f"{part} {np.median(seconds[1:]):.2f} s" for part, seconds in spent.items())
    return [turns.row(what, "bare"), turns.row(what, "kaggle_seg.train", against="bare", wanted=0.95, note=shares)]


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--tiles", type=int, default=3000, help="training and validation tiles together (default: 3000)")
    return run(parser, rows, argv)


if __name__ == "__main__":
    sys.exit(main())
