"""The tiles of a folder: listed, and images paired with masks, by names alone."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kaggle_seg.competition import natural_key, tile_id
from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.files import SUFFIXES
from kaggle_seg.tiles.layout import Layout, find_layout

SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini")  # besides hidden ones, which start with a dot
INNER_FOLDERS = ("images", "img")


@dataclass(frozen=True)
class Tile:
    """An image and, in training, its mask.

    Attributes:
        id: by which image and mask pair; see `tile_id`.
        stem: the image's file name without extension, the CSV's ImageId.
        image: the image's file.
        mask: the mask's file; None for a test tile.
    """

    id: str
    stem: str
    image: Path
    mask: Path | None = None


@dataclass(frozen=True)
class Dataset:
    """All tiles of a tree, each part in natural order of the ids; root is the folder that holds the layout."""

    root: Path
    training: tuple[Tile, ...]
    test: tuple[Tile, ...]


class TileFile(NamedTuple):
    """One file as its folder lists it.

    Attributes:
        path: relative to the root, with `/`.
        size: bytes; -1 for a link that leads nowhere.
        modified: nanoseconds.
    """

    path: str
    size: int
    modified: int


@dataclass
class Listing:
    """The files of a tree's three folders.

    Attributes:
        root: the folder that holds the layout.
        images: training images.
        masks: their masks.
        test: test images.
        problems: a line for each folder that is missing or empty and each file that is no image by its name.
    """

    root: Path
    images: list[TileFile] = field(default_factory=list)
    masks: list[TileFile] = field(default_factory=list)
    test: list[TileFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Pair(NamedTuple):
    """A tile whose files are given relative to the root."""

    id: str
    stem: str
    image: str
    mask: str | None


def find_dataset(folder: Path) -> Dataset:
    """The tiles at or below a folder; only names are looked at.

    Raises:
        BadInput: no layout, or more than one; or, all at once, every missing or empty folder, file that is no image,
            id given twice, image without mask and mask without image.
    """
    listing = list_tiles(find_layout(folder))
    training, test, problems = pair(listing)
    if problems:
        raise BadInput(problems)
    root = listing.root
    return Dataset(
        root,
        tuple(Tile(id_, stem, root / image, root / mask if mask else None) for id_, stem, image, mask in training),
        tuple(Tile(id_, stem, root / image) for id_, stem, image, _ in test),
    )


def list_tiles(layout: Layout) -> Listing:
    """The files of a layout's three folders."""
    listing = Listing(layout.root)
    list_folder(listing, layout.images, listing.images)
    list_folder(listing, layout.masks, listing.masks)
    list_folder(listing, layout.test, listing.test)
    return listing


def list_folder(listing: Listing, folder: Path, files: list[TileFile]) -> None:
    """Adds to a listing the files of one folder or, where it has none, of `images` or `img` inside it."""
    relative = folder.relative_to(listing.root).as_posix()
    inside = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower() in SYSTEM_FILES:
                    continue
                if entry.is_dir():
                    inside.add(entry.name)
                elif entry.name.lower().endswith(SUFFIXES):
                    files.append(TileFile(f"{relative}/{entry.name}", *size_and_time(entry)))
                else:
                    path = f"{relative}/{entry.name}"
                    listing.problems.append(f"{path}: not an image by its name; wanted {', '.join(SUFFIXES)}; move it away")
    except OSError as error:
        reason = "no such folder" if isinstance(error, FileNotFoundError) else error.strerror
        listing.problems.append(f"{relative}: {reason}; wanted a folder of tiles; put them there, or give another folder")
        return
    inner = next((name for name in INNER_FOLDERS if name in inside), None)
    if not files and inner:
        list_folder(listing, folder / inner, files)
    elif not files:
        listing.problems.append(f"{relative}: no tiles in this folder; wanted {', '.join(SUFFIXES)} files; put them there")


def size_and_time(entry: os.DirEntry[str]) -> tuple[int, int]:
    """Size in bytes and time of the last change in nanoseconds; -1 and 0 for a link that leads nowhere."""
    try:
        facts = entry.stat()
    except OSError:
        return -1, 0
    return facts.st_size, facts.st_mtime_ns


def pair(listing: Listing) -> tuple[list[Pair], list[Pair], list[str]]:
    """Pairs images with masks by their ids.

    Returns:
        The training tiles and the test tiles, each in natural order of the ids, and all problems: the listing's, and
        a line for each id given twice and each file without its partner.
    """
    problems = list(listing.problems)
    images, masks, test = (by_id(files, problems) for files in (listing.images, listing.masks, listing.test))
    if images and masks:  # else the empty folder is told once, not every file of the other
        for id_ in images.keys() - masks:
            problems.append(f"{images[id_]}: no mask of id {id_}; wanted one; add it, or remove the image")
        for id_ in masks.keys() - images:
            problems.append(f"{masks[id_]}: no image of id {id_}; wanted one; add it, or remove the mask")
    training = sorted(images.keys() & masks, key=natural_key)
    return (
        [Pair(id_, stem(images[id_]), images[id_], masks[id_]) for id_ in training],
        [Pair(id_, stem(test[id_]), test[id_], None) for id_ in sorted(test, key=natural_key)],
        sorted(problems, key=natural_key),
    )


def by_id(files: list[TileFile], problems: list[str]) -> dict[str, str]:
    """Paths by tile id; adds a problem for each id that several files share."""
    paths = defaultdict(list)
    for file in sorted(files):
        paths[tile_id(stem(file.path))].append(file.path)
    for id_, same in paths.items():
        if len(same) > 1:
            problems.append(f"{', '.join(same)}: the same id {id_}; wanted each id once; rename or remove all but one")
    return {id_: same[0] for id_, same in paths.items()}


def stem(path: str) -> str:
    """The file name at the end of a path, without its extension; pathlib's takes as long as the rest of the pairing."""
    return path.rpartition("/")[2].rpartition(".")[0]
