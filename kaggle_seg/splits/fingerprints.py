"""Short integer fingerprints of a tile's edges and of the tile itself, so that millions of pairs can be compared.

A fingerprint keeps the local contrast alone: what a sample differs from its surroundings, divided by how much they vary.
Brightness drops out, and a black border counts no more than a roof's edge. Samples are whole numbers of at most 127, so that
a product of two fingerprints is exact in float32 in whatever order it is summed: every machine finds the same neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 127  # of a sample; 127² · 1040 samples stay below 2²⁴, up to where float32 counts exactly
MOST_SAMPLES = 128  # an edge is reduced to between this many samples and twice as many
SURROUNDINGS = 25  # samples along an edge that make up the surroundings of one
REDUCED = 16  # a tile is reduced to this many blocks each way
NEIGHBOURING_BLOCKS = 5  # blocks each way that make up the surroundings of one
GAIN = 40  # a sample that differs by as much as its surroundings vary
NOISE = 4.0  # grey levels that a flat, compressed surface may vary by: contrast below counts for little
BLACK, WHITE = 8.0, 254.0  # grey levels; what is beyond is taken for a border without data
TEXTURED = 12  # a sample of at least this size tells something


def edge_fingerprints(lines: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Fingerprints of lines of pixels.

    Pixels are averaged in twos at least: facing edges are one pixel apart, so what is finer does not agree.

    Args:
        lines: uint8 (n, length, 3), length at least 2.

    Returns:
        int8 (n, samples), samples at most 255.
    """
    length = lines.shape[1]
    step = max(2, length // MOST_SAMPLES)
    samples = length // step
    grey = lines[:, : samples * step].sum(axis=2, dtype=np.int64).reshape(len(lines), samples, step).sum(axis=2)
    return _local_contrast(grey / (3 * step), SURROUNDINGS)


def tile_fingerprints(images: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Fingerprints of whole tiles, from copies of at most 16×16 blocks.

    Args:
        images: uint8 (n, H, W, 3).

    Returns:
        int8 (n, blocks), blocks at most 256.
    """
    count, height, width, _ = images.shape
    rows, columns = min(REDUCED, height), min(REDUCED, width)
    high, wide = height // rows, width // columns
    whole = images[:, : rows * high, : columns * wide].reshape(count, rows, high, -1)
    strips = whole.sum(axis=2, dtype=np.uint32)  # down the columns first: whole rows are added at once
    blocks = strips.reshape(count, rows, columns, 3 * wide).sum(axis=3, dtype=np.int64)
    return _local_contrast(blocks / (3 * high * wide), NEIGHBOURING_BLOCKS).reshape(count, -1)


def textured(fingerprints: NDArray[np.int8], share: float) -> NDArray[np.bool_]:
    """Which fingerprints have contrast in at least a share of their samples: flat and black surfaces have not.

    Args:
        fingerprints: int8 (n, samples).
        share: in [0, 1].

    Returns:
        bool (n,).
    """
    return np.count_nonzero(np.abs(fingerprints) >= TEXTURED, axis=1) >= share * fingerprints.shape[1]


def norms(fingerprints: NDArray[np.int8]) -> NDArray[np.float32]:
    """Lengths of fingerprints as vectors, at least 1: float32 (n,)."""
    squares = np.einsum("ns,ns->n", fingerprints, fingerprints, dtype=np.int32)
    return np.sqrt(np.maximum(squares, 1)).astype(np.float32)


def _local_contrast(samples: NDArray[np.float64], window: int) -> NDArray[np.int8]:
    """What each sample differs from the mean of its surroundings, in units of their standard deviation, times 40.

    Blank samples are 0 and belong to no surroundings, so that two tiles are not alike for a border of the same shape.
    """
    shown = (samples > BLACK) & (samples < WHITE)
    weight = np.maximum(_mean_around(shown.astype(np.float64), window), 1e-6)
    difference = np.where(shown, samples - _mean_around(samples * shown, window) / weight, 0.0)
    variation = np.sqrt(np.maximum(_mean_around(difference * difference, window) / weight, 0.0))
    return np.clip(np.rint(GAIN * difference / (variation + NOISE)), -LARGEST, LARGEST).astype(np.int8)


def _mean_around(samples: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Moving averages along every axis but the first; no wider than the samples reach."""
    from scipy.ndimage import uniform_filter1d

    for axis in range(1, samples.ndim):
        samples = uniform_filter1d(samples, min(window, samples.shape[axis]), axis=axis, mode="reflect")
    return samples
