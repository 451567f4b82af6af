"""Figures of a submission's masks: building shares and regions, in a few lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.masks import rle
from kaggle_seg.masks.regions import count_regions
from kaggle_seg.submission.checks import usual_shape
from kaggle_seg.submission.table import Row, Submission

BAR = 40  # characters of the longest bar of the histogram


@dataclass(frozen=True)
class Figures:
    """Figures of the masks that can be read.

    Attributes:
        rows: these rows, in the file's order.
        shares: float64 (N,), the building share of each mask, 0 to 1.
        regions: int64 (N,), how many patches of building pixels each mask has; joined at an edge or a corner.
    """

    rows: tuple[Row, ...]
    shares: NDArray[np.float64]
    regions: NDArray[np.int64]


def figures_of(submission: Submission) -> Figures:
    """The figures of a submission's sound masks, drawn chunk by chunk: memory does not grow with their number."""
    height, width = usual_shape(submission) or (0, 0)
    rows = [row for row in submission.images if row.complete and row.shape == (height, width)]
    sound = [row for row in rows if rle.read_runs([row.run_lengths], height * width) is not None]
    chunk = rle.chunk_length(height, width)
    shares, regions = [np.empty(0)], [np.empty(0, np.int64)]
    for first in show_progress(range(0, len(sound), chunk)):
        texts = [row.run_lengths for row in sound[first : first + chunk]]
        masks = rle.decode_many(texts, height, width, submission.competition.pixel_order)
        shares.append(np.array([np.count_nonzero(mask) for mask in masks]) / (height * width))
        regions.append(count_regions(masks))
    return Figures(tuple(sound), np.concatenate(shares), np.concatenate(regions))


def show_progress(chunks: range) -> Iterable[int]:
    """The same chunks, with a progress bar where they take over two seconds."""
    if len(chunks) < 200:
        return chunks
    from tqdm import tqdm

    return tqdm(chunks, "masks", disable=None, leave=False)


def describe_masks(figures: Figures) -> list[str]:
    """The lines in which a person reads the figures."""
    count, filled = len(figures.rows), figures.shares > 0
    lines = [
        f"masks              {count}",
        f"  empty            {count - filled.sum()} ({1 - filled.mean():.1%})",
        f"building share     {figures.shares.mean():.1%} of all pixels"
        + ("; tiles with buildings, by tenths of it:" if filled.any() else ""),
    ]
    if filled.any():
        regions = figures.regions[filled]
        most = figures.rows[int(figures.regions.argmax())].stem
        lines += histogram(figures.shares[filled])
        lines += [
            f"regions per tile   mean {regions.mean():.1f}, median {np.median(regions):.0f}, "
            f"most {regions.max()} ({most}); empty masks left out"
        ]
    return lines


def histogram(shares: NDArray[np.float64]) -> list[str]:
    """How many tiles with buildings have a building share in each tenth."""
    counts, _ = np.histogram(shares, bins=10, range=(0, 1))
    bars = ["#" * int(np.ceil(BAR * count / counts.max())) for count in counts]
    return [
        f"  {10 * tenth:>3}-{10 * tenth + 10:>3} %       {count:>6} {bar}".rstrip()
        for tenth, (count, bar) in enumerate(zip(counts, bars, strict=True))
    ]
