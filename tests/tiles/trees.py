"""Small trees of tiles for the tests, in each layout, and one writer for each kind of image file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

SIDE = 32
LAYOUTS = {
    "description": ("train/images/img_{}", "train/masks/mask_{}", "test/test_image_{}"),
    "kaggle": ("training/images/img/{}", "training/masks/img/{}", "test/images/img/{}"),
    "plain": ("images/{}", "masks/{}", "test/{}"),
}

Writer = Callable[[np.ndarray], bytes]


def tiff(pixels: np.ndarray, **how: object) -> bytes:
    """The bytes of a TIFF as tifffile writes it; RGB if there are three channels or more."""
    stream = io.BytesIO()
    if pixels.ndim == 3 and "photometric" not in how:
        how["photometric"] = "rgb"
    tifffile.imwrite(stream, pixels, **how)
    return stream.getvalue()


def pillow(pixels: np.ndarray | Image.Image, kind: str, **how: object) -> bytes:
    """The bytes of an image file as PIL writes it."""
    stream = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, kind, **how)
    return stream.getvalue()


def draw_image(seed: int, side: int = SIDE) -> np.ndarray:
    """A smooth image with a little noise: uint8 (side, side, 3)."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 90, side)
    return (ramp[:, None, None] + ramp[None, :, None] * rng.random(3) + rng.integers(0, 30, (side, side, 3))).astype(
        np.uint8
    )


def draw_mask(seed: int, side: int = SIDE) -> np.ndarray:
    """A mask with one building: bool (side, side)."""
    rng = np.random.default_rng(1000 + seed)
    mask = np.zeros((side, side), bool)
    top, left = rng.integers(1, side // 2, 2)
    mask[top : top + side // 3, left : left + side // 4] = True
    return mask


def make_tree(root: Path, layout: str = "description", training: int = 5, test: int = 3, side: int = SIDE) -> Path:
    """Writes a faultless tree of TIFFs; tile i is `draw_image(i)`, `draw_mask(i)`, test tile i `draw_image(100 + i)`."""
    images, masks, tests = LAYOUTS[layout]
    for number in range(training):
        put(root / f"{images.format(number)}.tif", tiff(draw_image(number, side)))
        put(root / f"{masks.format(number)}.tif", tiff(draw_mask(number, side) * np.uint8(255)))
    for number in range(test):
        put(root / f"{tests.format(number)}.tif", tiff(draw_image(100 + number, side)))
    return root


def put(path: Path, content: bytes) -> Path:
    """Writes a file, and its folder where that is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
