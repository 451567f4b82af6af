"""A competition's tiles: from Kaggle into a folder, whole or not at all.

The archive is loaded into a hidden folder beside the target, where a later start continues a download that was stopped. It
is checked and unpacked there, marked with where it came from, and renamed into place. One process at a time does this.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.locks import lock
from kaggle_seg.output import file_hash, read_json, shown, write_json
from kaggle_seg.remote.client import Kaggle, note
from kaggle_seg.remote.refusals import KaggleError
from kaggle_seg.remote.unpacking import Damaged, need_space, unpack

if TYPE_CHECKING:
    from tqdm import tqdm

MARKER = ".downloaded.json"  # what a download leaves in the folder of tiles
NOTEBOOK_INPUT = Path("/kaggle/input")


def notebook_tiles(slug: str, root: Path = NOTEBOOK_INPUT) -> Path | None:
    """The read-only folder in which a Kaggle notebook finds the competition's files; None elsewhere."""
    if "KAGGLE_KERNEL_RUN_TYPE" not in os.environ:
        return None
    return next((place for place in (root / slug, root / "competitions" / slug) if place.is_dir()), None)


def download_marker(folder: Path) -> dict[str, Any]:
    """What `download` wrote into a folder of tiles or one above it: slug, hash of the archive; empty without one."""
    for place in (folder, *folder.parents):
        if (place / MARKER).is_file():
            return read_json(place / MARKER)
    return {}


def is_there(target: Path, slug: str) -> bool:
    """Whether the competition's tiles were downloaded into this folder before.

    Raises:
        BadInput: something else is in it.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    came_from = read_json(target / MARKER).get("slug") if (target / MARKER).is_file() else None
    if came_from == slug:
        return True
    content = f"the tiles of {came_from}" if came_from else "files that were not downloaded by this command"
    raise BadInput(f"{shown(target)}: holds {content}; name another folder with --to DIR, or move these away")


def download(kaggle: Kaggle, target: Path) -> None:
    """Brings a competition's files into a folder; does nothing if another process has done so meanwhile.

    Args:
        kaggle: the conversation about the competition.
        target: a folder that is empty or not there.

    Raises:
        KaggleError: Kaggle refuses, or there is no connection.
        Failure: too little disk, or an archive that cannot be trusted.
    """
    place = target.parent / f".{target.name}.download.lock"
    with lock(place, f"another download into {shown(target)} is under way; waiting"):
        if not is_there(target, kaggle.slug):
            count = bring(kaggle, target)
            note(f"{count} files of {kaggle.slug} in {shown(target)}")
        with contextlib.suppress(OSError):  # on Windows an open file stays
            place.unlink()


def bring(kaggle: Kaggle, target: Path) -> int:
    """Loads the archive, unpacks it, and puts its files in place; their number."""
    work = target.parent / f".{target.name}.download"
    listed = kaggle.retry(lambda: kaggle.ask("files", slug=kaggle.slug))
    expected = sum(file["bytes"] for file in listed)
    for attempt in (1, 2):
        archive = fetch(kaggle, work, expected)
        unpacked = work / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        try:
            count = unpack(archive, unpacked)
            break
        except Damaged as damage:
            archive.unlink()
            if attempt == 2:
                raise Failure(f"the archive arrived damaged twice ({damage}); try again later") from damage
            note(f"the archive is damaged ({damage}); downloading it again")
    write_json(
        unpacked / MARKER,
        {"slug": kaggle.slug, "archive_sha256": file_hash(archive), "archive_bytes": archive.stat().st_size},
    )
    if target.exists():
        target.rmdir()
    unpacked.rename(target)
    shutil.rmtree(work)
    return count


def fetch(kaggle: Kaggle, folder: Path, expected: int) -> Path:
    """Loads a competition's archive, or the rest of it.

    Args:
        kaggle: the conversation about the competition.
        folder: where it goes.
        expected: bytes of the files in it, as Kaggle lists them; 0 when it does not tell.

    Returns:
        The archive, as large as Kaggle said.
    """
    from tqdm import tqdm

    slug = kaggle.slug
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{slug}.zip"
    have = archive.stat().st_size if archive.exists() else 0
    need_space(folder, 2 * expected - have, f"downloading and unpacking {slug}")
    with tqdm(desc="downloading", unit="B", unit_scale=True, delay=2, disable=None) as bar:
        progress = Progress(archive, expected, bar)

        def attempt() -> None:
            try:
                kaggle.ask("download", kaggle.timeouts.stall, progress.watch, slug=slug, folder=str(folder))
            except KaggleError as error:
                if error.kind == "garbled" and error.step == "receive":  # the client wrote a refusal into the file
                    archive.unlink(missing_ok=True)
                    raise KaggleError("lost", error.step, error.message) from error
                raise

        kaggle.retry(attempt)
    return archive


class Progress:
    """Watches an archive grow.

    Args:
        archive: the file.
        expected: bytes that unpacking takes at least.
        bar: shows it.
    """

    def __init__(self, archive: Path, expected: int, bar: tqdm) -> None:
        self.archive, self.expected, self.bar, self.size = archive, expected, bar, -1

    def watch(self, message: dict[str, Any] | None) -> bool:
        """Whether something has arrived since the last look.

        Raises:
            Failure: the archive does not fit on the disk; its size is known as soon as it begins to arrive.
        """
        size = self.archive.stat().st_size if self.archive.exists() else 0
        if message and message.get("step") == "receive":
            whole = message["size"]
            self.bar.reset(total=whole or None)
            need_space(
                self.archive.parent, whole - size + max(whole, self.expected), f"downloading and unpacking {whole:,} bytes"
            )
        grew, self.size = size != self.size, size
        self.bar.n = size
        self.bar.refresh()
        return grew
