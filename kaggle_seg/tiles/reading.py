"""Many image files into a few arrays on disk, in parallel; every faulty file is told, in one report.

Reading, hashing, decoding and writing all release Python's lock, so threads serve as well as processes would, and
start at once. Pixels go out by plain writes, not through a memory map: a full disk is then an error and not a crash,
and the memory held does not grow with the number of tiles.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from kaggle_seg.competition import PixelOrder, natural_key
from kaggle_seg.tiles.decoding import Unfit
from kaggle_seg.tiles.files import file_content, image_pixels, mask_of_runs, mask_pixels, quiet_decoders

BATCH = 64  # files a thread takes on at a time
MOST_THREADS = 8

Size = tuple[int, int]
Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Part:
    """Files whose pixels make one array.

    Attributes:
        name: of the array, `<name>.npy`.
        files: paths relative to the root, in the order of the array's rows.
        masks: whether they are masks: uint8 0 or 1 (N, H, W); else images: uint8 (N, H, W, 3).
        runs: the run lengths of each mask, by path, where masks are no files of their own.
        pixel_order: the order in which run lengths count pixels.
    """

    name: str
    files: Sequence[str]
    masks: bool = False
    runs: Mapping[str, str] = field(default_factory=dict)
    pixel_order: PixelOrder = "columns"

    def shape(self, size: Size) -> tuple[int, ...]:
        """The array's shape for tiles of this height and width."""
        return (len(self.files), *size) if self.masks else (len(self.files), *size, 3)


class FileReport(NamedTuple):
    """What came of one file: SHA-256 of its bytes, height and width, what is wrong with it, whether alpha was dropped."""

    path: str
    hash: str = ""
    size: Size | None = None
    fault: str = ""
    dropped_alpha: bool = False


def read_parts(root: Path, parts: Sequence[Part], folder: Path | None = None) -> tuple[Size, list[FileReport]]:
    """Reads all files and writes one array for each part.

    Args:
        root: the paths of the parts are relative to it.
        parts: the files.
        folder: where the arrays are written; None: the files are only checked.

    Returns:
        Height and width of the first readable file ((1, 1) if there is none), and a report for each file, part by
        part. The rows of files with a fault or of another size stay 0.
    """
    with quiet_decoders():
        size = first_size(root, parts)
        if folder:
            for part in parts:
                np.lib.format.open_memmap(array_file(folder, part), "w+", np.uint8, part.shape(size))
        batches = [(part, start) for part in parts for start in range(0, len(part.files), BATCH)]
        reports: list[list[FileReport]] = [[] for _ in batches]

        def read(at: int) -> list[FileReport]:
            reports[at] = read_batch(root, *batches[at], size, folder)
            return reports[at]

        # the parts take turns, for threads that write into the same file wait for each other
        turns = sorted(range(len(batches)), key=lambda at: batches[at][1])
        for _ in with_progress(read, turns, sum(len(part.files) for part in parts), "reading tiles"):
            pass
        return size, [report for batch in reports for report in batch]


def first_size(root: Path, parts: Sequence[Part]) -> Size:
    """Height and width of the first readable file."""
    for part in parts:
        for path in part.files:
            report, _ = read_file(root, path, part)
            if report.size:
                return report.size
    return 1, 1


def array_file(folder: Path, part: Part) -> Path:
    """Where the array of a part lies."""
    return folder / f"{part.name}.npy"


def read_batch(root: Path, part: Part, start: int, size: Size, folder: Path | None) -> list[FileReport]:
    """Reads neighbouring files of a part and, if a folder is given, writes their rows into the part's array there."""
    files = part.files[start : start + BATCH]
    if folder is None:
        return [read_file(root, path, part, size)[0] for path in files]
    array, bytes_a_row, reports = array_file(folder, part), int(np.prod(part.shape(size)[1:])), []
    with open(array, "r+b", buffering=0) as stream:
        stream.seek(array.stat().st_size - bytes_a_row * (len(part.files) - start))
        for path in files:
            report, tile = read_file(root, path, part, size)
            if tile is not None and report.size == size:
                write_whole(stream, tile)
            else:
                stream.seek(bytes_a_row, os.SEEK_CUR)
            reports.append(report)
    return reports


def write_whole(stream: io.FileIO, pixels: np.ndarray) -> None:
    """Writes an array of one byte a value; an unbuffered stream may take it in pieces when the disk gets full."""
    left = np.ascontiguousarray(pixels).data.cast("B")
    while left:
        left = left[stream.write(left) :]


def read_file(root: Path, path: str, part: Part, size: Size | None = None) -> tuple[FileReport, np.ndarray | None]:
    """Reads and checks one file, or the run lengths of a mask of this size; the pixels are None if it is faulty."""
    runs = part.runs.get(path)
    if runs is not None and size is None:
        return FileReport(path), None
    try:
        if runs is not None and size is not None:
            content, (tile, dropped) = encoded(runs), mask_of_runs(runs, size, part.pixel_order)
        else:
            content = file_content(f"{root}/{path}")
            tile, dropped = mask_pixels(content) if part.masks else image_pixels(content)
    except Unfit as fault:
        return FileReport(path, fault=str(fault)), None
    height, width = tile.shape[:2]
    return FileReport(path, hashlib.sha256(content).hexdigest(), (height, width), "", dropped), tile


def encoded(text: str) -> bytes:
    """The bytes of a text, as they are hashed."""
    return text.encode("utf-8", "surrogateescape")


def faults(reports: Sequence[FileReport]) -> list[str]:
    """A line for each faulty file and each that is not as large as most."""
    lines = [f"{report.path}: {report.fault}" for report in reports if report.fault]
    sizes = Counter(report.size for report in reports if report.size)
    for usual, count in sizes.most_common(1):
        wanted = f"wanted {usual[0]} x {usual[1]} as in {count} of {len(reports)} files; cut or remove it"
        for path, _, size, *_ in reports:
            if size and size != usual:
                lines.append(f"{path}: {size[0]} x {size[1]} pixels (height x width); {wanted}")
    return sorted(lines, key=natural_key)


def hash_files(root: Path, paths: Sequence[str], runs: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of the bytes of each file, or of its run lengths; empty for one that cannot be read."""

    def hash_file(path: str) -> str:
        try:
            content = encoded(runs[path]) if path in runs else file_content(f"{root}/{path}")
        except Unfit:
            return ""
        return hashlib.sha256(content).hexdigest()

    batches = [paths[start : start + BATCH] for start in range(0, len(paths), BATCH)]
    hashes = with_progress(lambda batch: [hash_file(path) for path in batch], batches, len(paths), "verifying")
    return dict(zip(paths, hashes, strict=True))


def with_progress(work: Callable[[Job], list[Result]], batches: Sequence[Job], total: int, doing: str) -> Iterator[Result]:
    """What some work makes of all batches, item by item; on a terminal, shows how many there were."""
    from tqdm import tqdm

    threads = min(MOST_THREADS, cores())
    with tqdm(total=total, desc=doing, unit=" files", disable=None, delay=1) as bar:
        for batch in ahead(work, batches, 4 * threads, threads):
            yield from batch
            bar.update(len(batch))


def ahead(work: Callable[[Job], Result], jobs: Iterable[Job], most: int, threads: int = 1) -> Generator[Result, None, None]:
    """The results of some work in the order of its jobs, begun before they are asked for.

    After an error, or when nobody asks any more, nothing new is begun.

    Args:
        work: called in threads.
        jobs: taken one by one, as the work goes on.
        most: how many results may be begun and not asked for yet, so that memory stays flat.
        threads: how many work at a time.
    """
    begun: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for job in jobs:
                begun.append(pool.submit(work, job))
                if len(begun) == most:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
