"""From a trained network to probability maps on disk, with test-time augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from scipy.special import expit
from tqdm import tqdm

from kaggle_seg.config import NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.network import unet
from kaggle_seg.runs import shown
from kaggle_seg.tiles.batches import elements, inverse, transform, transform_image

Augmentation = Literal["none", "flips", "d4"]
BATCH_SIZE = 16


def load_model(path: Path, network: NetworkSettings, precision: str) -> keras.Model:
    """Loads a trained network in Keras's safe mode, to compute in the precision that suits this machine.

    Args:
        path: the `.keras` file.
        network: the settings it was built with.
        precision: what its layers are to compute in; see `machine.choose_precision`.

    Raises:
        BadInput: the file is no Keras model, or is one of other settings.
    """
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        trained_in = model.get_layer("bottleneck_conv0").compute_dtype
    except (ValueError, OSError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"{shown(path)}: cannot be loaded ({reason}); train again with --restart") from error
    if trained_in == keras.DTypePolicy(precision).compute_dtype:
        return model
    _, height, width, _ = model.input_shape
    suited = unet.build(network, height, width, precision)
    try:
        suited.set_weights(model.get_weights())
    except ValueError as error:
        raise BadInput(
            f"{shown(path)}: its weights do not fit the settings in run.toml; train again with --restart"
        ) from error
    return suited


def augmentations(kind: Augmentation, height: int, width: int) -> tuple[int, ...]:
    """The flips and quarter turns (see `tiles.batches.transform`) whose predictions are averaged."""
    if kind == "none":
        return (0,)
    possible = elements(height, width)
    return possible if kind == "d4" else tuple(element for element in possible if element % 2 == 0)


def probabilities(model: keras.Model, images: np.ndarray, over: Sequence[int] = (0,)) -> np.ndarray:
    """Probability maps of a batch, averaged over flips and quarter turns.

    Args:
        model: from images uint8 (B, H, W, 3) to logits (B, H, W, 1).
        images: uint8 (B, H, W, 3).
        over: elements, as `augmentations` gives.

    Returns:
        float32 (B, H, W) in [0, 1].
    """
    total = np.zeros(images.shape[:3], np.float32)
    for element in over:
        logits = model.predict_on_batch(np.ascontiguousarray(transform_image(images, element)))
        total += transform(expit(logits[..., 0]), inverse(element))
    return np.minimum(total / len(over), 1.0)


def predict_tiles(
    model: keras.Model, images: np.ndarray, store: MapStore, rows: np.ndarray, kind: Augmentation = "d4"
) -> None:
    """Writes the probability maps that a store still misses, shard by shard; memory does not grow with the tiles.

    Args:
        model: the network.
        images: uint8 (N, H, W, 3), memory-mapped.
        store: where the maps go.
        rows: int, the row of `images` for each tile of the store.
        kind: test-time augmentation.
    """
    over = augmentations(kind, store.height, store.width)
    missing = store.missing_shards()
    tiles = sum(shard.stop - shard.start for shard in missing)
    with tqdm(total=tiles, unit="tile", desc=store.folder.name, disable=None) as bar:
        for shard in missing:
            maps = []
            for start in range(shard.start, shard.stop, BATCH_SIZE):
                part = rows[start : min(start + BATCH_SIZE, shard.stop)]
                maps.append(quantise(probabilities(model, images[part], over)))
                bar.update(len(part))
            levels, sums = (np.concatenate(arrays) for arrays in zip(*maps, strict=True))
            store.write_shard(shard.start // store.shard, levels, sums)
