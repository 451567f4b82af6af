"""Which tiles lie beside each other in the scene they were cut from, and which are copies of each other.

Tiles are neighbours when the last line of one continues in the first line of the other. Jigsaw solvers ask the same
question, and three of their answers are used together: the two edges must be each other's best match ("best buddies"), by
a clear lead over the runner-up, and the step across the seam must be no larger than the steps inside the tiles.

Sources: D. Pomeranz et al., "A fully automated greedy square jigsaw puzzle solver", CVPR 2011 (best buddies);
A. Gallagher, "Jigsaw puzzles with pieces of unknown orientation", CVPR 2012 (a seam measured against the tiles' own steps).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.tiles.descriptors import edge_fingerprints, textured, tile_fingerprints
from kaggle_seg.tiles.matching import (
    READ_AT_ONCE,
    Fingerprints,
    Images,
    Indices,
    best_buddies,
    best_partners,
    correlations,
    pixel_rows,
    row_fingerprints,
    seam_steps,
    slices,
)

# Measured on aerial tiles of mixed ground resolution; tests/benchmarks/splits.py measures it on any tiles.
LEAD = 0.03  # of the best match over the runner-up, in correlation
CORRELATION, STEPS = 0.55, 1.75  # of facing edges, one pixel apart
SAME_CORRELATION, SAME_STEPS = 0.8, 0.6  # of an overlap's edges: the same pixels, give or take compression
COPY_CORRELATION = 0.9
TEXTURED_EDGE, TEXTURED_TILE = 0.25, 0.5  # share of samples with contrast, below which nothing can be told
SAMPLE = 1024  # tiles from which the overlaps of a data set are learned
LEAST_AGREEING = 5  # of the sample, to the pixel, before an overlap is believed
EVERY = 3  # pixels; lines one pixel apart still correlate, so that every third line finds an overlap


@dataclass(frozen=True)
class Links:
    """Pairs of tiles that show the same or adjoining ground, as indices.

    Attributes:
        beside: int64 (M, 2); the second tile continues the first to the right.
        below: int64 (M, 2); the second tile continues the first downwards.
        copies: int64 (M, 2); the second tile is a near-duplicate of the first.
        overlaps: by how many pixels neighbours overlap; 0 is always among them.
    """

    beside: Indices
    below: Indices
    copies: Indices
    overlaps: tuple[int, ...]

    @property
    def pairs(self) -> Indices:
        """All pairs, each once and the lower index first, sorted: int64 (M, 2)."""
        everything = np.concatenate([self.beside, self.below, self.copies])
        return np.unique(np.sort(everything, axis=1), axis=0).reshape(-1, 2)


def find_links(images: Images) -> Links:
    """Finds neighbours and copies among all tiles; the same on every machine.

    Time grows with the square of the number of tiles, memory with half a kilobyte a tile.

    Args:
        images: arrays uint8 (n, H, W, 3), memory-mapped or not; indices run through them one after the other.
    """
    copies = find_copies(images)
    original = np.ones(sum(len(part) for part in images), bool)
    original[copies[:, 1]] = False  # a copy's edges would rival those of its original
    beside, overlaps_beside = find_continuations([part.swapaxes(1, 2) for part in images], original)
    below, overlaps_below = find_continuations(images, original)
    return Links(beside, below, copies, tuple(sorted({0, *overlaps_beside, *overlaps_below})))


def find_copies(images: Images) -> Indices:
    """Pairs of near-duplicates: equal but for noise, compression, brightness and contrast.

    Returns:
        int64 (M, 2), the lower index first.
    """
    batches = [tile_fingerprints(part[b]) for part in images for b in slices(len(part), READ_AT_ONCE, "reading tiles")]
    fingerprints = np.concatenate(batches)
    able = np.flatnonzero(textured(fingerprints, TEXTURED_TILE))
    pairs = [np.empty((0, 2), np.int64)]
    for rows, found in correlations(fingerprints[able], fingerprints[able], "comparing tiles"):
        first, second = np.nonzero(found >= COPY_CORRELATION)
        pairs.append(able[np.stack([first + rows.start, second], axis=1)])
    both_ways = np.concatenate(pairs)
    return both_ways[both_ways[:, 0] < both_ways[:, 1]]


def find_continuations(images: Images, usable: NDArray[np.bool_]) -> tuple[Indices, list[int]]:
    """Pairs of tiles of which the second continues the first downwards.

    Args:
        images: as `find_links` takes them; with the axes of height and width swapped, "downwards" is to the right.
        usable: bool (N,); tiles that may be part of a pair.

    Returns:
        The pairs, int64 (M, 2), and the overlaps in pixels that were found beside 0.
    """
    fronts, height = row_fingerprints(images, 0), images[0].shape[1]
    front_free, back_free = usable & textured(fronts, TEXTURED_EDGE), usable.copy()
    overlaps, pairs = find_overlaps(images, fronts), [np.empty((0, 2), np.int64)]
    for overlap in (*overlaps, 0):  # the surer ones first: an edge has one continuation
        row = height - max(overlap, 1)
        backs = row_fingerprints(images, row)
        tiles = np.flatnonzero(back_free & textured(backs, TEXTURED_EDGE)), np.flatnonzero(front_free)
        found = best_buddies(backs, fronts, tiles, SAME_CORRELATION if overlap else CORRELATION, LEAD)
        found = found[seam_steps(images, found, row) <= (SAME_STEPS if overlap else STEPS)]
        back_free[found[:, 0]] = front_free[found[:, 1]] = False
        pairs.append(found)
    return np.concatenate(pairs), overlaps


def find_overlaps(images: Images, fronts: Fingerprints) -> list[int]:
    """By how many pixels, up to half a tile, neighbours overlap; learned from a sample compared with all tiles.

    Args:
        images: as `find_links` takes them.
        fronts: the fingerprints of all first rows.

    Returns:
        Overlaps above 0 on which enough of the sample agree to the pixel, the commonest first.
    """
    count, height = len(fronts), images[0].shape[1]
    able = np.flatnonzero(textured(fronts, TEXTURED_EDGE))
    if len(able) < 2:
        return []
    sample = np.unique(np.linspace(0, count - 1, min(SAMPLE, count)).astype(np.int64))
    own = np.where(np.isin(sample, able), np.searchsorted(able, sample), -1)
    best, chosen = np.full(len(sample), SAME_CORRELATION, np.float32), np.full((len(sample), 2), -1, np.int64)
    for overlap in range(2, height // 2 + 1, EVERY):
        lines = edge_fingerprints(pixel_rows(images, sample, height - overlap))
        partner, score, _ = best_partners(lines, fronts[able], own, "")
        better = (score > best) & textured(lines, TEXTURED_EDGE)
        best[better], chosen[better] = score[better], np.stack([able[partner], np.full_like(partner, overlap)], 1)[better]
    found = chosen[:, 1] > 0
    return _agreed(images, np.stack([sample[found], chosen[found, 0]], axis=1), chosen[found, 1])


def _agreed(images: Images, pairs: Indices, roughly: Indices) -> list[int]:
    """The overlaps, to the pixel, on which enough pairs agree; commonest first."""
    near = roughly[:, None] + np.arange(-1, 2)
    height, votes = images[0].shape[1], Counter[int]()
    for pair, overlaps in zip(pairs, near, strict=True):
        steps = [seam_steps(images, pair[None], height - overlap)[0] for overlap in overlaps]
        if min(steps) <= SAME_STEPS:
            votes[int(overlaps[np.argmin(steps)])] += 1
    ordered = sorted(votes.items(), key=lambda item: (-item[1], item[0]))
    return [overlap for overlap, agreeing in ordered if agreeing >= LEAST_AGREEING]
