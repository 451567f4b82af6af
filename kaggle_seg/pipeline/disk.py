"""How much disk a run needs, and whether it is there: told before anything is written."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.errors import Failure
from kaggle_seg.output import output_root
from kaggle_seg.pipeline.counting import TileCount, folder_bytes

GB = 1e9
# an installed environment, and what pip keeps beside it while it installs
ENVIRONMENT_BYTES = {"cpu": 2.1 * GB, "gpu": 6.5 * GB}
DOWNLOAD_BYTES = {"cpu": 0.7 * GB, "gpu": 3.5 * GB}
RUN_BYTES = 0.1 * GB  # network, backups, pages and the CSV
SUMS_BYTES = 256 * 4  # beside the maps: a float32 per tile and level


@dataclass(frozen=True)
class Need:
    """Some disk that is needed.

    Attributes:
        purpose: what for.
        size: how much, in bytes.
        folder: where; it need not be there yet.
    """

    purpose: str
    size: float
    folder: Path


def environment_needs(folder: Path, extra: str) -> list[Need]:
    """What making the environment needs.

    Args:
        folder: the environment.
        extra: the extra of setup.cfg that is installed.
    """
    there = folder_bytes(folder, "*")  # a half-made environment is removed first
    return [
        Need("environment", max(0.0, ENVIRONMENT_BYTES[extra] - there), folder),
        Need("downloads", DOWNLOAD_BYTES[extra], Path(tempfile.gettempdir())),
    ]


def run_needs(data: Path, run: Path | None, tiles: TileCount) -> list[Need]:
    """What the stages need beyond what they have written already.

    Args:
        data: the folder of tiles.
        run: the run directory; None while its name isn't known.
        tiles: the tiles in the folder.
    """
    pixels, runs = tiles.height * tiles.width, output_root() / "runs"
    arrays = pixels * (tiles.training * 4 + tiles.test * 3)
    maps = (tiles.validation + tiles.test) * (pixels + SUMS_BYTES)
    written = sum(folder_bytes(run / part, "*.npy") for part in ("validation", "test")) if run else 0
    others = folder_bytes(run, "*") - written if run else 0
    return [
        Need("arrays of the tiles", max(0.0, arrays - folder_bytes(cache_of(data), "*.npy")), runs),
        Need("probability maps", max(0.0, maps - written), runs),
        Need("network and pages", max(0.0, RUN_BYTES - others), runs),
    ]


def cache_of(data: Path) -> Path:
    """Where the arrays lie that were made earlier from the tiles at or below a folder; an absent folder if nowhere."""
    root, caches = data.resolve(), output_root() / "runs" / ".cache"
    for index in caches.glob("*/*/index.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if Path(json.loads(index.read_text(encoding="utf-8"))["data"]).is_relative_to(root):
                return index.parents[1]
    return caches / "none"


def total(needs: Sequence[Need]) -> float:
    """Bytes needed in all."""
    return sum(need.size for need in needs)


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk that holds a folder, or will hold it."""
    return shutil.disk_usage(existing(folder)).free


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path.cwd())


def check_disk(needs: Sequence[Need]) -> None:
    """Lets the pipeline go on if every disk has room for what is needed on it.

    Raises:
        Failure: one has not; one line says how much is needed and free, where, and what to do.
    """
    disks: dict[int, list[Need]] = {}
    for need in needs:
        disks.setdefault(existing(need.folder).stat().st_dev, []).append(need)
    short = [here for here in disks.values() if total(here) > free_bytes(here[0].folder)]
    if short:
        raise Failure("; ".join(describe_shortage(here) for here in short))


def describe_shortage(needs: Sequence[Need]) -> str:
    """What to say of a disk without enough room."""
    place, parts = existing(needs[0].folder), [need for need in needs if need.size]
    listed = ", ".join(f"{need.purpose} {in_gigabytes(need.size)}" for need in parts)
    movable = all(need.folder == output_root() / "runs" for need in parts)
    remedy = "make room there" + (", or set KSEG_ROOT to a folder on another disk" if movable else "")
    return (
        f"too little disk: about {in_gigabytes(total(needs))} needed, {in_gigabytes(free_bytes(place))} free in {place} "
        f"({listed}); {remedy}"
    )


def in_gigabytes(size: float) -> str:
    """A size as a person reads it.

    >>> in_gigabytes(2_140_000_000), in_gigabytes(30_000_000)
    ('2.1 GB', '0.03 GB')
    """
    return f"{size / GB:.1f} GB" if size >= 0.1 * GB else f"{size / GB:.2f} GB"
