"""From a trained network to probability maps on disk, with test-time augmentation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from tqdm import tqdm

from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.network.engines import Predictor
from kaggle_seg.run_directory import shown
from kaggle_seg.tiles.batches import inverse, symmetries, transform, transform_image
from kaggle_seg.tiles.reading import ahead

Augmentation = Literal["none", "flips", "d4"]


def load_model(path: Path) -> keras.Model:
    """Loads a trained network in Keras's safe mode.

    Raises:
        BadInput: the file is no Keras model.
    """
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"{shown(path)}: cannot be loaded ({reason}); train again with --restart") from error


def augmentations(kind: Augmentation, height: int, width: int) -> tuple[int, ...]:
    """The flips and quarter turns (see `tiles.batches.transform`) whose predictions are averaged."""
    if kind == "none":
        return (0,)
    possible = symmetries(height, width)
    return possible if kind == "d4" else tuple(symmetry for symmetry in possible if symmetry % 2 == 0)


def probabilities(predictor: Predictor, images: np.ndarray, over: Sequence[int] = (0,)) -> np.ndarray:
    """Probability maps of a batch, averaged over flips and quarter turns.

    Args:
        predictor: the network, ready.
        images: uint8 (B, H, W, 3).
        over: symmetries, as `augmentations` gives.

    Returns:
        float32 (B, H, W) in [0, 1].
    """
    turned = (predictor.run(np.ascontiguousarray(transform_image(images, symmetry))) for symmetry in over)
    total = sum(transform(maps, inverse(symmetry)) for maps, symmetry in zip(turned, over, strict=True))
    return np.minimum(total / np.float32(len(over)) if len(over) > 1 else total, np.float32(1))


def predict_tiles(
    predictor: Predictor, images: np.ndarray, store: MapStore, rows: np.ndarray, kind: Augmentation = "d4"
) -> None:
    """Writes the probability maps that a store still misses, shard by shard; memory does not grow with the tiles.

    Args:
        predictor: the network, ready.
        images: uint8 (N, H, W, 3), memory-mapped.
        store: where the maps go.
        rows: int, the row of `images` for each tile of the store.
        kind: test-time augmentation.
    """
    over = augmentations(kind, store.height, store.width)
    missing = store.missing_shards()

    def maps_of(part: slice) -> tuple[np.ndarray, np.ndarray]:
        return quantise(probabilities(predictor, images[rows[part]], over))

    batches = [batches_of(shard, predictor.batch_size) for shard in missing]
    tiles = sum(shard.stop - shard.start for shard in missing)
    in_order = itertools.chain.from_iterable(batches)
    with tqdm(total=tiles, unit="tile", desc=store.folder.name, disable=None) as bar:
        results = ahead(maps_of, in_order, 2 * predictor.threads, predictor.threads)
        for shard, parts in zip(missing, batches, strict=True):
            maps = []
            for part, levels_and_sums in zip(parts, results, strict=False):
                maps.append(levels_and_sums)
                bar.update(part.stop - part.start)
            levels, sums = (np.concatenate(arrays) for arrays in zip(*maps, strict=True))
            store.write_shard(shard.start // store.shard, levels, sums)


def batches_of(tiles: slice, size: int) -> list[slice]:
    """A slice in parts of at most `size`."""
    return [slice(start, min(start + size, tiles.stop)) for start in range(tiles.start, tiles.stop, size)]
