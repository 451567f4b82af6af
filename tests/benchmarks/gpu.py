"""What a GPU makes of a training: its steps beside a PyTorch loop, its feeding, an epoch, and the time to a score.

    python -m tests.benchmarks.gpu [--data DIR]

The plain U-Net (16 filters, depth 4) is trained by `torch.compile` in bfloat16, channels last, on one batch that lies on the
card; by this toolkit on as little; and by it on drawn tiles that it gathers and flips there. An epoch is all of `train`'s,
on as many tiles as the competition has, a fifth of them to validate. With DIR the default network is trained for as many
epochs as two cores made of it in 20 minutes. Keras computes on what KERAS_BACKEND says. Without a GPU nothing is measured.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.competition import find_competition
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.run_directory import Run
from tests.benchmarks.children import children, serve
from tests.benchmarks.trained import train_split
from tests.benchmarks.turns import Row, installed, make_parser, not_measured, run, take_turns

TORCH = "PyTorch, torch.compile, bfloat16, channels last"
BARE, FED = "ours, the same on one batch", "ours, the same on tiles gathered and flipped"
DEFAULT = "ours, the default network, likewise"
EPOCH = "ours, an epoch"
CLAIMS = [(FED, TORCH, 0.95), (FED, BARE, 0.9), (DEFAULT, TORCH, None)]
SIDE = 256
TILES = 7647  # the competition's
TWO_CORES = 102  # epochs in 20 minutes, README.md
GIVES = "import sys; from kaggle_seg.network.machine import has_gpu; sys.exit(not has_gpu())"
# several frameworks on one card: none may take all of its memory
SHARE = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def dispatches(options: argparse.Namespace) -> int:
    """How many there are to a turn."""
    return 1 if options.quick else 3


def torch_compiled(options: argparse.Namespace) -> Callable[[], Any]:
    """The loop that one would write by hand."""
    import torch

    from tests.benchmarks.torch_unet import UNet

    device = "cuda" if torch.cuda.is_available() else "cpu"
    random = torch.rand((options.batch, 3, SIDE, SIDE), device=device).to(memory_format=torch.channels_last)
    masks = (random[:, :1] > 0.6).float()
    model = UNet().to(device, memory_format=torch.channels_last)
    optimizer, loss = torch.optim.Adam(model.parameters(), fused=device == "cuda"), torch.nn.BCEWithLogitsLoss()
    network = torch.compile(model) if device == "cuda" else model

    def steps() -> float:
        for _ in range(dispatches(options) * steps_a_dispatch()):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device, torch.bfloat16):
                logits = network(random)
            value = loss(logits.float(), masks)
            value.backward()
            optimizer.step()
        return float(value)  # waits for the card

    return steps


def ours(way: str) -> Callable[[argparse.Namespace], Callable[[], Any]]:
    """The toolkit's steps, as `train` takes them where the tiles lie on the card."""

    def make(options: argparse.Namespace) -> Callable[[], Any]:
        import keras

        from kaggle_seg.network import device_steps, machine, unet
        from kaggle_seg.network.losses import make_loss
        from kaggle_seg.network.trainer import make_optimizer
        from kaggle_seg.tiles.batches import Batches

        if way == BARE:
            device_steps.gathered = lambda tiles, places, symmetries: tiles[: places.shape[0]]
        random, count = np.random.default_rng(0), options.batch * dispatches(options) * device_steps.STEPS
        images = random.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
        settings = RunSettings(NetworkSettings() if way == DEFAULT else NetworkSettings(stem="full", depth=4))
        precision = machine.choose_precision("auto")
        model = unet.build(settings.network, SIDE, SIDE, precision)
        default = make_optimizer(settings.training, 10_000, precision)
        optimizer = default if way == DEFAULT else keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
        loss = make_loss(settings.training.loss if way == DEFAULT else "bce")
        batches = Batches(images, (images[..., 0] > 160).astype(np.uint8), np.arange(count), options.batch, seed=0)
        steps = device_steps.DeviceSteps(model, optimizer, loss, batches)
        return lambda: [losses for losses, _ in steps.epoch(1)]

    return make


def epoch(options: argparse.Namespace) -> Callable[[], Any]:
    """All of an epoch of `train`, on drawn tiles."""
    from tqdm import tqdm

    from kaggle_seg.network.backup import Progress
    from kaggle_seg.network.epochs import publish
    from kaggle_seg.network.trainer import Trainer, TrainingTiles
    from tests.benchmarks.epochs import draw_cache

    run, tiles = Run(Path(tempfile.mkdtemp())), tiles_of(options)
    images, masks = draw_cache(run.folder, tiles)
    split = tiles * 4 // 5
    ids, parts = [str(row) for row in range(tiles)], (np.arange(split), np.arange(split, tiles))
    trainer = Trainer(RunSettings(), TrainingTiles(images, masks, ids, *parts, find_competition()), Progress(epochs=1000))
    bar = tqdm(file=io.StringIO())

    def work() -> None:
        trainer.epoch(bar)
        trainer.save(run.folder / "backup")
        publish(run, trainer)

    return work


WAYS = {TORCH: torch_compiled, BARE: ours(BARE), FED: ours(FED), DEFAULT: ours(DEFAULT), EPOCH: epoch}


def tiles_of(options: argparse.Namespace) -> int:
    """How many there are to an epoch."""
    return 40 if options.quick else TILES


def steps_a_dispatch() -> int:
    from kaggle_seg.network.device_steps import STEPS

    return STEPS


def rows(options: argparse.Namespace) -> list[Row]:
    """Steps in turns, then the epoch, then the score."""
    options.batch = 2 if options.quick else options.batch
    operation, lasting, score = f"GPU: training step, batch {options.batch}", "GPU: an epoch", "GPU: to a score"
    if not options.quick and subprocess.run([sys.executable, "-c", GIVES], check=False).returncode:
        why = "there is no GPU here"
        claims = [not_measured(operation, way, why, against=against, wanted=wanted) for way, against, wanted in CLAIMS[:2]]
        return [*claims, not_measured(lasting, EPOCH, why), not_measured(score, DEFAULT, why)]
    os.environ.update(SHARE)
    rounds, words = 1 if options.quick else 9, ["--batch", options.batch, *(["--quick"] if options.quick else [])]
    ways = {way: ["--child", way, *words] for way in WAYS if way != EPOCH and (way != TORCH or installed("torch"))}
    with children("tests.benchmarks.gpu", ways) as ready:
        turns = take_turns(ready, rounds)
    tiles = dispatches(options) * steps_a_dispatch() * options.batch
    found = [turns.row(operation, way, turns.rate(way, tiles, "tiles")) for way in (TORCH, BARE) if way in ways]
    for way, against, wanted in CLAIMS:
        claim = {"against": against, "wanted": wanted}
        measured = against in ways
        figure = turns.rate(way, tiles, "tiles")
        found.append(turns.row(operation, way, figure, **claim) if measured else not_measured(operation, way, **claim))
    with children("tests.benchmarks.gpu", {EPOCH: ["--child", EPOCH, *words]}) as ready:
        seconds = take_turns(ready, rounds).median(EPOCH)
    found.append(
        Row(f"{lasting} of {tiles_of(options)} tiles, a fifth to validate", EPOCH, f"{60 / seconds:.1f} epochs a minute")
    )
    return [*found, to_the_score(options, score)]


def to_the_score(options: argparse.Namespace, operation: str) -> Row:
    """How long the default network takes for the epochs that two cores make in 20 minutes."""
    if not options.data:
        return not_measured(operation, DEFAULT, "needs --data DIR")
    with tempfile.TemporaryDirectory() as root:
        os.environ["KSEG_ROOT"] = root
        short = TrainingSettings(epochs=1, training_tiles=32) if options.quick else TrainingSettings(epochs=TWO_CORES)
        progress = train_split(options.data, "gpu", RunSettings(training=short))
    figure = f"{progress.seconds:.0f} s for {progress.epochs} epochs"
    return Row(operation, DEFAULT, figure, note=f"validation score at threshold 0.5: {progress.best_score:.3f}")


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table, or is one of its children."""
    parser = make_parser(__doc__)
    parser.add_argument("--batch", type=int, default=32, help="tiles in a step (default: 32)")
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if not options.child:
        return run(parser, rows, argv)
    serve(WAYS[options.child](options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
