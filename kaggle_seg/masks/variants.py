"""Metric variants: the scores of a mask, each under one rule for tiles without buildings.

A variant has a key, under which files keep it, and a label, which is the one name that people read:

    key                 label
    score_empty_one     score (empty tiles count 1)      an empty tile counts 1 for an empty prediction, else 0
    score_empty_zero    score (empty tiles count 0)      an empty tile counts 0, whatever is predicted
    score_buildings     score (tiles with buildings)     empty tiles are left out
    iou_empty_one ...   IoU (empty tiles count 1) ...    the same with the IoU of a tile

Older files have `competition_one`, `iou_zero` and the like; both forms are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from kaggle_seg.competition import Competition, EmptyTile, ScoreKind
from kaggle_seg.errors import BadInput

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

    def label(self, competition: Competition) -> str:
        """Its name for people; the competition says what its own score is called.

        >>> MetricVariant("competition", "zero").label(Competition("houses", score="dice"))
        'Dice (empty tiles count 0)'
        """
        name = NAMES[competition.score] if self.score == "competition" else NAMES["iou"]
        tiles = {"one": "empty tiles count 1", "zero": "empty tiles count 0", None: "tiles with buildings"}
        return f"{name} ({tiles[self.empty_tile]})"


VARIANTS = tuple(MetricVariant(score, empty) for score in get_args(Score) for empty in (*get_args(EmptyTile), None))
"""All of them: first the competition's score, then the IoU."""


def parse_variant(text: str) -> MetricVariant:
    """The variant of a key, or of the name that older files have for it.

    Raises:
        BadInput: there is none of that name.

    >>> parse_variant("score_empty_one") == parse_variant("competition_one") == MetricVariant("competition", "one")
    True
    """
    for variant in VARIANTS:
        if text in (variant.key, f"{variant.score}_{variant.empty_tile or 'buildings'}"):
            return variant
    raise BadInput(f"metric variant {text!r}: unknown; wanted one of {', '.join(variant.key for variant in VARIANTS)}")
