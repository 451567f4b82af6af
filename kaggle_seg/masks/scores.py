"""Metric variants: what a mask scores, tile by tile, counted in whole pixels.

The competition score of a tile is the share of the ten IoU steps 0.50, 0.55, ... 0.95 that its IoU exceeds strictly:

    IoU      <= .50   .60   .70   .76   .80   .85   .90   > .95
    score         0    .2    .4    .6    .6    .7    .8     1.0

In floating point an IoU of exactly 0.60 exceeds 0.60 or does not, as rounding falls; in integers step k (of 20) is passed
when 20 * intersection > k * union, without rounding. Other competitions count the IoU itself, or the Dice coefficient.

A tile without buildings has an IoU of 0/0 where nothing is predicted. So there are variants of each score, one for each rule
for such tiles. Files keep a variant under its key; people read its label, which is the same everywhere:

    key                 label
    score_empty_one     score (empty tiles count 1)      an empty tile counts 1 for an empty prediction, else 0
    score_empty_zero    score (empty tiles count 0)      an empty tile counts 0, whatever is predicted
    score_buildings     score (tiles with buildings)     empty tiles are left out
    iou_empty_one ...   IoU (empty tiles count 1) ...    the same with the IoU of a tile

Only the empty prediction has an empty union there, so intersection and union are all that the scores below need to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from kaggle_seg.competition import Competition, EmptyTile, ScoreKind
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import LEVELS

Score = Literal["competition", "iou"]

NAMES: dict[ScoreKind, str] = {"iou_steps": "score", "iou": "IoU", "dice": "Dice"}


@dataclass(frozen=True)
class MetricVariant:
    """A score under one rule for tiles without buildings.

    Attributes:
        score: the competition's own score, or the IoU of a tile.
        empty_tile: what a tile without buildings counts for an empty prediction; None: only tiles with buildings count.
    """

    score: Score
    empty_tile: EmptyTile | None

    @property
    def key(self) -> str:
        """Its name in files.

        >>> MetricVariant("competition", "one").key, MetricVariant("iou", None).key
        ('score_empty_one', 'iou_buildings')
        """
        score = "score" if self.score == "competition" else "iou"
        return f"{score}_buildings" if self.empty_tile is None else f"{score}_empty_{self.empty_tile}"

    def kind(self, competition: Competition) -> ScoreKind:
        """The kind of score that a tile has in it."""
        return competition.score if self.score == "competition" else "iou"

    def label(self, competition: Competition) -> str:
        """Its name for people; the competition says what its own score is called.

        >>> MetricVariant("competition", "zero").label(Competition("houses", score="dice"))
        'Dice (empty tiles count 0)'
        """
        name = NAMES[self.kind(competition)]
        tiles = {"one": "empty tiles count 1", "zero": "empty tiles count 0", None: "tiles with buildings"}
        return f"{name} ({tiles[self.empty_tile]})"

    def values(self, competition: Competition, intersection: np.ndarray, union: np.ndarray) -> np.ndarray:
        """What each tile scores.

        Args:
            competition: its kind of score and its IoU steps.
            intersection: int, any shape; pixels in both masks.
            union: int, the same shape; pixels in either mask.

        Returns:
            float64 in [0, 1], the same shape. Where only tiles with buildings count, an empty union is 0 here, and the
            caller leaves those tiles out.
        """
        kind, empty_tile = self.kind(competition), self.empty_tile or "zero"
        if kind == "iou_steps":
            return competition_scores(intersection, union, empty_tile, competition.iou_steps)
        return {"iou": ious, "dice": dice}[kind](intersection, union, empty_tile)


VARIANTS = tuple(MetricVariant(score, empty) for score in get_args(Score) for empty in (*get_args(EmptyTile), None))
"""All of them: first the competition's score, then the IoU."""
EVERY_TILE = tuple(variant for variant in VARIANTS if variant.empty_tile is not None)
"""Those in which every tile counts."""


def parse_variant(text: str) -> MetricVariant:
    """The variant of a key, or of the name that older files have for it, e.g. `competition_one`.

    Raises:
        BadInput: there is none of that name.

    >>> parse_variant("score_empty_one") == parse_variant("competition_one") == MetricVariant("competition", "one")
    True
    """
    for variant in VARIANTS:
        if text in (variant.key, f"{variant.score}_{variant.empty_tile or 'buildings'}"):
            return variant
    raise BadInput(f"metric variant {text!r}: unknown; wanted one of {', '.join(variant.key for variant in VARIANTS)}")


def by_label(variants: Sequence[MetricVariant], competition: Competition) -> dict[str, MetricVariant]:
    """Variants by their names for people; of two with one name, as where the score is the IoU, the first."""
    labels: dict[str, MetricVariant] = {}
    for variant in variants:
        labels.setdefault(variant.label(competition), variant)
    return labels


def own_variant(competition: Competition) -> MetricVariant:
    """A competition's own score under its own rule for empty tiles."""
    return MetricVariant("competition", competition.empty_tile)


def ious(intersection: np.ndarray, union: np.ndarray, empty_tile: EmptyTile) -> np.ndarray:
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
    empty_tile: EmptyTile,
    steps: Sequence[int],
) -> np.ndarray:
    """Competition score of each tile.

    Args:
        intersection: int, any shape; pixels in both masks.
        union: int, the same shape; pixels in either mask.
        empty_tile: what an empty union counts as.
        steps: the IoU steps, in twentieths.

    Returns:
        float64 in [0, 1], the same shape.

    >>> competition_scores(np.array([60, 61, 0]), np.array([100, 100, 0]), "one", range(10, 20)).tolist()
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


def dice(intersection: np.ndarray, union: np.ndarray, empty_tile: EmptyTile) -> np.ndarray:
    """Dice coefficient of each tile, 2I / (I + U); arguments and result as of `ious`.

    >>> dice(np.array([1, 0]), np.array([3, 0]), "one").tolist()
    [0.5, 1.0]
    """
    return ious(2 * np.asarray(intersection), np.asarray(intersection) + union, empty_tile)


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
