"""Comparing fingerprints all with all, and seams pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from kaggle_seg.splits.fingerprints import edge_fingerprints, norms

BLOCK = 1024  # fingerprints each way whose correlations are held at once (4 MiB), however many tiles there are
READ_AT_ONCE = 64  # tiles
SMOOTH = 2.0  # grey levels by which even a smooth surface steps, for noise and compression

Images = Sequence[NDArray[np.uint8]]
Indices = NDArray[np.int64]
Fingerprints = NDArray[np.int8]


def slices(total: int, size: int, doing: str) -> Iterator[slice]:
    """Consecutive slices of at most `size`, under a progress bar that says what is done; "": under none."""
    for start in tqdm(range(0, total, size), desc=doing, disable=None if doing else True, leave=False):
        yield slice(start, min(start + size, total))


def correlations(
    those: Fingerprints, others: Fingerprints, same: Indices, doing: str = "", once: bool = False
) -> Iterator[tuple[slice, slice, NDArray[np.float32]]]:
    """Correlations of fingerprints with all others, a block at a time: small enough for the processor's cache.

    Args:
        those: int8 (n, samples).
        others: int8 (m, samples).
        same: int64 (n,); the position among the others of the tile's own fingerprint, which correlates with none, by -1;
            itself -1 where there is none.
        doing: see `slices`.
        once: leave out blocks whose rows all lie beyond their columns; enough where fingerprints meet themselves.

    Yields:
        Rows, columns, and their correlations: float32 (rows, columns) in [-1, 1]. All rows come before the next columns.
    """
    lengths, other_lengths = norms(those), norms(others)
    for columns in slices(len(others), BLOCK, doing):
        wide = others[columns].astype(np.float32).T
        for start in range(0, columns.stop if once else len(those), BLOCK):
            rows = slice(start, min(start + BLOCK, len(those)))
            products = those[rows].astype(np.float32) @ wide  # whole numbers below 2²⁴: exact
            products /= lengths[rows, None]
            products /= other_lengths[columns]
            own = np.flatnonzero((same[rows] >= columns.start) & (same[rows] < columns.stop))
            products[own, same[rows][own] - columns.start] = -1.0
            yield rows, columns, products


class Partners:
    """For each of n fingerprints the other one that it correlates with most, of those seen so far.

    Attributes:
        partner: int64 (n,), the position of that other one; of equals the first.
        score: float32 (n,), their correlation.
        second: float32 (n,), that of the runner-up.
    """

    def __init__(self, count: int) -> None:
        self.partner = np.zeros(count, np.int64)
        self.score, self.second = np.full((2, count), -1.0, np.float32)

    @property
    def lead(self) -> NDArray[np.float32]:
        """By how much each partner is ahead of the runner-up: float32 (n,)."""
        return self.score - self.second

    def see(self, rows: slice, first: int, found: NDArray[np.float32]) -> None:
        """Takes the correlations of some rows with the others from `first` on: float32 (rows, others)."""
        # soon there are few rows in which a block holds anything new, so this one look at all of it is what takes time
        here = np.flatnonzero(found.max(axis=1) > self.second[rows])
        new, every = here + rows.start, np.arange(len(here))
        found = found if len(here) == len(found) else found[here]
        best = found.argmax(axis=1)
        top = found[every, best]
        found[every, best] = -1.0
        next_best = found.max(axis=1)
        found[every, best] = top
        score, second = self.score[new], self.second[new]
        self.partner[new] = np.where(top > score, first + best, self.partner[new])
        self.second[new] = np.where(top > score, np.maximum(score, next_best), np.maximum(second, top))
        self.score[new] = np.maximum(score, top)


def best_partners(those: Fingerprints, others: Fingerprints, same: Indices) -> Partners:
    """For each fingerprint the other that it correlates with most; arguments as `correlations`."""
    partners = Partners(len(those))
    for rows, columns, found in correlations(those, others, same):
        partners.see(rows, columns.start, found)
    return partners


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
    forth, back = Partners(len(above)), Partners(len(below))
    for rows, columns, found in correlations(backs[above], fronts[below], positions(above, below), "matching edges"):
        forth.see(rows, columns.start, found)
        back.see(columns, rows.start, found.T)
    mutual = back.partner[forth.partner] == np.arange(len(above))
    good = mutual & (forth.score >= least) & (np.minimum(forth.lead, back.lead[forth.partner]) >= lead)
    return np.stack([above[good], below[forth.partner[good]]], axis=1)


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
