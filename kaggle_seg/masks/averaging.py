"""Ensembles: the probability maps of several runs, averaged tile by tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import LEVELS, MapStore, quantise
from kaggle_seg.output import shown


@dataclass(frozen=True)
class AveragedMaps:
    """The mean of several stores' maps, read like one store.

    Attributes:
        stores: maps of the same tiles in the same order.
    """

    stores: tuple[MapStore, ...]

    @property
    def ids(self) -> list[str]:
        return self.stores[0].ids

    @property
    def stems(self) -> list[str]:
        return self.stores[0].stems

    @property
    def height(self) -> int:
        return self.stores[0].height

    @property
    def width(self) -> int:
        return self.stores[0].width

    def shards(self) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Each shard in turn, as `MapStore.shards` gives them."""
        for parts in zip(*(store.shards() for store in self.stores), strict=True):
            total = np.zeros(parts[0][1].shape, np.float32)
            for _, levels, sums in parts:
                total += restored(levels, sums)
            yield parts[0][0], *quantise(total / np.float32(len(parts)))


Maps = MapStore | AveragedMaps


def average(stores: Sequence[MapStore]) -> Maps:
    """The maps of one store as they are, of several averaged.

    Raises:
        BadInput: the stores are of other tiles, or of tiles of other size; naming those that differ from the first.
    """
    first, *others = stores
    problems = []
    for store in others:
        if (store.ids, store.stems) != (first.ids, first.stems):
            apart = len(set(store.ids) ^ set(first.ids))
            difference = (
                f"{apart} ids are in one of the two only" if apart else "the ids come in another order or under other names"
            )
            problems.append(
                f"{shown(store.folder)}: not the tiles of {shown(first.folder)} ({difference}); only runs with the same "
                "data and split can be averaged"
            )
        elif (store.height, store.width, store.shard) != (first.height, first.width, first.shard):
            problems.append(
                f"{shown(store.folder)}: maps of {store.width}x{store.height} pixels, {store.shard} to a shard, but "
                f"{first.width}x{first.height}, {first.shard} to a shard, in {shown(first.folder)}"
            )
    if problems:
        raise BadInput(problems)
    return AveragedMaps(tuple(stores)) if others else first


def restored(levels: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Probabilities again: each level becomes the mean of the probabilities that were rounded to it in that tile.

    The middle of the level would do for the mask, but not for expectations: most pixels are background far nearer to 0 than
    to 1/512, and 60 000 of them at 1/512 would be 117 pixels of building that nobody predicted.

    Args:
        levels: uint8 (N, H, W).
        sums: float32 (N, 256), see `masks.maps`.

    Returns:
        float32 (N, H, W) in [0, 1]; rounding it again gives `levels`.
    """
    lowest = np.arange(LEVELS) / LEVELS
    probabilities = np.empty(levels.shape, np.float32)
    for tile, (tile_levels, tile_sums) in enumerate(zip(levels, sums, strict=True)):
        counts = np.bincount(tile_levels.ravel(), minlength=LEVELS)
        means = tile_sums / np.maximum(counts, 1)
        # the sums' own rounding must not push a mean out of its level; only the last reaches its upper end
        highest = np.append(np.nextafter(lowest[1:].astype(np.float32), np.float32(0)), 1)
        probabilities[tile] = np.clip(means, lowest, highest).astype(np.float32)[tile_levels]
    return probabilities
