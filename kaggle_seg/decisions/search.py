"""Choosing among the settings of a rule, on all parts of the tiles or, cross-fitted, on the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

REACH = 8  # settings to either side over which a curve is smoothed before its maximum is taken
SAME = 1e-9  # scores nearer than this are equal, in whatever order a processor sums them

Choose = Callable[[np.ndarray], int]
"""From the parts that choose, bool (P,), to the column of the setting that they choose."""


@dataclass(frozen=True)
class PartScores:
    """What the tiles of P parts earn in K settings; whoever chooses, chooses by whole parts.

    Attributes:
        sums: float64 (P, K), the scores of each part's tiles, added up.
        sizes: int (P,), how many tiles each part has.
    """

    sums: np.ndarray
    sizes: np.ndarray

    def means(self, parts: np.ndarray) -> np.ndarray:
        """The mean score of a tile of some parts, bool (P,), in each setting: float64 (K,)."""
        return self.sums[parts].sum(axis=0) / self.sizes[parts].sum()


def smoothed_peak(scores: PartScores) -> Choose:
    """Chooses where the mean score, averaged over the neighbouring settings, is greatest; the middle of a plateau.

    Args:
        scores: in a row of neighbouring settings.
    """
    window = np.ones(2 * REACH + 1)
    neighbours = np.convolve(np.ones(scores.sums.shape[1]), window)[REACH:-REACH]

    def choose(parts: np.ndarray) -> int:
        smooth = np.convolve(scores.means(parts), window)[REACH:-REACH] / neighbours
        best = np.flatnonzero(smooth >= smooth.max() - SAME)
        return int(best[len(best) // 2])

    return choose


def best_near(scores: PartScores, levels: Sequence[int], levels_near: Callable[[np.ndarray], Sequence[int]]) -> Choose:
    """Chooses the greatest mean score among the settings at certain levels; of equals the first.

    Args:
        scores: in K settings.
        levels: the level of each setting, K.
        levels_near: from the parts that choose, bool (P,), to the levels among which they choose.
    """

    def choose(parts: np.ndarray) -> int:
        means = np.where(np.isin(levels, levels_near(parts)), scores.means(parts), -np.inf)
        return int(np.argmax(means >= means.max() - SAME))

    return choose


def always(column: int) -> Choose:
    """Chooses one setting, whatever the parts."""
    return lambda parts: column


def choosers(count: int) -> np.ndarray:
    """The parts that choose for each of so many: all the others, or itself where there is only one.

    >>> choosers(3).astype(int).tolist(), choosers(1).tolist()
    ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], [[True]])
    """
    return ~np.eye(count, dtype=bool) if count > 1 else np.ones((1, 1), bool)


def cross_fit(choose: Choose, parts: np.ndarray) -> np.ndarray:
    """The setting that each tile is scored in: what the other parts choose.

    Args:
        choose: how to choose.
        parts: int (N,), the part of each tile, from 0.

    Returns:
        int (N,), columns.
    """
    return np.array([choose(others) for others in choosers(int(parts.max()) + 1)])[parts]
