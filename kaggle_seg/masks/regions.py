"""How many patches of building pixels a mask has, counted from its runs.

`scipy.ndimage.label` counts the same and more, but importing it takes as long as all else that `inspect` does in its second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.masks.rle import find_changes


def count_regions(masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Counts the regions of masks; pixels belong together when they touch at an edge or a corner, as in `cleaning`.

    Args:
        masks: bool (N, H, W), N >= 1.

    Returns:
        int64 (N,).

    >>> int(count_regions(np.array([[[1, 1, 0], [0, 0, 1], [1, 0, 1]]], bool))[0])
    2
    """
    count, height = len(masks), masks.shape[1] + 1
    # the blank row ends every run with its column; the blank column keeps the next mask away
    padded = np.pad(masks, ((0, 0), (0, 1), (0, 1)))
    changes = find_changes(padded)
    starts, ends = changes[::2], changes[1::2]
    labels = join(len(starts), *neighbours(starts, ends, height))
    image = starts // (padded[0].size + 1)
    return np.bincount(image[labels == np.arange(len(labels))], minlength=count)


def neighbours(
    starts: NDArray[np.integer], ends: NDArray[np.integer], height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of runs that touch: a run of one column and a run of the next that share a row or meet at a corner.

    Args:
        starts, ends: (R,) keys of the runs as `find_changes` gives them, each run within one column.
        height: of a column, which is how far apart the keys of one row are in two columns.

    Returns:
        The numbers of the left runs and of the right runs, both (pairs,).
    """
    first = np.searchsorted(ends, starts + height, "left")
    behind = np.searchsorted(starts, ends + height, "right")
    partners = behind - first
    before = np.cumsum(partners) - partners
    return np.repeat(np.arange(len(starts)), partners), np.arange(partners.sum()) + np.repeat(first - before, partners)


def join(count: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels things by what they are joined to: each gets the lowest number among all that hang together with it.

    In each turn the higher label of a pair takes over the lower one, then every label that of the thing it names, so that
    labels run along a chain in a number of turns that grows with the logarithm of its length.
    """
    labels = np.arange(count)
    while True:
        lower, higher = np.sort([labels[left], labels[right]], axis=0)
        if np.array_equal(lower, higher):
            return labels
        np.minimum.at(labels, higher, lower)
        labels = labels[labels]
