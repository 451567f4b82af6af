"""Where the tiles lie: the known layouts, found from any folder above them.

train/images/img_0.tif       train/masks/mask_0.tif       test/test_image_0.tif
training/images/img/0.tif    training/masks/img/0.tif     test/images/img/0.tif
images/0.tif                 masks/0.tif                  test/0.tif
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.output import shown

DEPTH = 5  # levels below the given folder at which a layout is looked for
PATTERN_DEPTH = 3  # and a competition's own patterns
MOST_FOLDERS = 5000  # looked into before the search gives up
TOPS = ("train", "training", ".")
WANTED = (
    "wanted a folder with train/images, train/masks and test; or training/images/img, training/masks/img and "
    "test/images/img; or images, masks and test"
)


@dataclass(frozen=True)
class Layout:
    """The three folders of a tree of tiles; a missing one is found out when they are listed.

    Attributes:
        root: the folder that holds them; paths are told relative to it.
        images: training images, directly or in `img`.
        masks: their masks, directly or in `img`.
        test: test images, directly or in `images` or `images/img`.
    """

    root: Path
    images: Path
    masks: Path
    test: Path


def find_layout(folder: Path) -> Layout:
    """The only layout at or below a folder; one that lacks images or masks counts where there is no whole one.

    Raises:
        BadInput: there is none, or more than one.
    """
    if not folder.is_dir():
        what = "a file; unpack it and" if folder.exists() else "no such folder; check the path, and"
        raise BadInput(f"{folder}: {what} give the folder that holds the tiles")
    found = list(layouts_below(folder.resolve()))
    whole = [layout for layout in found if layout.images.is_dir() and layout.masks.is_dir()]
    chosen = whole or found
    if not chosen:
        raise BadInput(f"{shown(folder)}: no tiles at or below it; {WANTED}; give that folder, or one above it")
    if len(chosen) > 1:
        places = ", ".join(shown(layout.images if layout.images.is_dir() else layout.masks) for layout in chosen)
        raise BadInput(f"{shown(folder)}: more than one set of tiles ({places}); give the folder of one of them")
    return chosen[0]


def layouts_below(folder: Path) -> Iterator[Layout]:
    """Whole and partial layouts, nearest first; the folders of a layout are not searched for others."""
    level, visited = [folder], 0
    for _ in range(DEPTH + 1):
        below: list[Path] = []
        for place in level:
            visited += 1
            if visited > MOST_FOLDERS:
                raise BadInput(f"{shown(folder)}: more than {MOST_FOLDERS} folders below it; give the tiles' own folder")
            here = list(layouts_in(place))
            yield from here
            if not any(layout.images.is_dir() and layout.masks.is_dir() for layout in here):
                taken = {"images", "masks", "test", *TOPS} if here else set()
                below += [child for child in subfolders(place) if child.name not in taken]
        level = below


def layouts_in(root: Path) -> Iterator[Layout]:
    """The layouts of which a folder holds images, or masks, or both."""
    for top in TOPS:
        layout = Layout(root, root / top / "images", root / top / "masks", root / "test")
        if layout.images.is_dir() or layout.masks.is_dir():
            yield layout


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted, without hidden ones and macOS's shadows; none of an unreadable one."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []
    return sorted(folder / name for name in names if not name.startswith(".") and name != "__MACOSX")


def pattern_root(folder: Path, competition: Competition) -> Path:
    """The folder itself, or the nearest below it, in which a competition's images lie."""
    level = [folder.resolve()]
    for _ in range(PATTERN_DEPTH + 1):
        for place in level:
            if next(place.glob(competition.images), None):
                return place
        level = [child for place in level for child in subfolders(place)]
    raise BadInput(
        f"{shown(folder)}: no {competition.images} at or below it, where {competition.slug} has its images; give the "
        "folder that holds them"
    )
