"""Unpacking an archive from outside: nothing is written outside its folder, nothing is larger than it says, no links.

All entries are checked before the first byte is written. Archives inside the archive are unpacked too, each into a folder of
its name, because Kaggle packs the folders of some competitions in this way.
"""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from kaggle_seg.errors import Failure
from kaggle_seg.output import shown

MOST_ENTRIES = 500_000
MOST_GROWTH = 200  # times the archive's size; deflated tiles grow by less than 10
SMALL = 64 << 20  # bytes that any archive may grow to
SPARE = 256 << 20  # bytes of disk that must stay free
CHUNK = 1 << 20
DEPTH = 2  # archives inside archives


class Damaged(Exception):
    """The archive is incomplete or damaged; downloading it again may help."""


def unpack(archive: Path, folder: Path, depth: int = DEPTH) -> int:
    """Unpacks a zip into a new folder.

    Args:
        archive: the zip.
        folder: where to; files of the same name there are replaced.
        depth: how many levels of archives inside it are unpacked too.

    Returns:
        The number of files.

    Raises:
        Damaged: the archive is cut short, or a file in it does not have its checksum.
        Failure: an entry that must not be in it, named; or too little disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            inspect_entries(archive, entries)
            need_space(folder, sum(entry.file_size for entry in entries), f"unpacking {archive.name}")
            _write(opened, entries, folder)
    except (zipfile.BadZipFile, EOFError, zipfile.LargeZipFile, OverflowError) as error:
        raise Damaged(f"{shown(archive)}: {error}") from error
    count = len(entries)
    inner = [folder / entry.filename for entry in entries if entry.filename.lower().endswith(".zip")]
    for path in inner if depth else ():
        count += unpack(path, _place_of(path), depth - 1) - 1
        path.unlink()
    return count


def inspect_entries(archive: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Lets an archive pass whose entries are plain files below the folder, of a credible size.

    Raises:
        Failure: naming the first entries that are not.
    """
    problems = list(_problems(entries))
    total, size = sum(entry.file_size for entry in entries), archive.stat().st_size
    if len(entries) > MOST_ENTRIES:
        problems.append(f"{len(entries)} files")
    if total > max(SMALL, MOST_GROWTH * size):
        problems.append(f"{size:,} bytes that claim to become {total:,}")
    if problems:
        rest = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        listed = "; ".join(problems[:5]) + rest
        raise Failure(f"{shown(archive)}: not unpacked, because it holds {listed}; delete it if you do not trust it")


def _problems(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    """What is wrong with single entries."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        # an entry's own spelling: zipfile has already turned the system's separator into a slash and cut it at a NUL
        raw = entry.orig_filename
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if "\\" in raw or "\0" in raw or re.match(r"/|[A-Za-z]:", raw) or ".." in PurePosixPath(name).parts:
            yield f"{raw!r}, a path that leads out of the folder"
        elif kind not in (0, stat.S_IFREG):
            yield f"{name!r}, a link or a special file"
        elif entry.flag_bits & 1:
            yield f"{name!r}, which is encrypted"
        elif name.casefold() in seen:
            yield f"{name!r} twice"
        seen.add(name.casefold())


def _write(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    """Writes all entries; a wrong checksum raises zipfile's BadZipFile at the end of its file."""
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    total = sum(entry.file_size for entry in entries)
    with tqdm(total=total, desc="unpacking", unit="B", unit_scale=True, delay=2, disable=None) as bar:
        for entry in entries:
            path = folder / entry.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(entry) as source, open(path, "wb") as target:
                while chunk := source.read(CHUNK):
                    bar.update(target.write(chunk))


def _place_of(archive: Path) -> Path:
    """Where an inner archive goes: into a folder of its name, unless it brings that folder itself."""
    with zipfile.ZipFile(archive) as opened:
        tops = {PurePosixPath(name).parts[0] for name in opened.namelist() if name.strip("/")}
    return archive.parent if tops == {archive.stem} else archive.with_suffix("")


def need_space(folder: Path, wanted: int, what: str) -> None:
    """Makes sure that something fits on the disk.

    Args:
        folder: on the disk in question; it need not exist yet.
        wanted: bytes.
        what: what they are needed for, as a person calls it.

    Raises:
        Failure: it does not fit.
    """
    place = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if wanted + SPARE > free:
        raise Failure(
            f"{what} needs {wanted / 1e9:.2f} GB, but only {free / 1e9:.2f} GB are free at {shown(place)}; "
            "free some space, or name a folder on another disk with --to DIR"
        )
