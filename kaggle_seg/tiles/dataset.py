"""The tiles of a folder: listed, and images paired with masks, by names alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kaggle_seg.competition import DEFAULT, Competition, natural_key
from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.listing import Listing, TileFile, list_tree


@dataclass(frozen=True)
class Tile:
    """An image and, in training, its mask.

    Attributes:
        id: by which image and mask pair; see `tile_id`.
        stem: the image's file name without extension, the CSV's ImageId.
        image: the image's file.
        mask: the mask's file, or the CSV that holds it; None for a test tile.
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


class Pair(NamedTuple):
    """A tile whose files are given relative to the root."""

    id: str
    stem: str
    image: str
    mask: str | None


def find_dataset(folder: Path, competition: Competition = DEFAULT) -> Dataset:
    """The tiles at or below a folder; only names are looked at.

    Raises:
        BadInput: no layout, or more than one; or, all at once, every missing or empty folder, file that is no image,
            id given twice, image without mask and mask without image.
    """
    listing = list_tree(folder, competition)
    training, test, problems = pair(listing)
    if problems:
        raise BadInput(problems)
    root = listing.root
    return Dataset(
        root,
        tuple(
            Tile(id_, stem, root / image, root / mask.partition("#")[0] if mask else None)
            for id_, stem, image, mask in training
        ),
        tuple(Tile(id_, stem, root / image) for id_, stem, image, _ in test),
    )


def pair(listing: Listing) -> tuple[list[Pair], list[Pair], list[str]]:
    """Pairs images with masks by their ids.

    Returns:
        The training tiles and the test tiles, each in natural order of the ids, and all problems: the listing's, and
        a line for each id given twice and each file without its partner.
    """
    problems = list(listing.problems)
    images, masks, test = (by_id(listing, files, problems) for files in (listing.images, listing.masks, listing.test))
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
