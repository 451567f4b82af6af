"""The network this project started from, trained as tutorials train it: what every improvement is measured against.

    python -m tests.benchmarks.baseline --data DIR --csv submissions/baseline.csv --minutes 20

A 16-filter U-Net, Keras's own BatchNormalization, float32, binary cross-entropy, Adam, a random tenth of the tiles to look
at, the last epoch's weights, threshold 0.5. Tiles are flipped and turned as in `train`, so that it differs from the default
in no augmentation. With --minutes it stops after the epoch during which they end.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kaggle_seg.competition import find_competition
from kaggle_seg.masks import rle
from kaggle_seg.submission.table import write_submission
from kaggle_seg.tiles.batches import Batches
from kaggle_seg.tiles.cache import open_cache

COMPETITION = find_competition()

FILTERS, DEPTH, BATCH_SIZE, SEED = 16, 4, 8, 0


def convolutions(features: Any, filters: int) -> Any:
    """Twice convolution, normalisation, ReLU."""
    for _ in range(2):
        features = keras.layers.Conv2D(filters, 3, padding="same")(features)
        features = keras.layers.BatchNormalization()(features)
        features = keras.layers.ReLU()(features)
    return features


def unet(height: int, width: int) -> keras.Model:
    """The U-Net of the tutorials."""
    images = keras.Input((height, width, 3))
    features, skips = images, []
    for level in range(DEPTH):
        features = convolutions(features, FILTERS << level)
        skips.append(features)
        features = keras.layers.MaxPooling2D()(features)
    features = convolutions(features, FILTERS << DEPTH)
    for level in reversed(range(DEPTH)):
        features = keras.layers.Conv2DTranspose(FILTERS << level, 2, strides=2)(features)
        features = convolutions(keras.layers.Concatenate()([features, skips[level]]), FILTERS << level)
    return keras.Model(images, keras.layers.Conv2D(1, 1, activation="sigmoid")(features))


def main() -> int:
    """Trains, predicts the test tiles, and writes the CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--csv", type=Path, required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="stop after the epoch in which they end")
    length.add_argument("--epochs", type=int)
    parser.add_argument("--steps", type=int, help="steps in an epoch; all by default (to time a few)")
    options = parser.parse_args()
    keras.utils.set_random_seed(SEED)
    cache = open_cache(options.data, find_competition())
    order = np.random.default_rng(SEED).permutation(len(cache.training.ids))
    assert cache.training.masks is not None
    rows = np.sort(order[len(order) // 10 :])
    batches = Batches(cache.training.images, cache.training.masks, rows, BATCH_SIZE, SEED)
    model = unet(cache.height, cache.width)
    model.compile("adam", "binary_crossentropy")
    started, epoch = time.monotonic(), 0
    while epoch < (options.epochs or sys.maxsize) and time.monotonic() - started < 60 * (options.minutes or 1e9):
        epoch += 1
        losses = []
        for images, masks, _ in batches.epoch(epoch):
            losses.append(model.train_on_batch(images.astype(np.float32) / 255, masks.astype(np.float32)))
            if options.steps and len(losses) == options.steps:
                break
        print(f"epoch {epoch}: loss {np.mean(losses):.4f}, {time.monotonic() - started:.0f} s", flush=True)
    masks = [
        model.predict_on_batch(cache.test.images[first : first + 16].astype(np.float32) / 255)[..., 0] >= 0.5
        for first in range(0, len(cache.test.ids), 16)
    ]
    write_submission(
        options.csv, cache.test.stems, rle.encode(np.concatenate(masks)), cache.height, cache.width, COMPETITION
    )
    print(f"{epoch} epochs; {options.csv}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
