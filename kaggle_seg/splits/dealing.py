"""Dealing blocks of tiles into folds that resemble each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.errors import BadInput
from kaggle_seg.splits.grouping import Grouping, chance

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


def deal(grouping: Grouping, ids: Sequence[str], buildings: NDArray[np.int64], folds: int, seed: int) -> list[int]:
    """Deals whole blocks into folds alike in number of tiles, in tiles of each stratum and in building pixels.

    Large blocks are dealt first, those of one size in an order drawn by the seed; each goes where it makes the sum of
    squares, over folds and over what is to be alike, grow least. Runs that follow one another go to different folds where
    they can, else they would make longer ones.

    Args:
        grouping: the blocks.
        ids: of the N tiles.
        buildings: int64 (N,); building pixels of each tile.
        folds: how many, at least 2.
        seed: decides among equals.

    Returns:
        The fold of each tile.

    Raises:
        BadInput: fewer blocks than folds.
    """
    blocks = grouping.blocks
    if len(blocks) < folds:
        raise BadInput(f"--folds {folds}: the tiles make only {len(blocks)} blocks that stay together; ask for fewer folds")
    counts = np.column_stack([np.ones_like(buildings), buildings, np.eye(BANDS + 1, dtype=np.int64)[strata(buildings)]])
    totals = [max(1, int(total)) for total in counts.sum(axis=0)]
    have = [[0.0] * len(totals) for _ in range(folds)]
    fold_of: dict[int, int] = {}
    for block in sorted(range(len(blocks)), key=lambda block: (-len(blocks[block]), chance(seed, ids[blocks[block][0]]))):
        shares = [int(count) / total for count, total in zip(counts[blocks[block]].sum(axis=0), totals, strict=True)]
        beside = {fold_of.get(block - 1), fold_of.get(block + 1)} if grouping.in_order else set()
        open_to = [fold for fold in range(folds) if fold not in beside] or list(range(folds))
        growth = {fold: sum(a * b for a, b in zip(have[fold], shares, strict=True)) for fold in open_to}
        best = fold_of[block] = min(growth, key=growth.__getitem__)
        have[best] = [before + more for before, more in zip(have[best], shares, strict=True)]
    by_tile = {row: fold for block, fold in fold_of.items() for row in blocks[block]}
    return [by_tile[row] for row in range(len(ids))]
