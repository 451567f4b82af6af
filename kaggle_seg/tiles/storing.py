"""Builds a cache folder: all files read and checked, arrays and index written beside their place, renamed into it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.output import shown, write_atomic
from kaggle_seg.tiles.dataset import Dataset, Listing, Tile, pair
from kaggle_seg.tiles.reading import FileReport, Part, faults, read_parts

INDEX = "index.json"
HASHES = "hashes.json"  # of all files' contents, by path; apart from the index, as only a verification reads them


def sweep(home: Path) -> None:
    """Removes caches of earlier states of the tree and what killed builds left; for the holder of the lock."""
    for old in home.iterdir():
        if old.is_dir():
            shutil.rmtree(old, ignore_errors=True)  # on Windows one that is still open stays until the next time


def build(listing: Listing, folder: Path) -> None:
    """Reads all files and makes the folder with their arrays.

    Raises:
        BadInput: every problem of the tree, of names and of contents.
        Failure: the disk is full.
    """
    dataset, problems = pair(listing)
    if problems:
        check_all(listing, problems)
    part = folder.with_name(f"{folder.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        part.mkdir()
        reports = fill(part, listing, dataset)
        part.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        where = shown(folder.parent)
        raise Failure(f"{where}: the disk is full; make room, or set KSEG_ROOT to a folder on another disk") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    opaque = [report.path for report in reports if report.dropped_alpha]
    if opaque:
        print(
            f"notice: a fully opaque alpha channel was dropped, in {len(opaque)} files such as {opaque[0]}", file=sys.stderr
        )


def check_all(listing: Listing, problems: Sequence[str]) -> None:
    """Reads all files, paired or not, so that one report tells what is wrong with names and with contents.

    Raises:
        BadInput: always.
    """
    images, masks, test = ([file.path for file in files] for files in (listing.images, listing.masks, listing.test))
    _, reports = read_parts(listing.root, parts_of(listing, images, masks, test))
    raise BadInput([*problems, *faults(reports)])


def parts_of(listing: Listing, images: Sequence[str], masks: Sequence[str], test: Sequence[str]) -> list[Part]:
    """The three arrays of a cache; masks are images of their own or run lengths."""
    return [
        Part("training-images", images),
        Part("training-masks", masks, True, listing.mask_runs, listing.competition.pixel_order),
        Part("test-images", test),
    ]


def fill(folder: Path, listing: Listing, dataset: Dataset) -> list[FileReport]:
    """Writes arrays and index.

    Returns:
        A report for each file.

    Raises:
        BadInput: every file that is faulty or not as large as the others.
    """
    training, test = tile_facts(dataset.training), tile_facts(dataset.test)
    parts = parts_of(listing, training["images"], training["masks"], test["images"])
    (height, width), reports = read_parts(listing.root, parts, folder)
    if problems := faults(reports):
        raise BadInput(problems)
    hashes = {report.path: report.hash for report in reports}
    index = {"data": str(listing.root), "height": height, "width": width, "training": training, "test": test}
    # on one line: Python's encoder for indented JSON holds three times as much
    write_atomic(folder / HASHES, json.dumps(hashes))
    write_atomic(folder / INDEX, json.dumps(index | {"fingerprint": fingerprint(index, hashes)}))
    return reports


def tile_facts(tiles: Sequence[Tile]) -> dict[str, list[str]]:
    """What the index keeps of the training or of the test tiles: lists side by side."""
    return {
        "ids": [tile.id for tile in tiles],
        "stems": [tile.stem for tile in tiles],
        "images": [tile.image for tile in tiles],
        "masks": [tile.mask for tile in tiles if tile.mask],
    }


def fingerprint(index: dict[str, Any], hashes: dict[str, str]) -> str:
    """SHA-256 over ids, stems and the hashes of all files' contents; where they lie does not matter."""
    digest, before = hashlib.sha256(), "["
    for part in (index["training"], index["test"]):
        contents = ([hashes[path] for path in part[files]] for files in ("images", "masks"))
        for facts in (part["ids"], part["stems"], *contents):  # one by one, as all in one text would be large
            digest.update(f"{before}{facts!r}".encode("utf-8", "surrogatepass"))
            before = ", "
    digest.update(b"]")
    return digest.hexdigest()
