"""The tiles as arrays: built once from the files, then opened in a moment.

A cache lies in `runs/.cache/<name>-<hash of the tree's path>/<hash of its listing>/`, where the listing is path, size
and time of change of every file. So a start lists the tree and looks whether that folder is there; a changed tree asks
for another folder.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.locks import lock
from kaggle_seg.output import output_root, read_json, shown
from kaggle_seg.tiles.dataset import Listing, list_tree
from kaggle_seg.tiles.reading import hash_files
from kaggle_seg.tiles.storing import HASHES, INDEX, build, sweep

FORMAT = 2  # to be raised when caches are written differently
READ_ELSEWHERE = "another process is reading these tiles; waiting for it"


@dataclass(frozen=True)
class TileArrays:
    """The training tiles or the test tiles, in natural order of their ids.

    Attributes:
        ids: tile ids.
        stems: the images' file names without extension, the CSV's ImageIds.
        images: uint8 (N, H, W, 3), memory-mapped, read-only.
        masks: uint8, 1 = building, else 0, (N, H, W), memory-mapped, read-only; None for test tiles.
        paths: the images' files, relative to the root of the tree.
    """

    ids: list[str]
    stems: list[str]
    images: np.ndarray
    masks: np.ndarray | None
    paths: list[str]


@dataclass(frozen=True)
class TileCache:
    """The arrays of a tree of tiles.

    Attributes:
        folder: where they lie.
        data: the root of the tree they were read from.
        training: tiles with masks.
        test: tiles without.
        height: of every tile.
        width: of every tile.
        fingerprint: SHA-256 over the ids, stems and contents of all files.
    """

    folder: Path
    data: Path
    training: TileArrays
    test: TileArrays
    height: int
    width: int
    fingerprint: str


def open_cache(data: Path, competition: Competition, verify: bool = False) -> TileCache:
    """The arrays of the tiles at or below a folder; built where there are none of the files as they are now.

    Args:
        data: a folder that holds the tiles, or one above it.
        competition: where its tiles lie and what their ids are.
        verify: compare the contents of all files with those that were read, and read all anew where one differs.

    Raises:
        BadInput: every problem of the tree, by file: of names and pairs (see `find_dataset`) and of contents.
        Failure: the disk is full.
    """
    listing = list_tree(data, competition)
    folder = cache_folder(listing)
    cache = None if listing.problems else load(folder)
    if cache and verify and (changed := changed_files(folder, listing)):
        what = "contents changed, though size and time did not, so all tiles are read again"
        print(f"verify: {what}: {', '.join(changed)}", file=sys.stderr)
        cache = None
        with lock(folder.parent / ".lock", READ_ELSEWHERE):
            sweep(folder.parent)
    return cache or load_or_build(listing, folder)


def load_or_build(listing: Listing, folder: Path) -> TileCache:
    """The arrays in a folder, which are built first unless another process has done so."""
    with lock(folder.parent / ".lock", READ_ELSEWHERE):
        cache = None if listing.problems else load(folder)
        if cache is None:
            sweep(folder.parent)
            build(listing, folder)
            cache = load(folder)
    if cache is None:
        raise Failure(f"{shown(folder)}: the arrays just written cannot be read back; check the disk and start again")
    return cache


def cache_folder(listing: Listing) -> Path:
    """Where the arrays of a tree lie while its files stay as they are."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", listing.root.name) or "tiles"
    files = sorted([*listing.images, *listing.masks, *listing.test])
    rules = (listing.competition.id_rule, listing.competition.pixel_order if listing.mask_runs else "")
    state = itertools.chain([f"format {FORMAT} {rules}"], (f"{file.path}\t{file.size}\t{file.modified}" for file in files))
    home = output_root() / "runs" / ".cache" / f"{name}-{short_hash([str(listing.root)], 8)}"
    return home / short_hash(state, 16)


def short_hash(lines: Iterable[str], digits: int) -> str:
    """The first hexadecimal digits of the SHA-256 of some lines (file names that are no valid text included)."""
    digest, before = hashlib.sha256(), ""
    for line in lines:
        digest.update(f"{before}{line}".encode("utf-8", "surrogateescape"))
        before = "\n"
    return digest.hexdigest()[:digits]


def load(folder: Path) -> TileCache | None:
    """The arrays in a folder; None if there are none, or not whole."""
    try:
        index = read_json(folder / INDEX)
        height, width = index["height"], index["width"]
        training, test = (load_tiles(folder, part, index[part], (height, width)) for part in ("training", "test"))
        return TileCache(folder, Path(index["data"]), training, test, height, width, index["fingerprint"])
    except (OSError, ValueError, KeyError, BadInput):
        return None


def load_tiles(folder: Path, part: str, facts: dict[str, Any], size: tuple[int, int]) -> TileArrays:
    """The arrays of the training or the test tiles.

    Raises:
        ValueError: they are not whole.
    """
    images = np.load(folder / f"{part}-images.npy", mmap_mode="r")
    masks = np.load(folder / f"{part}-masks.npy", mmap_mode="r") if facts["masks"] else None
    count = len(facts["ids"])
    if images.shape != (count, *size, 3) or (masks is not None and masks.shape != (count, *size)):
        raise ValueError(f"{folder}: arrays of another shape than the index says")
    return TileArrays(facts["ids"], facts["stems"], images, masks, facts["images"])


def changed_files(folder: Path, listing: Listing) -> list[str]:
    """The files whose contents are no longer those that the arrays in a folder were read from."""
    known: dict[str, str] = read_json(folder / HASHES)
    now = hash_files(listing.root, list(known), listing.mask_runs)
    return [path for path in known if now[path] != known[path]]
