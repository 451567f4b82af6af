"""Trees of many small tiles, drawn quickly: no two alike, 64 neighbours to a scene, a fifth of them test tiles."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage
from tqdm import tqdm

ACROSS = 8  # tiles of a scene, each way
TEST_RUN, TEST_EVERY = 16, 5  # of every five runs of 16 ids, one is of test tiles
HEADS: dict[tuple[int, ...], bytes] = {}  # of TIFFs, by shape


def write_tiles(root: Path, tiles: int, side: int) -> None:
    """Writes images and, but for test tiles, masks; consecutive ids lie beside each other in a scene."""
    random = np.random.default_rng(0)
    folders = [root / "train/images", root / "train/masks", root / "test"]
    for folder in folders:
        folder.mkdir(parents=True)
    for first in tqdm(range(0, tiles, ACROSS**2), desc="drawing", unit="scene", leave=False, disable=None):
        image, mask = draw_scene(random, side * ACROSS)
        for tile, (pixels, truth) in enumerate(zip(cut(image, side), cut(mask, side), strict=True), start=first):
            if tile >= tiles:
                break
            if tile // TEST_RUN % TEST_EVERY == TEST_EVERY - 1:
                (folders[2] / f"test_image_{tile}.tif").write_bytes(as_tiff(pixels))
            else:
                (folders[0] / f"img_{tile}.tif").write_bytes(as_tiff(pixels))
                (folders[1] / f"mask_{tile}.tif").write_bytes(as_tiff(truth))


def draw_scene(random: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Ragged bright patches on uneven ground: uint8 (side, side, 3), and their mask, uint8 0 or 255 (side, side)."""
    rough, smooth = (ndimage.gaussian_filter(random.standard_normal((side, side), np.float32), sigma) for sigma in (2, 6))
    built = smooth > 1.1 * smooth.std()
    grey = 100 + 25 * rough / rough.std() + 70 * built
    noise = random.integers(-6, 7, (side, side, 3), np.int8)
    return (grey[..., None] * np.array([1, 0.95, 0.85], np.float32) + noise).clip(0, 255).astype(np.uint8), np.uint8(
        255
    ) * built


def cut(scene: np.ndarray, side: int) -> np.ndarray:
    """The tiles of a scene, row by row."""
    rows = scene.reshape(ACROSS, side, ACROSS, side, -1).swapaxes(1, 2)
    return rows.reshape(ACROSS**2, side, side, *scene.shape[2:])


def as_tiff(pixels: np.ndarray) -> bytes:
    """A plain TIFF; tiles of one shape have the same bytes before their pixels."""
    if pixels.shape not in HEADS:
        stream = io.BytesIO()
        tifffile.imwrite(stream, pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack")
        assert stream.getvalue().endswith(pixels.tobytes())
        HEADS[pixels.shape] = stream.getvalue()[: -pixels.nbytes]
    return HEADS[pixels.shape] + pixels.tobytes()
