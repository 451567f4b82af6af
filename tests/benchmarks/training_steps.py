"""How long a training step takes: the plain U-Net and the default network, beside Keras as it is taught and PyTorch.

    python -m tests.benchmarks.training_steps

The plain U-Net has 16 filters, depth 4, two convolutions a level. Keras as taught: its own BatchNormalization, float32, no
XLA. All plain networks minimise binary cross-entropy with Adam, on one batch of 256x256 tiles in memory; the default network
is trained as `train` does, with its loss, AdamW, clipping and averaging. Each has a process of its own, in which it is warm.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kaggle_seg.config import Loss, NetworkSettings, RunSettings
from tests.benchmarks.children import children, serve
from tests.benchmarks.turns import Row, installed, make_parser, not_measured, run, take_turns

TAUGHT, PLAIN, DEFAULT = "Keras as taught", "ours, the same plain U-Net", "ours, the default network"
TORCH = "PyTorch eager, bfloat16, channels last"
WANTED = {PLAIN: 2.15, DEFAULT: 3.5}
SIDE, STEPS = 256, 3
Make = Callable[[int], Callable[[], Any]]


def batch(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (B, 256, 256, 3) and masks uint8 0/1 (B, 256, 256, 1)."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (size, SIDE, SIDE, 3), np.uint8)
    return images, (images[..., :1] > 160).astype(np.uint8)


def taught(size: int) -> Callable[[], Any]:
    """The network of the tutorials."""
    from tests.benchmarks import baseline

    images, masks = (array.astype(np.float32) for array in batch(size))
    model = baseline.unet(SIDE, SIDE)
    model.compile("adam", "binary_crossentropy")
    return lambda: model.train_on_batch(images / 255, masks)


def plain(size: int) -> Callable[[], Any]:
    """The same network as this toolkit builds it, trained alike."""
    import keras

    from kaggle_seg.network.machine import make_reproducible

    make_reproducible()
    return ours(size, NetworkSettings(stem="full", depth=4), keras.optimizers.Adam(), "bce")


def default(size: int) -> Callable[[], Any]:
    """The default network, as `train` trains it."""
    from kaggle_seg.network.machine import choose_precision, make_reproducible
    from kaggle_seg.network.trainer import make_optimizer

    make_reproducible()
    settings = RunSettings()
    optimizer = make_optimizer(settings.training, 1000, choose_precision("auto"))
    return ours(size, settings.network, optimizer, settings.training.loss)


def ours(size: int, network: NetworkSettings, optimizer: Any, loss: Loss) -> Callable[[], Any]:
    """The toolkit's own step."""
    from kaggle_seg.network import machine, unet
    from kaggle_seg.network.losses import make_loss
    from kaggle_seg.network.steps import tensorflow_step

    model = unet.build(network, SIDE, SIDE, machine.choose_precision("auto"))
    optimizer.build(model.trainable_variables)
    step, (images, masks) = tensorflow_step(model, optimizer, make_loss(loss)), batch(size)
    return lambda: float(step(images, masks))


def torch_eager(size: int) -> Callable[[], Any]:
    """The same network in PyTorch, trained alike."""
    import torch

    from tests.benchmarks.torch_unet import UNet

    arrays = (torch.from_numpy(array.transpose(0, 3, 1, 2).astype(np.float32)) for array in batch(size))
    images, masks = (array.to(memory_format=torch.channels_last) for array in arrays)
    model = UNet().to(memory_format=torch.channels_last)
    optimizer, loss = torch.optim.Adam(model.parameters()), torch.nn.BCEWithLogitsLoss()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(images / 255)
        loss(logits.float(), masks).backward()
        optimizer.step()

    return step


WAYS: dict[str, Make] = {TAUGHT: taught, PLAIN: plain, DEFAULT: default, TORCH: torch_eager}


def rows(options: argparse.Namespace) -> list[Row]:
    """All ways in turns, for each batch size."""
    found = []
    for size in (2,) if options.quick else (8, 16):
        found += of_batch(size, 1 if options.quick else 8)
    return found


def of_batch(size: int, rounds: int) -> list[Row]:
    """The rows of one batch size."""
    operation = f"training step, batch {size}"
    ways = {way: ["--child", way, "--batch", size] for way in WAYS if way != TORCH or installed("torch")}
    with children("tests.benchmarks.training_steps", ways) as ready:
        turns = take_turns(ready, rounds)
    found = [turns.row(operation, TAUGHT, turns.rate(TAUGHT, size * STEPS, "tiles"))]
    for way in (PLAIN, DEFAULT):
        figure = turns.rate(way, size * STEPS, "tiles")
        found.append(turns.row(operation, way, figure, against=TAUGHT, wanted=WANTED[way]))
    if TORCH not in ways:
        return [*found, not_measured(operation, PLAIN, against=TORCH, wanted=1.15)]
    found.append(turns.row(operation, TORCH, turns.rate(TORCH, size * STEPS, "tiles")))
    return [*found, turns.row(operation, PLAIN, turns.rate(PLAIN, size * STEPS, "tiles"), against=TORCH, wanted=1.15)]


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table, or is one of its children."""
    parser = make_parser(__doc__)
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=8, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if not options.child:
        return run(parser, rows, argv)
    step = WAYS[options.child](options.batch)
    serve(lambda: [step() for _ in range(STEPS)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
