"""One tile's files: an image or a mask, read, checked, and turned into an array."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kaggle_seg.competition import PixelOrder
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.output import shown
from kaggle_seg.tiles.decoding import Unfit, decode

UPPER = (0, 1, 255, 65535)  # the largest value of a mask; 0 in an empty one
SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")


def read_image(path: Path) -> np.ndarray:
    """The pixels of an image file: uint8 (H, W, 3). A fully opaque alpha channel is dropped.

    Raises:
        BadInput: naming the file and what is wrong with it.
    """
    return read(path, image_pixels)


def read_mask(path: Path) -> np.ndarray:
    """The pixels of a mask file: bool (H, W), True = building.

    Raises:
        BadInput: naming the file and what is wrong with it.
    """
    return read(path, mask_pixels)


def read(path: Path, pixels: Callable[[bytes], tuple[np.ndarray, bool]]) -> np.ndarray:
    """The pixels of one file, by `image_pixels` or `mask_pixels`."""
    try:
        with quiet_decoders():
            return pixels(file_content(path))[0]
    except Unfit as fault:
        raise BadInput(f"{shown(path)}: {fault}") from fault


@contextlib.contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keeps off the terminal what tifffile and PIL say about damaged files, which we tell in a line of our own.

    Warning filters and log levels belong to the whole process: enter this before threads start, not in each.
    """
    loggers = [logging.getLogger(name) for name in ("tifffile", "PIL")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def file_content(path: Path | str) -> bytes:
    """All bytes of a file.

    Raises:
        Unfit: it is empty or cannot be read.
    """
    try:
        # a file object would ask the system twice as often, and each time a thread waits for the interpreter
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            size = os.fstat(handle).st_size
            content = os.read(handle, size)
            while len(content) < size and (more := os.read(handle, size - len(content))):
                content += more
        finally:
            os.close(handle)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unfit(f"unreadable ({reason}); wanted an image; check its permissions or copy it again") from error
    if not content:
        raise Unfit("an empty file (0 bytes); wanted an image; copy or download it again")
    return content


def image_pixels(content: bytes) -> tuple[np.ndarray, bool]:
    """The pixels of an image.

    Args:
        content: the bytes of its file.

    Returns:
        uint8 (H, W, 3), and whether a fully opaque alpha channel was dropped.

    Raises:
        Unfit: it is damaged, or not 8-bit RGB.
    """
    kind, pixels = decode(content)
    if not kind.startswith("8-bit RGB"):
        raise Unfit(f"{kind}; wanted 8-bit RGB; convert it, and check that its colours match the other tiles")
    return without_alpha(pixels, 3)


def mask_pixels(content: bytes) -> tuple[np.ndarray, bool]:
    """The pixels of a mask of two values, in one channel or three equal ones.

    The lower value is 0. The upper one, a building, is 1, 255 or, in 16 bits, 65535.

    Args:
        content: the bytes of its file.

    Returns:
        bool (H, W), True = building, and whether a fully opaque alpha channel was dropped.

    Raises:
        Unfit: it is damaged, of another type, or has other values.
    """
    kind, pixels = decode(content)
    if not kind.startswith(("8-bit greyscale", "1-bit greyscale", "8-bit RGB")) and kind != "16-bit greyscale":
        raise Unfit(f"{kind}; wanted an 8-bit mask of 0 and 255; convert it")
    pixels, dropped = without_alpha(pixels, 3 if "RGB" in kind else 1)
    first = pixels[..., 0] if pixels.dtype == np.uint16 else pixels[..., 0].astype(np.uint8, copy=False)
    if pixels.shape[-1] > 1 and not (pixels == first[..., None]).all():
        raise Unfit("a mask in colours; wanted one channel of 0 and 255; convert it")
    building, brightest = first != 0, first.max()
    if brightest not in UPPER or np.count_nonzero(first == brightest) != (np.count_nonzero(building) or first.size):
        raise Unfit(f"{values_in_words(first)}; wanted 0 and 255, or 0 and 1; save it without smoothing or JPEG")
    return building, dropped


def mask_of_runs(runs: str, size: tuple[int, int], pixel_order: PixelOrder) -> tuple[np.ndarray, bool]:
    """Like `mask_pixels`, for a mask of this height and width that is given as run lengths."""
    height, width = size
    if problems := rle.faults(runs, height * width):
        raise Unfit(f"{'; '.join(problems)}; correct the run lengths")
    return rle.decode(runs, height, width, pixel_order), False


def values_in_words(pixels: np.ndarray) -> str:
    """The values of a mask, as in `a mask of 3 values (0, 7, 255)`."""
    values = np.unique(pixels).tolist()
    some = ", ".join(map(str, values[:4])) + (", ..." if len(values) > 4 else "")
    return f"a mask of {len(values)} value{'s' if len(values) > 1 else ''} ({some})"


def without_alpha(pixels: np.ndarray, channels: int) -> tuple[np.ndarray, bool]:
    """The first channels of an image, and whether there were opaque ones behind them.

    Raises:
        Unfit: those behind them are not 255 everywhere, or a damaged header promised more than there are.
    """
    if pixels.ndim != 3 or pixels.shape[-1] < channels:
        raise Unfit(f"damaged (pixels of shape {pixels.shape}); wanted {channels} channels; copy or download it again")
    alpha = pixels[..., channels:]
    if alpha.size and alpha.min() < 255:
        raise Unfit("an alpha channel that is not opaque everywhere; wanted none; save it without transparency")
    return pixels[..., :channels], alpha.size > 0
