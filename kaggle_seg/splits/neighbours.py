"""Which tiles lie beside each other in the scene they were cut from, and which are copies of each other.

Tiles are neighbours when the last line of one continues in the first line of the other. Jigsaw solvers ask the same
question, and three of their answers are used together: the two edges must be each other's best match ("best buddies"), by
a clear lead over the runner-up, and the step across the seam must be no larger than the steps inside the tiles.

Sources: D. Pomeranz et al., "A fully automated greedy square jigsaw puzzle solver", CVPR 2011 (best buddies);
A. Gallagher, "Jigsaw puzzles with pieces of unknown orientation", CVPR 2012 (a seam measured against the tiles' own steps).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from kaggle_seg.splits.fingerprints import edge_fingerprints, textured, tile_fingerprints
from kaggle_seg.splits.matching import (
    READ_AT_ONCE,
    Fingerprints,
    Images,
    Indices,
    best_buddies,
    best_partners,
    correlations,
    pixel_rows,
    positions,
    row_fingerprints,
    seam_steps,
    slices,
)

# Measured on aerial tiles of mixed ground resolution; tests/benchmarks/splits.py measures it on any tiles.
LEAD = 0.03  # of the best match over the runner-up, in correlation
FACING = (0.55, 1.6)  # least correlation and largest step of edges that face each other
OVERLAPPING = (0.65, 1.3)  # and of lines that show the same, give or take compression
CHANCE = 4.0  # standard deviations of the correlation of edges that have nothing to do with each other: 1/√samples
SAME_CORRELATION, SAME_STEPS = 0.8, 0.6  # of lines that show the same, by which an overlap is learned
COPY_CORRELATION = 0.95
TEXTURED_EDGE, TEXTURED_TILE = 0.25, 0.3  # share of samples with contrast, below which nothing can be told
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
    axes = [part.swapaxes(1, 2) for part in images], images
    fronts = [row_fingerprints(parts, 0) for parts in axes]
    votes = sum((find_overlaps(parts, front) for parts, front in zip(axes, fronts, strict=True)), Counter[int]())
    overlaps = [overlap for overlap, agreeing in sorted(votes.items()) if agreeing >= LEAST_AGREEING]
    overlaps = [*sorted(overlaps, key=lambda overlap: -votes[overlap]), 0]  # the surer ones first
    beside, below = (find_continuations(parts, front, overlaps, original) for parts, front in zip(axes, fronts, strict=True))
    return Links(beside, below, copies, tuple(sorted(overlaps)))


def find_copies(images: Images) -> Indices:
    """Pairs of near-duplicates: equal but for noise, compression, brightness and contrast.

    Returns:
        int64 (M, 2), the lower index first.
    """
    batches = [tile_fingerprints(part[b]) for part in images for b in slices(len(part), READ_AT_ONCE, "reading tiles")]
    fingerprints = np.concatenate(batches)
    able = np.flatnonzero(textured(fingerprints, TEXTURED_TILE))
    fingerprints, own = fingerprints[able], np.arange(len(able))
    pairs = [np.empty((0, 2), np.int64)]
    for rows, columns, found in correlations(fingerprints, fingerprints, own, "comparing tiles", once=True):
        first, second = np.nonzero(found >= COPY_CORRELATION)
        pairs.append(able[np.stack([first + rows.start, second + columns.start], axis=1)])
    both_ways = np.concatenate(pairs)
    return np.unique(both_ways[both_ways[:, 0] < both_ways[:, 1]], axis=0).reshape(-1, 2)


def find_continuations(images: Images, fronts: Fingerprints, overlaps: Sequence[int], usable: NDArray[np.bool_]) -> Indices:
    """Pairs of tiles of which the second continues the first downwards.

    Args:
        images: as `find_links` takes them; with the axes of height and width swapped, "downwards" is to the right.
        fronts: the fingerprints of all first rows.
        overlaps: in pixels; an edge has one continuation, and the first overlap by which it is found counts.
        usable: bool (N,); tiles that may be part of a pair.

    Returns:
        int64 (M, 2).
    """
    by_chance = CHANCE / np.sqrt(fronts.shape[1])
    front_free, back_free = usable & textured(fronts, TEXTURED_EDGE), usable.copy()
    pairs, height = [np.empty((0, 2), np.int64)], images[0].shape[1]
    for overlap in overlaps:
        row = height - max(overlap, 1)
        backs = row_fingerprints(images, row)
        tiles = np.flatnonzero(back_free & textured(backs, TEXTURED_EDGE)), np.flatnonzero(front_free)
        correlation, step = OVERLAPPING if overlap else FACING
        found = best_buddies(backs, fronts, tiles, max(correlation, by_chance), LEAD)
        found = found[seam_steps(images, found, row) <= step]
        back_free[found[:, 0]] = front_free[found[:, 1]] = False
        pairs.append(found)
    return np.concatenate(pairs)


def find_overlaps(images: Images, fronts: Fingerprints) -> Counter[int]:
    """By how many pixels, up to half a tile, neighbours overlap; learned from a sample compared with all tiles.

    Args:
        images: as `find_continuations` takes them.
        fronts: the fingerprints of all first rows.

    Returns:
        For each overlap above 0 how many tiles of the sample are continued at it, to the pixel.
    """
    count, height = len(fronts), images[0].shape[1]
    able = np.flatnonzero(textured(fronts, TEXTURED_EDGE))
    if len(able) < 2:
        return Counter()
    sample = np.unique(np.linspace(0, count - 1, min(SAMPLE, count)).astype(np.int64))
    own = positions(sample, able)
    best, chosen = np.full(len(sample), SAME_CORRELATION, np.float32), np.full((len(sample), 2), -1, np.int64)
    tried = range(2, height // 2 + 1, EVERY)
    for overlap in tqdm(tried, desc="learning overlaps", disable=None, leave=False):
        lines = edge_fingerprints(pixel_rows(images, sample, height - overlap))
        found = best_partners(lines, fronts[able], own)
        better = (found.score > best) & textured(lines, TEXTURED_EDGE)
        best[better], chosen[better, 0], chosen[better, 1] = found.score[better], able[found.partner[better]], overlap
    sure = chosen[:, 1] > 0
    return count_votes(images, np.stack([sample[sure], chosen[sure, 0]], axis=1), chosen[sure, 1])


def count_votes(images: Images, pairs: Indices, roughly: Indices) -> Counter[int]:
    """How many pairs show the same at each overlap, of those within a pixel of what is roughly known for each pair."""
    height, votes = images[0].shape[1], Counter[int]()
    for pair, middle in zip(pairs, roughly.tolist(), strict=True):
        near = range(middle - 1, middle + 2)
        steps = [float(seam_steps(images, pair[None], height - overlap)[0]) for overlap in near]
        if min(steps) <= SAME_STEPS:
            votes[near[steps.index(min(steps))]] += 1
    return votes
