"""Which images and maps fit into a page, and the images, small enough for a page that holds all of them."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.pages.page import webp

QUALITY = 68  # of the WebP images; at 256 x 256 pixels about 9 KB each
FRAME = 64  # bytes around a block in the page, at most
NOTICE = 1000  # bytes for saying what was left out


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page that can be left out.

    Attributes:
        kind: "image" or "map".
        tile: the place of its tile among all.
        content: base64.
    """

    kind: str
    tile: int
    content: str


def fit(blocks: Sequence[Block], room: int, totals: Mapping[str, int]) -> tuple[list[Block], list[str]]:
    """The blocks that fit.

    Args:
        blocks: the ones to be left out last come first.
        room: bytes.
        totals: how many there are of each kind, those included that were not even made.

    Returns:
        Those that fit, in the order of their tiles, so that what is seen first is read first; and a line for each kind of
        which some are left out.

    >>> chosen, lines = fit([Block("map", 1, "a" * 100), Block("map", 0, "b" * 100)], NOTICE + 200, {"map": 2})
    >>> [block.tile for block in chosen], lines
    ([1], ['1 of 2 maps left out, of the least uncertain tiles, to keep this file small'])
    """
    room -= NOTICE
    chosen: list[Block] = []
    for block in blocks:
        room -= len(block.content) + FRAME
        if room < 0:
            break
        chosen.append(block)
    lines = []
    for kind, total in totals.items():
        if count := total - sum(block.kind == kind for block in chosen):
            lines.append(f"{count} of {total} {kind}s left out, of the least uncertain tiles, to keep this file small")
    return sorted(chosen, key=lambda block: (block.tile, block.kind)), lines


def most_uncertain(tiles: Sequence[dict[str, Any]]) -> list[int]:
    """The places of all tiles, the most uncertain ones first."""
    uncertainty = np.array([tile.get("uncertainty", 0.0) for tile in tiles])
    return np.argsort(-uncertainty, kind="stable").tolist()


def blocks_of(tiles: Sequence[dict[str, Any]], images: Mapping[str, str], maps: Mapping[str, str]) -> list[Block]:
    """The images and maps there are, those first that are to be left out last: images before maps, uncertain tiles first.

    Args:
        tiles: what the page knows of each.
        images, maps: base64, by image id; empty where there was no room for one.
    """
    order = [(at, tiles[at]["id"]) for at in most_uncertain(tiles)]
    kinds = {"image": images, "map": maps}
    return [Block(kind, at, texts[name]) for kind, texts in kinds.items() for at, name in order if texts.get(name)]


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
    threads, held, damaged, packed = os.cpu_count() or 1, 0, 0, {}
    work = ahead(lambda stem: pack_image(images[stem], shape), wanted, 2 * threads, threads)
    with quiet_decoders(), contextlib.closing(work) as texts:
        for stem, text in tqdm(zip(wanted, texts, strict=False), "images", len(wanted), unit="tile", delay=2, disable=None):
            damaged += not text
            held += len(text)
            if held > most_bytes:
                break
            if text:
                packed[stem] = text
    notices = []
    if images and (unknown := len(set(stems)) - len(wanted)):
        notices.append(f"no image for {unknown} ids: the folder of tiles does not have them")
    if damaged:
        size = f"{shape[1]} x {shape[0]} pixels"
        notices.append(f"no image for {damaged} ids: damaged, or not of {size} like their masks")
    return Pictures(packed, len(wanted) - damaged, notices)


def pack_image(file: Path, shape: tuple[int, int]) -> str:
    """One image; empty if it cannot be read or is of another size."""
    from kaggle_seg.tiles.decoding import Unfit
    from kaggle_seg.tiles.files import file_content, image_pixels

    try:
        image, _ = image_pixels(file_content(file))
    except Unfit:
        return ""
    return base64.b64encode(webp(image, QUALITY)).decode("ascii") if image.shape[:2] == shape else ""
