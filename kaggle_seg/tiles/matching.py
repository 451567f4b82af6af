"""Comparing fingerprints all with all, and seams pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from kaggle_seg.tiles.descriptors import edge_fingerprints, norms

PRODUCTS = 1 << 23  # correlations held at once (32 MiB), however many tiles there are
READ_AT_ONCE = 64  # tiles
SMOOTH = 2.0  # grey levels by which even a smooth surface steps, for noise and compression

Images = Sequence[NDArray[np.uint8]]
Indices = NDArray[np.int64]
Fingerprints = NDArray[np.int8]


def slices(total: int, size: int, doing: str) -> Iterator[slice]:
    """Consecutive slices of at most `size`, under a progress bar that says what is done; "": under none."""
    for start in tqdm(range(0, total, size), desc=doing, disable=None if doing else True, leave=False):
        yield slice(start, min(start + size, total))


def correlations(those: Fingerprints, others: Fingerprints, doing: str) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Correlations of fingerprints with all others, a slice of rows at a time, at flat memory.

    Args:
        those: int8 (n, samples).
        others: int8 (m, samples).
        doing: see `slices`.

    Yields:
        The rows, and their correlations: float32 (rows, m) in [-1, 1], the caller's to change.
    """
    wide, lengths = others.astype(np.float32).T, norms(others)
    for rows in slices(len(those), max(1, PRODUCTS // max(1, len(others))), doing):
        products = those[rows].astype(np.float32) @ wide  # whole numbers below 2²⁴: exact
        products /= norms(those[rows])[:, None]
        products /= lengths
        yield rows, products


def best_partners(
    those: Fingerprints, others: Fingerprints, same: Indices, doing: str = ""
) -> tuple[Indices, NDArray[np.float32], NDArray[np.float32]]:
    """For each fingerprint the other that it correlates with most.

    Args:
        those: int8 (n, samples).
        others: int8 (m, samples), m at least 2.
        same: int64 (n,); the position among the others of the tile's own fingerprint, which is no partner; -1: none.
        doing: see `slices`.

    Returns:
        Positions among the others (n,), correlations (n,), and by how much each is ahead of the runner-up (n,).
    """
    partner, score, lead = np.zeros(len(those), np.int64), np.zeros(len(those), np.float32), np.zeros(len(those), np.float32)
    for rows, found in correlations(those, others, doing):
        own = np.flatnonzero(same[rows] >= 0)
        found[own, same[rows][own]] = -1.0
        every = np.arange(len(found))
        partner[rows] = best = found.argmax(axis=1)
        score[rows] = found[every, best]
        found[every, best] = -1.0
        lead[rows] = score[rows] - found.max(axis=1)
    return partner, score, lead


def best_buddies(
    backs: Fingerprints, fronts: Fingerprints, tiles: tuple[Indices, Indices], least: float, lead: float
) -> Indices:
    """Pairs of a back and a front edge each of which is the other's best match.

    Args:
        backs: int8 (N, samples); the fingerprint of every tile's last line.
        fronts: int8 (N, samples); that of every tile's first line.
        tiles: the tiles whose backs and whose fronts take part; ascending.
        least: the least correlation of a pair.
        lead: by how much each must be ahead of the other's runner-up.

    Returns:
        int64 (M, 2) tiles.
    """
    above, below = tiles
    if min(len(above), len(below)) < 2:
        return np.empty((0, 2), np.int64)
    forth, score, lead_forth = best_partners(backs[above], fronts[below], positions(above, below), "matching edges")
    back, _, lead_back = best_partners(fronts[below], backs[above], positions(below, above), "matching edges")
    mutual = back[forth] == np.arange(len(above))
    good = mutual & (score >= least) & (np.minimum(lead_forth, lead_back[forth]) >= lead)
    return np.stack([above[good], below[forth[good]]], axis=1)


def pixel_rows(images: Images, tiles: Indices, row: int) -> NDArray[np.uint8]:
    """One row of pixels of each of the tiles: uint8 (n, W, 3)."""
    rows, first = np.empty((len(tiles), *images[0].shape[2:]), np.uint8), 0
    for part in images:
        here = (tiles >= first) & (tiles < first + len(part))
        rows[here] = part[tiles[here] - first, row]
        first += len(part)
    return rows


def row_fingerprints(images: Images, row: int) -> Fingerprints:
    """Fingerprints of one row of all tiles: int8 (N, samples)."""
    count = sum(len(part) for part in images)
    batches = slices(count, READ_AT_ONCE, "reading edges")
    return np.concatenate([edge_fingerprints(pixel_rows(images, np.arange(b.start, b.stop), row)) for b in batches])


def seam_steps(images: Images, pairs: Indices, row: int) -> NDArray[np.float64]:
    """The step from a row of the first tile to the first row of the second, in steps inside the tiles.

    Args:
        images: as `find_links` takes them.
        pairs: int64 (M, 2).
        row: of the first tile, at least 1.

    Returns:
        float64 (M,); about 1 where the second continues the first, about 0 where both rows show the same.
    """
    first, second = pairs[:, 0], pairs[:, 1]
    last, front = pixel_rows(images, first, row), pixel_rows(images, second, 0)
    inside = _mean_step(last, pixel_rows(images, first, row - 1)) + _mean_step(front, pixel_rows(images, second, 1))
    return _mean_step(last, front) / (inside / 2 + SMOOTH)


def _mean_step(lines: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean absolute difference of lines of pixels: float64 (n,)."""
    return (
        np.abs(lines.astype(np.int16) - others).sum(axis=(1, 2), dtype=np.int64) / lines[0].size
        if len(lines)
        else np.empty(0)
    )


def positions(tiles: Indices, among: Indices) -> Indices:
    """Where each tile stands in an ascending list; -1 where it does not."""
    places = np.minimum(np.searchsorted(among, tiles), len(among) - 1)
    return np.where(among[places] == tiles, places, -1)
