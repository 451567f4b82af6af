"""Choosing among the settings of a rule, on all tiles or, cross-fitted, on those of the other parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

REACH = 8  # settings to either side over which a curve is smoothed before its maximum is taken
SAME = 1e-9  # scores nearer than this are equal, in whatever order a processor sums them

Choose = Callable[[np.ndarray], int]
"""From the tiles that choose, bool (N,), to the column of the setting that they choose."""


def smoothed_peak(scores: np.ndarray) -> Choose:
    """Chooses where the mean score, averaged over the neighbouring settings, is greatest; the middle of a plateau.

    Args:
        scores: float64 (N, K), of each tile in each of a row of K neighbouring settings.
    """
    window = np.ones(2 * REACH + 1)
    neighbours = np.convolve(np.ones(scores.shape[1]), window)[REACH:-REACH]

    def choose(tiles: np.ndarray) -> int:
        smooth = np.convolve(scores[tiles].mean(axis=0), window)[REACH:-REACH] / neighbours
        best = np.flatnonzero(smooth >= smooth.max() - SAME)
        return int(best[len(best) // 2])

    return choose


def best_near(scores: np.ndarray, levels: Sequence[int], levels_near: Callable[[np.ndarray], Sequence[int]]) -> Choose:
    """Chooses the greatest mean score among the settings at certain levels; of equals the first.

    Args:
        scores: float64 (N, K), of each tile in each setting.
        levels: the level of each setting, K.
        levels_near: from the tiles that choose, bool (N,), to the levels among which they choose.
    """

    def choose(tiles: np.ndarray) -> int:
        means = np.where(np.isin(levels, levels_near(tiles)), scores[tiles].mean(axis=0), -np.inf)
        return int(np.argmax(means >= means.max() - SAME))

    return choose


def always(column: int) -> Choose:
    """Chooses one setting, whatever the tiles."""
    return lambda tiles: column


def choosers(parts: np.ndarray) -> list[np.ndarray]:
    """The tiles that choose for each part: all the others.

    Args:
        parts: int (N,), the part of each tile, from 0.

    Returns:
        One bool (N,) for each part; all tiles where there is only one part, and so nothing to leave out.
    """
    count = int(parts.max()) + 1
    return [parts != part for part in range(count)] if count > 1 else [np.ones(len(parts), bool)]


def cross_fit(choose: Choose, parts: np.ndarray) -> np.ndarray:
    """The setting that each tile is scored in: what the tiles of the other parts choose.

    Args:
        choose: how to choose.
        parts: int (N,), the part of each tile, from 0.

    Returns:
        int (N,), columns.
    """
    return np.array([choose(tiles) for tiles in choosers(parts)])[parts]
