"""The files of a tree of tiles, listed by names alone: in a layout that is known, or by a competition's patterns."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.several import join_runs
from kaggle_seg.run_directory import shown
from kaggle_seg.tiles.files import SUFFIXES
from kaggle_seg.tiles.layout import Layout, find_layout, subfolders

SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini")  # besides hidden ones, which start with a dot
INNER_FOLDERS = ("images", "img")
DEPTH = 3  # levels below the given folder at which a competition's patterns are tried


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
        mask_runs: the run lengths of each mask, by its path, where they come from a CSV; such a path is `train.csv#id`.
        competition: what an id is, and how run lengths count.
    """

    root: Path
    images: list[TileFile] = field(default_factory=list)
    masks: list[TileFile] = field(default_factory=list)
    test: list[TileFile] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    mask_runs: dict[str, str] = field(default_factory=dict)
    competition: Competition = DEFAULT


def list_tree(folder: Path, competition: Competition = DEFAULT) -> Listing:
    """The files of the tiles at or below a folder.

    Raises:
        BadInput: no tiles there, or no stage here works on this competition's.
    """
    competition.need_stages()
    if competition.images:
        return list_by_patterns(folder, competition)
    listing = list_tiles(find_layout(folder))
    listing.competition = competition
    return listing


def list_by_patterns(folder: Path, competition: Competition) -> Listing:
    """The files that a competition's patterns match, below a folder or one of its subfolders."""
    listing = Listing(pattern_root(folder, competition), competition=competition)
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
                f"{pattern or 'test'}: no tiles there; wanted those of {competition.slug}; put them there"
            )
    return listing


def pattern_root(folder: Path, competition: Competition) -> Path:
    """The folder itself, or the nearest below it, in which a competition's images lie."""
    level = [folder.resolve()]
    for _ in range(DEPTH + 1):
        for place in level:
            if next(place.glob(competition.images), None):
                return place
        level = [child for place in level for child in subfolders(place)]
    raise BadInput(
        f"{shown(folder)}: no {competition.images} at or below it, where {competition.slug} has its images; give the "
        "folder that holds them"
    )


def list_mask_table(listing: Listing, path: Path) -> None:
    """Adds the masks that a CSV holds as run lengths, one of them or several rows an image."""
    competition = listing.competition
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = [tuple(row.get(name) or "" for name in competition.columns[:2]) for row in csv.DictReader(stream)]
        facts = path.stat()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        listing.problems.append(f"{competition.masks}: cannot be read ({error}); put it there, or mend it")
        return
    texts: dict[str, list[str]] = {}
    for name, runs in rows:
        empty = runs == competition.empty_mask
        texts.setdefault(name.removesuffix(competition.id_suffix), []).append("" if empty else runs)
    for name, parts in texts.items():
        mask = f"{competition.masks}#{name}"
        listing.masks.append(TileFile(mask, facts.st_size, facts.st_mtime_ns))
        listing.mask_runs[mask] = join_runs(parts)


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


def size_and_time(entry: os.DirEntry[str] | Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in nanoseconds; -1 and 0 for a link that leads nowhere."""
    try:
        facts = entry.stat()
    except OSError:
        return -1, 0
    return facts.st_size, facts.st_mtime_ns
