"""The tiles' images, small enough for a page that holds all of them."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.pages.page import webp

QUALITY = 68  # of the WebP images; at 256 x 256 pixels about 9 KB each


@dataclass(frozen=True)
class Pictures:
    """Images as base64 of WebP by image id, and what to say of those that are not there."""

    packed: dict[str, str]
    notices: list[str]


def pack_images(stems: Sequence[str], images: Mapping[str, Path], shape: tuple[int, int]) -> Pictures:
    """Reads and packs the images of tiles; several at a time, for neither reading nor packing holds the interpreter.

    Args:
        stems: image ids.
        images: their files, by id; empty where they are not known.
        shape: height and width they must have.
    """
    from tqdm import tqdm

    from kaggle_seg.tiles.files import quiet_decoders

    wanted = [stem for stem in dict.fromkeys(stems) if stem in images]
    with quiet_decoders(), ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        texts = pool.map(lambda stem: pack_image(images[stem], shape), wanted)
        packed = list(tqdm(texts, "images", len(wanted), unit="tile", delay=2, disable=None))
    found = {stem: text for stem, text in zip(wanted, packed, strict=True) if text}
    notices = []
    if images and (unknown := len(set(stems)) - len(wanted)):
        notices.append(f"no image for {unknown} ids: the folder of tiles does not have them")
    if len(found) < len(wanted):
        size = f"{shape[1]} x {shape[0]} pixels"
        notices.append(f"no image for {len(wanted) - len(found)} ids: damaged, or not of {size} as their masks")
    return Pictures(found, notices)


def pack_image(file: Path, shape: tuple[int, int]) -> str:
    """One image; empty if it cannot be read or is of another size."""
    from kaggle_seg.tiles.decoding import Unfit
    from kaggle_seg.tiles.files import file_content, image_pixels

    try:
        image, _ = image_pixels(file_content(file))
    except Unfit:
        return ""
    return base64.b64encode(webp(image, QUALITY)).decode("ascii") if image.shape[:2] == shape else ""
