"""What a mask earns, tile by tile, counted in whole pixels.

The competition score of a tile is the share of the ten IoU steps 0.50, 0.55, ... 0.95 that its IoU exceeds strictly:

    IoU      <= .50   .60   .70   .76   .80   .85   .90   > .95
    score         0    .2    .4    .6    .6    .7    .8     1.0

In floating point an IoU of exactly 0.60 exceeds 0.60 or does not, as rounding falls; in integers step k (of 20) is passed
when 20 * intersection > k * union, and that is that.

A tile without buildings has an IoU of 0/0 where nothing is predicted. Two readings, by name: "one" gives 1 for the empty
prediction, "zero" gives 0; any other prediction there earns 0 in both. Only the empty prediction has an empty union, so
intersection and union are all that the scores below need to know.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kaggle_seg.competition import DEFAULT, Competition, EmptyTile
from kaggle_seg.masks.maps import LEVELS


def ious(intersection: np.ndarray, union: np.ndarray, empty_tile: EmptyTile = DEFAULT.empty_tile) -> np.ndarray:
    """IoU (Jaccard index) of each tile.

    Args:
        intersection: int, any shape; pixels in both masks.
        union: int, the same shape; pixels in either mask.
        empty_tile: what an empty union counts as.

    Returns:
        float64 in [0, 1], the same shape.
    """
    intersection, union = np.asarray(intersection), np.asarray(union)
    of_nothing = np.full(union.shape, float(empty_tile == "one"))
    return np.divide(intersection, union, out=of_nothing, where=union > 0)


def competition_scores(
    intersection: np.ndarray,
    union: np.ndarray,
    empty_tile: EmptyTile = DEFAULT.empty_tile,
    steps: Sequence[int] = DEFAULT.iou_steps,
) -> np.ndarray:
    """Competition score of each tile.

    Args:
        intersection: int, any shape; pixels in both masks.
        union: int, the same shape; pixels in either mask.
        empty_tile: what an empty union earns.
        steps: the IoU steps, in twentieths.

    Returns:
        float64 in [0, 1], the same shape.

    >>> competition_scores(np.array([60, 61, 0]), np.array([100, 100, 0])).tolist()
    [0.2, 0.3, 1.0]
    """
    twentyfold = 20 * np.asarray(intersection, np.int64)
    union = np.asarray(union, np.int64)
    passed = np.zeros(union.shape, np.int64)
    for step in steps:
        passed += twentyfold > step * union
    if empty_tile == "one":
        passed[union == 0] = len(steps)
    return passed / len(steps)


def dice(intersection: np.ndarray, union: np.ndarray, empty_tile: EmptyTile = DEFAULT.empty_tile) -> np.ndarray:
    """Dice coefficient of each tile, 2I / (I + U); arguments and result as of `ious`.

    >>> dice(np.array([1, 0]), np.array([3, 0])).tolist()
    [0.5, 1.0]
    """
    return ious(2 * np.asarray(intersection), np.asarray(intersection) + union, empty_tile)


def scores_of(
    competition: Competition, intersection: np.ndarray, union: np.ndarray, empty_tile: EmptyTile | None = None
) -> np.ndarray:
    """What each tile earns in a competition.

    Args:
        competition: its kind of score and its IoU steps.
        intersection, union: int, any shape.
        empty_tile: what an empty union earns; None: what the competition says.

    Returns:
        float64 in [0, 1], the same shape.
    """
    empty_tile = empty_tile or competition.empty_tile
    if competition.score == "iou_steps":
        return competition_scores(intersection, union, empty_tile, competition.iou_steps)
    return {"iou": ious, "dice": dice}[competition.score](intersection, union, empty_tile)


def overlaps(predicted: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intersection and union of each tile's masks.

    Args:
        predicted: bool or 0/1 (N, H, W).
        truth: bool or 0/1 (N, H, W).

    Returns:
        Intersections and unions, int64 (N,).
    """
    predicted, truth = np.asarray(predicted, bool), np.asarray(truth, bool)
    return (
        np.count_nonzero(predicted & truth, axis=(1, 2)).astype(np.int64),
        np.count_nonzero(predicted | truth, axis=(1, 2)).astype(np.int64),
    )


def threshold_table(levels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intersection and union of each tile at all 256 thresholds, from one histogram of its levels.

    A pixel of level l is in the masks of all thresholds up to l, so the counts at threshold k are the histogram's sums
    from k upwards: one pass over the pixels instead of 256.

    Args:
        levels: uint8 (N, H, W).
        truth: bool or 0/1 (N, H, W).

    Returns:
        Intersections and unions, int64 (N, 256); column k is for the mask `level >= k`.
    """
    intersection = np.empty((len(levels), LEVELS), np.int64)
    union = np.empty((len(levels), LEVELS), np.int64)
    for tile, (tile_levels, tile_truth) in enumerate(zip(levels, truth, strict=True)):
        # levels of background in the lower half of the histogram, of buildings in the upper
        keys = tile_levels.ravel() + LEVELS * np.asarray(tile_truth, bool).ravel().astype(np.uint16)
        histogram = np.bincount(keys, minlength=2 * LEVELS).reshape(2, LEVELS)
        outside, inside = histogram[:, ::-1].cumsum(axis=1)[:, ::-1]
        intersection[tile] = inside
        union[tile] = inside[0] + outside
    return intersection, union
