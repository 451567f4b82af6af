"""Probability maps on disk: 256 levels a pixel, and what rounding to them would lose.

A store is a folder: `ids.json` says which tiles it is for, then each shard of 128 tiles has two arrays:

    levels-0000.npy   uint8 (n, H, W)      level = floor(256 p), capped at 255: `level >= k` is exactly `p >= k / 256`
    sums-0000.npy     float32 (n, 256)     sum of the unrounded probabilities of a tile's pixels, for each level

The sums give expectations (how many building pixels lie above a cut) without the rounding, which matters near 0 and 1.
A shard counts once both arrays are there; each is renamed into place, so that a kill costs at most one shard.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.errors import BadInput
from kaggle_seg.output import read_json, shown, write_atomic, write_json

Shard = tuple[slice, np.ndarray, np.ndarray]
"""A shard's tiles, their levels, uint8 (n, H, W), and their sums, float32 (n, 256)."""

LEVELS = 256
BINS = 8
INDEX = "ids.json"
REMEDY = "make the maps with: python -m kaggle_seg.predict"


def quantise(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rounds probability maps down to 256 levels and keeps the sums that the rounding would lose.

    Args:
        probabilities: float (N, H, W) in [0, 1].

    Returns:
        Levels, uint8 (N, H, W), and the sums of unrounded probabilities per tile and level, float32 (N, 256).

    Raises:
        ValueError: a value is outside [0, 1] or not a number.

    >>> levels, sums = quantise(np.array([[[0.0, 0.5, 0.501, 1.0]]], np.float32))
    >>> levels.tolist(), round(float(sums[0, 128]), 3)
    ([[[0, 128, 128, 255]]], 1.001)
    """
    probabilities = np.asarray(probabilities)
    if probabilities.size and not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise ValueError("probabilities must lie in [0, 1] and be numbers")
    levels = np.empty(probabilities.shape, np.uint8)
    sums = np.zeros((len(levels), LEVELS), np.float32)
    pixels = math.prod(probabilities.shape[1:])
    # neighbours mostly have one level; in bins of their own they need not wait for each other
    bins = np.arange(pixels) % BINS * LEVELS
    scaled, places, weights = np.empty(pixels, probabilities.dtype), np.empty(pixels, np.intp), np.empty(pixels)
    for tile, values in enumerate(probabilities.reshape(len(levels), pixels)):
        np.minimum(np.multiply(values, LEVELS, out=scaled), LEVELS - 1, out=scaled)
        tile_levels = levels[tile].reshape(-1)
        tile_levels[...] = scaled  # rounds down
        np.add(tile_levels, bins, out=places)
        weights[...] = values
        sums[tile] = np.bincount(places, weights, BINS * LEVELS).reshape(BINS, LEVELS).sum(axis=0)
    return levels, sums


@dataclass(frozen=True)
class MapStore:
    """The probability maps of a list of tiles, in a folder, shard by shard.

    Attributes:
        folder: where they lie.
        ids: the tiles' ids, in the order of the maps.
        stems: their files' stems, as a submission names them.
        height, width: size of each map in pixels.
        shard: tiles in a shard; the last may hold fewer.
        source: what the maps are of (a hash of model and settings); maps of another source are not taken over.
    """

    folder: Path
    ids: list[str]
    stems: list[str]
    height: int
    width: int
    shard: int = 128
    source: str = ""

    @classmethod
    def create(
        cls,
        folder: Path,
        ids: Sequence[str],
        stems: Sequence[str],
        height: int,
        width: int,
        shard: int = 128,
        source: str = "",
    ) -> MapStore:
        """Starts a store, or takes up the one in the folder where it is for the same tiles and source.

        Shards of anything else in the folder are deleted.
        """
        store = cls(folder, list(ids), list(stems), height, width, shard, source)
        if len(store.ids) != len(store.stems):
            raise ValueError(f"{len(store.ids)} ids but {len(store.stems)} stems")
        index = folder / INDEX
        if index.exists() and read_json(index) == store._index():
            return store
        # without its index a half-emptied folder is no store, whenever a kill comes
        index.unlink(missing_ok=True)
        for pattern in ("levels-*.npy", "sums-*.npy"):
            for old in folder.glob(pattern):
                old.unlink()
        write_json(index, store._index())
        return store

    @classmethod
    def open(cls, folder: Path) -> MapStore:
        """The store in a folder.

        Raises:
            BadInput: there is none, or its index is damaged.
        """
        index = folder / INDEX
        if not index.exists():
            raise BadInput(f"{shown(folder)}: no probability maps there; {REMEDY}")
        facts = read_json(index)
        try:
            return cls(folder, **facts)
        except TypeError as error:
            raise BadInput(f"{shown(index)}: not an index of probability maps; delete the folder and {REMEDY}") from error

    def _index(self) -> dict[str, Any]:
        names = ("ids", "stems", "height", "width", "shard", "source")
        return {name: getattr(self, name) for name in names}

    def _slices(self) -> list[slice]:
        return [slice(first, min(first + self.shard, len(self.ids))) for first in range(0, len(self.ids), self.shard)]

    def _files(self, index: int) -> tuple[Path, Path]:
        return self.folder / f"levels-{index:04d}.npy", self.folder / f"sums-{index:04d}.npy"

    def missing_shards(self) -> list[slice]:
        """The tiles of each shard that is not written yet; shard `index` starts at tile `index * shard`."""
        return [tiles for index, tiles in enumerate(self._slices()) if not all(path.exists() for path in self._files(index))]

    @property
    def complete(self) -> bool:
        return not self.missing_shards()

    def write_shard(self, index: int, levels: np.ndarray, sums: np.ndarray) -> None:
        """Writes one shard.

        Args:
            index: its number, from 0.
            levels: uint8 (n, H, W), as `quantise` gives.
            sums: float32 (n, 256), as `quantise` gives.

        Raises:
            ValueError: an array has another shape or type than this shard's.
        """
        levels_file, sums_file = self._files(index)
        for array, path in ((levels, levels_file), (sums, sums_file)):
            if problem := self._mismatch(array, path, index):
                raise ValueError(problem)
        for array, path in ((levels, levels_file), (sums, sums_file)):
            buffer = io.BytesIO()
            np.save(buffer, array)
            write_atomic(path, buffer.getvalue())

    def fingerprint(self) -> str:
        """SHA-256 over the index and the sums of all shards there are: other maps have another one."""
        digest = hashlib.sha256((self.folder / INDEX).read_bytes())
        for index in range(len(self._slices())):
            sums_file = self._files(index)[1]
            digest.update(sums_file.read_bytes() if sums_file.exists() else b"missing")
        return digest.hexdigest()

    def shards(self) -> Iterator[Shard]:
        """Each shard in turn: its tiles, their levels (uint8 (n, H, W), memory-mapped) and sums (float32 (n, 256)).

        Raises:
            BadInput: shards are missing, or a file is damaged.
        """
        if missing := self.missing_shards():
            raise BadInput(f"{shown(self.folder)}: {len(missing)} of {len(self._slices())} shards are missing; {REMEDY}")
        for index, tiles in enumerate(self._slices()):
            levels_file, sums_file = self._files(index)
            yield tiles, self._load(levels_file, index, "r"), self._load(sums_file, index, None)

    def _load(self, path: Path, index: int, mode: Any) -> np.ndarray:
        try:
            array = np.load(path, mmap_mode=mode)
        except (ValueError, EOFError) as error:
            raise BadInput(f"{shown(path)}: not a NumPy array ({error}); delete it and {REMEDY}") from error
        if problem := self._mismatch(array, path, index):
            raise BadInput(f"{problem}; delete it and {REMEDY}")
        return array

    def _mismatch(self, array: np.ndarray, path: Path, index: int) -> str:
        tiles = self._slices()[index]
        count = tiles.stop - tiles.start
        wanted = {"levels": ((count, self.height, self.width), np.uint8), "sums": ((count, LEVELS), np.float32)}
        shape, kind = wanted[path.name.partition("-")[0]]
        if array.shape == shape and array.dtype == kind:
            return ""
        return f"{shown(path)}: {array.dtype} {array.shape}, wanted {np.dtype(kind)} {shape}"


def show_progress(shards: Iterator[Shard], doing: str) -> Iterable[Shard]:
    """The same shards, with a bar on a terminal once they take over two seconds."""
    from tqdm import tqdm

    return tqdm(shards, desc=doing, unit="shard", delay=2, disable=None)
