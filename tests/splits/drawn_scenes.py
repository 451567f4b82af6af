"""Scenes drawn for tests, cut into tiles whose neighbours are therefore known."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

Pair = tuple[int, int]


def draw(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """A scene of ground, clearings and roofs: uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    ground = sum(gaussian_filter(rng.normal(0, 40 * scale, (height, width)), scale) for scale in (1.5, 4.0, 12.0))
    scene = ground[..., None] + rng.uniform(70, 170, 3)
    for _ in range(height * width // 900):
        top, left = rng.integers(0, height), rng.integers(0, width)
        high, wide = rng.integers(6, 26, 2)
        scene[top : top + high, left : left + wide] = rng.uniform(50, 210) + rng.normal(0, 15, 3)
    seen = gaussian_filter(scene, (0.8, 0.8, 0)) + rng.normal(0, 3, (height, width, 1))  # by a lens and a grainy film
    return np.clip(seen, 10, 250).astype(np.uint8)


def cut(scene: NDArray[np.uint8], size: int, overlap: int = 0) -> NDArray[np.uint8]:
    """All tiles of a scene in raster order: uint8 (n, size, size, 3)."""
    step = size - overlap
    tops, lefts = (range(0, length - size + 1, step) for length in scene.shape[:2])
    return np.stack([scene[top : top + size, left : left + size] for top in tops for left in lefts])


def grid_pairs(rows: int, columns: int, first: int = 0) -> tuple[set[Pair], set[Pair]]:
    """The pairs beside and below each other in a raster of tiles, the first of which has the index `first`."""
    at = first + np.arange(rows * columns).reshape(rows, columns)
    beside, below = zip(at[:, :-1].flat, at[:, 1:].flat, strict=True), zip(at[:-1].flat, at[1:].flat, strict=True)
    return {(int(a), int(b)) for a, b in beside}, {(int(a), int(b)) for a, b in below}


def compressed(tile: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """A tile after JPEG."""
    stored = io.BytesIO()
    Image.fromarray(tile).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored))


def noisy(tiles: NDArray[np.uint8], deviation: float, seed: int = 0) -> NDArray[np.uint8]:
    """Tiles with noise."""
    noise = np.random.default_rng(seed).normal(0, deviation, tiles.shape)
    return np.clip(tiles + noise, 0, 255).astype(np.uint8)
