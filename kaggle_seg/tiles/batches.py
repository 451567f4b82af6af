"""Training batches: the order of the tiles and their flips, computed from (seed, epoch) alone.

Whoever knows seed and epoch knows every batch, so that a resumed training sees what an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kaggle_seg.tiles.reading import ahead

QUARTER_TURNS, SYMMETRIES = 4, 8


def transform(array: np.ndarray, symmetry: int) -> np.ndarray:
    """One of the D4 symmetries, the eight flips and quarter turns of a square; exact, no interpolation.

    Args:
        array: (..., H, W), any dtype: masks or maps. For images see `transform_image`.
        symmetry: 0 to 7: from 4 on mirrored left to right, then `symmetry % 4` quarter turns counter-clockwise.

    Returns:
        A view, (..., H, W), or (..., W, H) for an odd number of quarter turns.
    """
    if symmetry >= QUARTER_TURNS:
        array = array[..., ::-1]
    return np.rot90(array, symmetry % QUARTER_TURNS, axes=(-2, -1))


def inverse(symmetry: int) -> int:
    """The symmetry that undoes another."""
    return symmetry if symmetry >= QUARTER_TURNS else -symmetry % QUARTER_TURNS


def transform_image(images: np.ndarray, symmetry: int) -> np.ndarray:
    """`transform` for images (..., H, W, C)."""
    return np.moveaxis(transform(np.moveaxis(images, -1, -3), symmetry), -3, -1)


def symmetries(height: int, width: int) -> tuple[int, ...]:
    """The symmetries that keep a tile's size: all eight for a square one, else the four without a quarter turn."""
    return tuple(range(SYMMETRIES)) if height == width else (0, 2, 4, 6)


@dataclass(frozen=True)
class Batches:
    """Training tiles in batches of equal size.

    Attributes:
        images: uint8 (N, H, W, 3), memory-mapped.
        masks: uint8 (N, H, W) of 0 and 1, memory-mapped.
        rows: int (M,): which of the N tiles are trained on.
        batch_size: tiles in a batch; the last batch of an epoch is filled up from the epoch's first tiles.
        seed: together with the epoch's number it decides order and flips.
    """

    images: np.ndarray
    masks: np.ndarray
    rows: np.ndarray
    batch_size: int
    seed: int

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def plan(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """What the batches of one epoch are made of.

        Returns:
            For each batch the rows of its tiles, and the symmetry of each: int (batches, B), twice.
        """
        random = np.random.default_rng((self.seed, number))
        order = np.resize(random.permutation(self.rows), len(self) * self.batch_size)
        chosen = random.choice(symmetries(*self.masks.shape[1:]), len(order))
        return order.reshape(len(self), -1), chosen.reshape(len(self), -1)

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The batches of one epoch.

        Returns:
            One by one, images uint8 (B, H, W, 3), masks uint8 (B, H, W, 1), rows int (B,).
        """
        # gathered while the network computes on the batch before
        return ahead(lambda both: self._gather(*both), zip(*self.plan(number), strict=True), most=2)

    def _gather(self, rows: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        images = np.stack([transform_image(self.images[row], symmetry) for row, symmetry in zip(rows, chosen, strict=True)])
        masks = np.stack([transform(self.masks[row], symmetry) for row, symmetry in zip(rows, chosen, strict=True)])
        return images, masks[..., np.newaxis], rows
