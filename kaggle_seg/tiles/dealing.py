"""Dealing blocks of tiles into folds that resemble each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.grouping import chance

BANDS = 4  # of tiles with buildings, equally many in each, by how much of them is built over


def strata(buildings: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stratum of each tile: 0 without buildings, else 1 to 4 by building share.

    Args:
        buildings: int64 (N,); building pixels of each tile.

    Returns:
        int64 (N,).
    """
    built = np.flatnonzero(buildings)
    stratum = np.zeros(len(buildings), np.int64)
    by_share = built[np.argsort(buildings[built], kind="stable")]
    stratum[by_share] = 1 + np.arange(len(built)) * BANDS // max(1, len(built))
    return stratum


def deal(
    blocks: Sequence[Sequence[int]], names: Sequence[str], buildings: NDArray[np.int64], folds: int, seed: int
) -> list[int]:
    """Deals whole blocks into folds alike in number of tiles, in tiles of each stratum and in building pixels.

    Large blocks are dealt first, those of one size in an order drawn by the seed; each goes where it makes the sum of
    squares, over folds and over what is to be alike, grow least.

    Args:
        blocks: rows of tiles that stay together; every tile is in one.
        names: the tiles' ids.
        buildings: int64 (N,); building pixels of each tile.
        folds: how many, at least 2.
        seed: decides among equals.

    Returns:
        The fold of each tile.

    Raises:
        BadInput: fewer blocks than folds.
    """
    if len(blocks) < folds:
        raise BadInput(f"--folds {folds}: the tiles make only {len(blocks)} blocks that stay together; ask for fewer folds")
    counts = np.column_stack([np.ones_like(buildings), buildings, np.eye(BANDS + 1, dtype=np.int64)[strata(buildings)]])
    totals = [max(1, int(total)) for total in counts.sum(axis=0)]
    dealt = [[0.0] * len(totals) for _ in range(folds)]
    fold_of = [0] * len(names)
    for block in sorted(blocks, key=lambda rows: (-len(rows), chance(seed, names[rows[0]]))):
        shares = [int(count) / total for count, total in zip(counts[block].sum(axis=0), totals, strict=True)]
        growth = [sum(have * more for have, more in zip(fold, shares, strict=True)) for fold in dealt]
        best = growth.index(min(growth))
        dealt[best] = [have + more for have, more in zip(dealt[best], shares, strict=True)]
        for row in block:
            fold_of[row] = best
    return fold_of
