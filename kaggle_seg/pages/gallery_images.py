"""The tiles' images, small enough for a page that holds all of them."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.pages.page import webp

QUALITY = 68  # of the WebP images; at 256 x 256 pixels about 9 KB each


@dataclass(frozen=True)
class Pictures:
    """Images of tiles.

    Attributes:
        packed: base64 of WebP, by image id.
        total: how many there are, those included for which there was no room.
        notices: what to say of those that are not there.
    """

    packed: dict[str, str]
    total: int
    notices: list[str]


def pack_images(stems: Sequence[str], images: Mapping[str, Path], shape: tuple[int, int], most_bytes: int) -> Pictures:
    """Reads and packs the images of tiles; several at a time, for neither reading nor packing holds the interpreter.

    Args:
        stems: image ids, those first that matter most.
        images: their files, by id; empty where they are not known.
        shape: height and width they must have.
        most_bytes: how much all of them may take; those behind are not read.
    """
    from tqdm import tqdm

    from kaggle_seg.tiles.files import quiet_decoders
    from kaggle_seg.tiles.reading import ahead

    wanted = [stem for stem in dict.fromkeys(stems) if stem in images]
    threads, held, damaged, found = os.cpu_count() or 1, 0, 0, {}
    work = ahead(lambda stem: pack_image(images[stem], shape), wanted, 2 * threads, threads)
    with quiet_decoders(), contextlib.closing(work) as texts:
        for stem, text in tqdm(zip(wanted, texts, strict=False), "images", len(wanted), unit="tile", delay=2, disable=None):
            damaged += not text
            held += len(text)
            if held > most_bytes:
                break
            if text:
                found[stem] = text
    notices = []
    if images and (unknown := len(set(stems)) - len(wanted)):
        notices.append(f"no image for {unknown} ids: the folder of tiles does not have them")
    if damaged:
        size = f"{shape[1]} x {shape[0]} pixels"
        notices.append(f"no image for {damaged} ids: damaged, or not of {size} as their masks")
    return Pictures(found, len(wanted) - damaged, notices)


def pack_image(file: Path, shape: tuple[int, int]) -> str:
    """One image; empty if it cannot be read or is of another size."""
    from kaggle_seg.tiles.decoding import Unfit
    from kaggle_seg.tiles.files import file_content, image_pixels

    try:
        image, _ = image_pixels(file_content(file))
    except Unfit:
        return ""
    return base64.b64encode(webp(image, QUALITY)).decode("ascii") if image.shape[:2] == shape else ""
