"""The tiles of a folder: their files listed, and images paired with masks, by names alone."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kaggle_seg.competition import Competition, natural_key
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.several import join_runs
from kaggle_seg.tiles.files import SUFFIXES
from kaggle_seg.tiles.layout import find_layout, pattern_root

SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini")  # besides hidden ones, which start with a dot
INNER_FOLDERS = ("images", "img")


class Tile(NamedTuple):
    """An image and, in training, its mask.

    Attributes:
        id: by which image and mask pair; see `tile_id`.
        stem: the image's file name without extension, the CSV's ImageId.
        image: the image's file, relative to the root, with `/`.
        mask: the mask's file, likewise, or `train.csv#id` where a CSV holds the masks; None for a test tile.
    """

    id: str
    stem: str
    image: str
    mask: str | None = None


@dataclass(frozen=True)
class Dataset:
    """All tiles of a tree.

    Attributes:
        root: the folder that the files' paths are relative to.
        training: tiles with masks, in natural order of their ids.
        test: tiles without, likewise.
    """

    root: Path
    training: tuple[Tile, ...]
    test: tuple[Tile, ...]

    def images_of(self, tiles: tuple[Tile, ...]) -> dict[str, Path]:
        """The image files of some of its tiles, by stem."""
        return {tile.stem: self.root / tile.image for tile in tiles}


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
    """The files of a tree of tiles, before they are paired.

    Attributes:
        root: the folder that the paths are relative to.
        competition: says what an id is, and how run lengths count.
        images: training images.
        masks: their masks.
        test: test images.
        problems: a line for each folder that is missing or empty and each file that is no image by its name.
        mask_runs: the run lengths of each mask, by its path, where they come from a CSV; such a path is `train.csv#id`.
    """

    root: Path
    competition: Competition
    images: list[TileFile] = field(default_factory=list)
    masks: list[TileFile] = field(default_factory=list)
    test: list[TileFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    mask_runs: dict[str, str] = field(default_factory=dict)


def find_dataset(folder: Path, competition: Competition) -> Dataset:
    """The tiles at or below a folder; only names are looked at.

    Raises:
        BadInput: no layout, or more than one; or, all at once, every missing or empty folder, file that is no image,
            id given twice, image without mask and mask without image.
    """
    dataset, problems = pair(list_tree(folder, competition))
    if problems:
        raise BadInput(problems)
    return dataset


def list_tree(folder: Path, competition: Competition) -> Listing:
    """The files of the tiles at or below a folder.

    Raises:
        BadInput: no tiles there, or no stage here works on this competition's.
    """
    competition.need_stages()
    if competition.images:
        return list_by_patterns(Listing(pattern_root(folder, competition), competition))
    layout = find_layout(folder)
    listing = Listing(layout.root, competition)
    list_folder(listing, layout.images, listing.images)
    list_folder(listing, layout.masks, listing.masks)
    list_folder(listing, layout.test, listing.test)
    return listing


def list_by_patterns(listing: Listing) -> Listing:
    """Adds the files that the competition's patterns match."""
    competition = listing.competition
    wanted = [(competition.images, listing.images), (competition.test, listing.test)]
    if competition.masks.lower().endswith(".csv"):
        list_mask_table(listing, listing.root / competition.masks)
    else:
        wanted.insert(1, (competition.masks, listing.masks))
    for pattern, files in wanted:
        for path in sorted(listing.root.glob(pattern)) if pattern else []:
            files.append(TileFile(path.relative_to(listing.root).as_posix(), *size_and_time(path)))
        if not files:
            listing.problems.append(
                f"{pattern or 'test'}: no files there; wanted the tiles of {competition.slug}; put them there"
            )
    return listing


def list_mask_table(listing: Listing, path: Path) -> None:
    """Adds the masks that a CSV holds as run lengths, in one row or several for each image."""
    competition = listing.competition
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = [tuple(row.get(name) or "" for name in competition.columns[:2]) for row in csv.DictReader(stream)]
        facts = path.stat()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        listing.problems.append(f"{competition.masks}: cannot be read ({error}); put it there, or repair it")
        return
    texts: dict[str, list[str]] = {}
    for name, runs in rows:
        empty = runs == competition.empty_mask
        texts.setdefault(name.removesuffix(competition.id_suffix), []).append("" if empty else runs)
    for name, parts in texts.items():
        mask = f"{competition.masks}#{name}"
        listing.masks.append(TileFile(mask, facts.st_size, facts.st_mtime_ns))
        listing.mask_runs[mask] = join_runs(parts)


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


def size_and_time(entry: os.DirEntry[str] | Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in nanoseconds; -1 and 0 for a link that leads nowhere."""
    try:
        facts = entry.stat()
    except OSError:
        return -1, 0
    return facts.st_size, facts.st_mtime_ns


def pair(listing: Listing) -> tuple[Dataset, list[str]]:
    """Pairs images with masks by their ids.

    Returns:
        The tiles, and all problems: the listing's, and a line for each id given twice and each file without its partner.
    """
    problems = list(listing.problems)
    images, masks, test = (by_id(listing, files, problems) for files in (listing.images, listing.masks, listing.test))
    if images and masks:  # else the empty folder is told once, not every file of the other
        for id_ in images.keys() - masks:
            problems.append(f"{images[id_]}: no mask of id {id_}; wanted one; add it, or remove the image")
        for id_ in masks.keys() - images:
            problems.append(f"{masks[id_]}: no image of id {id_}; wanted one; add it, or remove the mask")
    training = sorted(images.keys() & masks, key=natural_key)
    dataset = Dataset(
        listing.root,
        tuple(Tile(id_, stem(images[id_]), images[id_], masks[id_]) for id_ in training),
        tuple(Tile(id_, stem(test[id_]), test[id_]) for id_ in sorted(test, key=natural_key)),
    )
    return dataset, sorted(problems, key=natural_key)


def by_id(listing: Listing, files: list[TileFile], problems: list[str]) -> dict[str, str]:
    """Paths by tile id; adds a problem for each id that several files share."""
    paths = defaultdict(list)
    for path, *_ in sorted(files):
        name = path.rpartition("#")[2] if path in listing.mask_runs else stem(path)
        paths[listing.competition.tile_id(name)].append(path)
    for id_, same in paths.items():
        if len(same) > 1:
            problems.append(f"{', '.join(same)}: the same id {id_}; wanted each id once; rename or remove all but one")
    return {id_: same[0] for id_, same in paths.items()}


def stem(path: str) -> str:
    """The file name at the end of a path, without its extension; pathlib's takes as long as the rest of the pairing."""
    return path.rpartition("/")[2].rpartition(".")[0]
