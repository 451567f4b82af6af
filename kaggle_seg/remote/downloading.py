"""A competition's tiles: from Kaggle into a folder, whole or not at all.

The archive is loaded into a hidden folder beside the target, taken up where an earlier download stopped, checked, unpacked
there, marked with where it came from, and renamed into place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.remote.client import Kaggle
from kaggle_seg.remote.trouble import Patience, Trouble, persistently
from kaggle_seg.remote.unpacking import Damaged, need_space, unpack
from kaggle_seg.remote.worth import MARKER
from kaggle_seg.run_directory import file_hash, read_json, shown, write_json

if TYPE_CHECKING:
    from tqdm import tqdm

Say = Callable[[str], None]
NOTEBOOK_INPUT = Path("/kaggle/input")


def notebook_tiles(slug: str, root: Path = NOTEBOOK_INPUT) -> Path | None:
    """The read-only folder in which a Kaggle notebook finds the competition's files; None elsewhere."""
    if "KAGGLE_KERNEL_RUN_TYPE" not in os.environ:
        return None
    return next((place for place in (root / slug, root / "competitions" / slug) if place.is_dir()), None)


def is_there(target: Path, slug: str) -> bool:
    """Whether the competition's tiles came into this folder before.

    Raises:
        BadInput: something else is in it.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    came_from = read_json(target / MARKER).get("slug") if (target / MARKER).is_file() else None
    if came_from == slug:
        return True
    what = f"the tiles of {came_from}" if came_from else "files that did not come by download"
    raise BadInput(f"{shown(target)}: holds {what}; name another folder with --to DIR, or move these away")


def download(kaggle: Kaggle, slug: str, target: Path, patience: Patience, say: Say) -> int:
    """Brings a competition's files into a folder.

    Args:
        kaggle: the conversation.
        slug: the competition.
        target: a folder that is empty or not there.
        patience: for answers, stalls and retries.
        say: for progress.

    Returns:
        How many files there are.

    Raises:
        Trouble: Kaggle refuses, or the line is down.
        Failure: too little disk, or an archive that cannot be trusted.
    """
    work = target.parent / f".{target.name}.download"
    listed = persistently(lambda: kaggle.ask("files", slug=slug), patience, say)
    expected = sum(file["bytes"] for file in listed)
    for attempt in (1, 2):
        archive = fetch(kaggle, slug, work, expected, patience, say)
        unpacked = work / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        try:
            count = unpack(archive, unpacked)
            break
        except Damaged as damage:
            archive.unlink()
            if attempt == 2:
                raise Failure(f"the archive arrived damaged twice ({damage}); try again later") from damage
            say(f"the archive is damaged ({damage}); loading it again")
    write_json(
        unpacked / MARKER, {"slug": slug, "archive_sha256": file_hash(archive), "archive_bytes": archive.stat().st_size}
    )
    if target.exists():
        target.rmdir()
    unpacked.rename(target)
    shutil.rmtree(work)
    return count


def fetch(kaggle: Kaggle, slug: str, folder: Path, expected: int, patience: Patience, say: Say) -> Path:
    """Loads a competition's archive, or the rest of it.

    Args:
        kaggle: the conversation.
        slug: the competition.
        folder: where it goes.
        expected: bytes of the files in it, as Kaggle lists them; 0 when it does not tell.
        patience: for stalls and retries.
        say: for progress.

    Returns:
        The archive, as large as Kaggle said.
    """
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{slug}.zip"
    have = archive.stat().st_size if archive.exists() else 0
    need_space(folder, 2 * expected - have, f"downloading and unpacking {slug}")
    with tqdm(desc="downloading", unit="B", unit_scale=True, delay=2, disable=None) as bar:
        progress = Progress(archive, expected, bar)

        def attempt() -> None:
            try:
                kaggle.ask("download", seconds=patience.stall, watch=progress.watch, slug=slug, folder=str(folder))
            except Trouble as trouble:
                if trouble.kind == "garbled" and trouble.step == "receive":  # the client put a refusal's text into the file
                    archive.unlink(missing_ok=True)
                    raise Trouble("lost", trouble.step, trouble.said) from trouble
                raise

        persistently(attempt, patience, say)
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
        """Whether something came since the last look.

        Raises:
            Failure: the archive, whose size is known as soon as it begins to come, does not fit on the disk.
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
