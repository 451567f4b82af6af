"""Bootstrap clusters: the tiles that cross-fitting and bootstrapping keep together.

Neighbouring tiles resemble each other, so 1000 tiles of 30 scenes say less than 1000 tiles from 1000 places. Whole clusters
(scenes, groups, or pieces of consecutive ids) are left out and drawn, never single tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from kaggle_seg.competition import natural_key
from kaggle_seg.decisions.record import Estimate

PARTS = 10  # for cross-fitting: nine tenths of the tiles choose what the last tenth is scored with
DRAWS = 2000
SEED = 20191201
FEWEST = 20  # clusters below which a percentile interval is too narrow to be relied on
FEWEST_EFFECTIVE = 10  # the same for clusters of unequal size, counted as so many of equal size


class BootstrapClusters:
    """The cluster of each tile.

    Attributes:
        index: int (N,), the number of each tile's cluster in natural order of the clusters' names.
        count: how many clusters there are.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Takes the name of each tile's cluster."""
        order = {name: number for number, name in enumerate(sorted(set(names), key=natural_key))}
        self.index = np.array([order[name] for name in names], np.int64)
        self.count = len(order)

    @property
    def effective(self) -> float:
        """As how many clusters of equal size these count: (sum n)^2 / sum n^2 for clusters of n tiles.

        Source: L. Kish, Survey Sampling, 1965: the effective size of a sample with unequal weights.

        >>> BootstrapClusters(["a", "a", "b", "b"]).effective, BootstrapClusters(["a", "a", "a", "b"]).effective
        (2.0, 1.6)
        """
        sizes = np.bincount(self.index)
        return float(sizes.sum() ** 2 / (sizes**2).sum())

    @property
    def reliable(self) -> bool:
        """Whether there are enough clusters for a reliable interval."""
        return self.count >= FEWEST and self.effective >= FEWEST_EFFECTIVE

    def parts(self) -> np.ndarray:
        """Deals whole clusters into at most ten parts of about equally many tiles.

        Clusters that follow each other go to the same part where they can: pieces of one block may resemble each other.

        Returns:
            int (N,), the part of each tile; at least two parts if there are two clusters.
        """
        sizes = np.bincount(self.index, minlength=self.count)
        middles = (np.cumsum(sizes) - sizes / 2) / max(1, len(self.index))
        part = np.floor(middles * min(PARTS, self.count)).astype(np.int64)
        return np.unique(part, return_inverse=True)[1][self.index]

    def estimate(self, values: np.ndarray, counted: np.ndarray | None = None) -> Estimate | None:
        """The mean of a value over the tiles, with a percentile interval from 2000 bootstraps of whole clusters.

        The same clusters are drawn in every call, so that estimates of one set of tiles can be compared.

        Args:
            values: float (N,), one a tile.
            counted: bool (N,), the tiles that count; None: all.

        Returns:
            The estimate; None if no tile counts.
        """
        counted = np.ones(len(values), bool) if counted is None else counted
        if not counted.any():
            return None
        totals = np.bincount(self.index[counted], weights=values[counted], minlength=self.count)
        sizes = np.bincount(self.index[counted], minlength=self.count)
        means = []
        for drawn in self._draws():
            tiles = sizes[drawn].sum(axis=1)
            means.append(totals[drawn].sum(axis=1)[tiles > 0] / tiles[tiles > 0])
        low, high = np.percentile(np.concatenate(means), (2.5, 97.5))
        return Estimate(float(totals.sum() / sizes.sum()), float(low), float(high))

    def _draws(self) -> Iterator[np.ndarray]:
        """The clusters drawn with replacement, int (draws, count), a block of at most a million at a time."""
        random = np.random.default_rng(SEED)
        at_once = max(1, 1_000_000 // self.count)
        for first in range(0, DRAWS, at_once):
            yield random.integers(self.count, size=(min(at_once, DRAWS - first), self.count))


def choosers(count: int) -> np.ndarray:
    """The parts that choose for each of `count` parts: all others, or the part itself where it is the only one.

    >>> choosers(3).astype(int).tolist(), choosers(1).tolist()
    ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], [[True]])
    """
    return ~np.eye(count, dtype=bool) if count > 1 else np.ones((1, 1), bool)


def cross_fit(choose: Callable[[np.ndarray], int], parts: np.ndarray) -> np.ndarray:
    """The setting that each tile is scored in: what the other parts choose.

    Args:
        choose: from the parts that choose, bool (P,), to the column of the setting that they choose.
        parts: int (N,), the part of each tile, from 0.

    Returns:
        int (N,), columns.
    """
    return np.array([choose(others) for others in choosers(int(parts.max()) + 1)])[parts]
