"""What it costs to train with the same bits on every start, and whether the bits are the same.

    python -m tests.benchmarks.reproducible [--rounds 3] [--steps 40]

Trains the default network on noise in fresh processes, in turn with one operation at a time (as `train` does) and with
TensorFlow's own choice; prints the median time of a step, the ratio within each round, and how many of the processes
ended with the weights that most of them have.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import subprocess
import sys
import time
from collections import Counter

WAYS = ("one at a time", "TensorFlow's choice")


def train(way: str, steps: int) -> None:
    """Prints the median seconds of a step, and a hash of the weights they lead to."""
    import keras
    import numpy as np

    from kaggle_seg.config import RunSettings
    from kaggle_seg.network import machine, unet
    from kaggle_seg.network.losses import make_loss
    from kaggle_seg.network.steps import tensorflow_step
    from kaggle_seg.network.trainer import make_optimizer

    if way == WAYS[0]:
        machine.make_reproducible()
    keras.utils.set_random_seed(0)
    settings, random, precision = RunSettings(), np.random.default_rng(0), machine.choose_precision("auto")
    model = unet.build(settings.network, 256, 256, precision)
    optimizer = make_optimizer(settings.training, 1000, precision)
    optimizer.build(model.trainable_variables)
    step = tensorflow_step(model, optimizer, make_loss(settings.training.loss))
    images = random.integers(0, 256, (8, 256, 256, 3), np.uint8)
    masks = (images[..., :1] > 128).astype(np.uint8)
    seconds = []
    for _ in range(steps):
        started = time.perf_counter()
        float(step(images, masks))
        seconds.append(time.perf_counter() - started)
    weights = b"".join(values.tobytes() for values in model.get_weights())
    print(statistics.median(seconds[3:]), hashlib.sha256(weights).hexdigest())


def main() -> int:
    """Lets the ways take turns and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--child", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        train(options.child, options.steps)
        return 0
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    hashes: dict[str, list[str]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            command = [sys.executable, "-m", "tests.benchmarks.reproducible", "--child", way, "--steps", str(options.steps)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            seconds[way].append(float(told[0]))
            hashes[way].append(told[1])
    print("| operations | ms a step | times as long | processes with the same weights |\n|---|---|---|---|")
    for way in WAYS:
        ratio = statistics.median(mine / usual for mine, usual in zip(seconds[way], seconds[WAYS[1]], strict=True))
        same = Counter(hashes[way]).most_common(1)[0][1]
        print(f"| {way} | {1000 * statistics.median(seconds[way]):.0f} | {ratio:.3f} | {same} of {options.rounds} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
