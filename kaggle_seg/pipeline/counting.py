"""How many tiles there are and how large they are, from names and one header: enough to foretell time and disk."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")  # those of tiles/files.py, which needs NumPy
MOST_FOLDERS = 5000  # as in tiles/layout.py, where the search gives up too


@dataclass(frozen=True)
class TileCount:
    """The tiles of a folder, as their names tell.

    Attributes:
        training: images that have masks.
        test: images below a folder whose name begins with `test`.
        height, width: of every tile, in pixels; 0 where no header tells.
    """

    training: int = 0
    test: int = 0
    height: int = 0
    width: int = 0

    @property
    def validation(self) -> int:
        """About how many of the training tiles validate: one fold of five."""
        return round(self.training / 5)

    @property
    def megapixels(self) -> float:
        """The pixels of one tile, in millions."""
        return self.height * self.width / 1e6


def count_tiles(data: Path) -> TileCount:
    """Counts the tiles at or below a folder. Nothing is checked: the split does that."""
    training = test = height = width = 0
    for folder, names in image_folders(data):
        parts = [part.lower() for part in folder.relative_to(data).parts]
        if any("mask" in part for part in parts):
            continue
        if any(part.startswith("test") for part in parts):
            test += len(names)
        else:
            training += len(names)
        if not height:
            height, width = image_size(folder / names[0]) or (0, 0)
    return TileCount(training, test, height, width)


def image_folders(data: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders at or below one that hold image files, with their names; no hidden ones and no macOS shadows."""
    for number, (place, folders, names) in enumerate(os.walk(data)):
        if number > MOST_FOLDERS:
            return
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        images = [name for name in names if name.lower().endswith(SUFFIXES) and not name.startswith(".")]
        if images:
            yield Path(place), images


def image_size(path: Path) -> tuple[int, int] | None:
    """Height and width of an image, from its header; None where it can't be told."""
    with contextlib.suppress(OSError, struct.error, IndexError, KeyError):
        with open(path, "rb") as stream:
            head = stream.read(32)
            if head.startswith(b"\x89PNG"):
                width, height = struct.unpack(">II", head[16:24])
                return height, width
            content = head + stream.read()
        return jpeg_size(content) if content.startswith(b"\xff\xd8") else tiff_size(content)
    return None


def tiff_size(content: bytes) -> tuple[int, int] | None:
    """Height and width of a classic TIFF: tags 257 and 256 of its first directory (TIFF 6.0, section 2)."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None:
        return None
    (start,) = struct.unpack_from(order + "I", content, 4)
    (count,) = struct.unpack_from(order + "H", content, start)
    tags = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", content, entry)
        tags[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), content, entry + 8)[0]
    return tags[257], tags[256]


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Height and width of a JPEG: its first frame header (ITU T.81, B.2.2)."""
    place = 2
    while place + 9 < len(content):
        marker, length = struct.unpack_from(">HH", content, place)
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", content, place + 5)
            return height, width
        place += 2 + length
    return None


def folder_bytes(folder: Path, pattern: str) -> int:
    """The bytes of all files below a folder that match a pattern; 0 if it isn't there."""
    with contextlib.suppress(OSError):
        return sum(path.stat().st_size for path in folder.rglob(pattern))
    return 0
