"""Fingerprints of edges and tiles."""

from __future__ import annotations

import numpy as np

from kaggle_seg.splits import fingerprints
from tests.splits.drawn_scenes import draw


def test_products_of_fingerprints_are_exact_in_float32() -> None:
    lines = np.random.default_rng(0).integers(0, 256, (4, 4096, 3), np.uint8)
    samples = fingerprints.edge_fingerprints(lines).shape[1]
    blocks = fingerprints.tile_fingerprints(np.zeros((1, 300, 300, 3), np.uint8)).shape[1]
    assert fingerprints.LARGEST**2 * max(samples, blocks) < 2**24


def test_fingerprints_do_not_depend_on_brightness() -> None:
    lines = draw(3, 8, 256)
    moved = fingerprints.edge_fingerprints(np.clip(lines.astype(int) + 5, 0, 255).astype(np.uint8))
    assert np.abs(moved.astype(int) - fingerprints.edge_fingerprints(lines)).max() <= 1
