"""What a gallery is of, and what its page knows of each tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaggle_seg.competition import Competition
from kaggle_seg.masks.scores import NAMES, MetricVariant
from kaggle_seg.output import shown

if TYPE_CHECKING:
    from kaggle_seg.masks.averaging import Maps
    from kaggle_seg.pages.gallery.packed_maps import TileMap
    from kaggle_seg.submission.comparison import Agreement
    from kaggle_seg.submission.figures import Figures
    from kaggle_seg.submission.table import Submission
    from kaggle_seg.submission.truth import Truth


@dataclass(frozen=True)
class Subject:
    """What a gallery is of.

    Attributes:
        submission: the CSV.
        figures: figures of its masks that can be read.
        faults: what is wrong with it, a line each.
        truth: its score on masks that a person has, if they are there.
        other, agreement: the CSV it is compared with, and how much they agree.
        data: the folder of tiles; None: the one in the JSON beside the CSV.
        origin: the CSV whose JSON tells the runs; None: its own.
        maps: the tiles' probability maps; None: those of the runs' test tiles.
        images: the tiles' files, by image id; None: those of the test tiles.
    """

    submission: Submission
    figures: Figures
    faults: Sequence[str] = ()
    truth: Truth | None = None
    other: Submission | None = None
    agreement: Agreement | None = None
    data: Path | None = None
    origin: Path | None = None
    maps: Maps | None = None
    images: Mapping[str, Path] | None = None

    @property
    def path(self) -> Path:
        """Where its page goes: beside the CSV."""
        against = f"-against-{self.other.path.stem}" if self.other else ""
        return self.submission.path.with_name(f"{self.submission.path.stem}{against}.html")

    @property
    def csv(self) -> Path:
        """The CSV whose JSON tells the runs."""
        return self.origin or self.submission.path

    @property
    def title(self) -> str:
        """The page's heading."""
        if self.origin:
            return f"{shown(self.origin)}: validation tiles"
        against = f" against {shown(self.other.path)}" if self.other else ""
        return shown(self.submission.path) + against

    @property
    def competition(self) -> Competition:
        """The competition that the CSV is for."""
        return self.submission.competition

    @property
    def score_name(self) -> str:
        """What the competition's score is called."""
        return NAMES[self.competition.score]


def tile_facts(subject: Subject, maps: Mapping[str, TileMap]) -> list[dict[str, Any]]:
    """What the page knows of each tile, in the CSV's order."""
    figures, competition = subject.figures, subject.competition
    place_of = {id(row): place for place, row in enumerate(figures.rows)}
    truth = truth_by_stem(subject.truth) if subject.truth else {}
    agreed = dict(zip(subject.agreement.stems, subject.agreement.ious, strict=True)) if subject.agreement else {}
    tiles = []
    for row in subject.submission.images:
        tile: dict[str, Any] = {"id": row.stem, "line": row.line, "runs": None}
        if (place := place_of.get(id(row))) is not None:
            share, regions = float(figures.shares[place]), int(figures.regions[place])
            tile |= {"runs": row.run_lengths, "share": round(share, 5), "regions": regions}
        if packed := maps.get(row.stem):
            tile |= {"uncertainty": round(packed.uncertainty, 5)}
            if packed.expected_iou is not None:
                tile |= {"expected": round(packed.expected_iou, 4)} | score_at(packed.expected_iou, competition)
        tile |= truth.get(row.stem, {})
        if subject.other and row.stem in agreed:
            tile |= {"other": subject.other.by_stem[row.stem].run_lengths, "agreement": round(float(agreed[row.stem]), 4)}
        tiles.append(tile)
    return tiles


def score_at(iou: float, competition: Competition) -> dict[str, float]:
    """The score of a tile whose IoU is the expected one; nothing where the competition does not count IoU steps."""
    if competition.score != "iou_steps":
        return {}
    return {"expectedScore": sum(20 * iou > step for step in competition.iou_steps) / len(competition.iou_steps)}


def truth_by_stem(truth: Truth) -> dict[str, dict[str, Any]]:
    """The true mask and the score of each tile that has one, by image id."""
    ious, scores = (truth.scores(MetricVariant(score, "one")) for score in ("iou", "competition"))
    facts = [
        {"truth": runs, "iou": round(float(iou), 4), "score": round(float(score), 4)}
        for runs, iou, score in zip(truth.run_lengths, ious, scores, strict=True)
    ]
    if truth.competition.score == "iou":  # the same number under another name
        facts = [{name: value for name, value in tile.items() if name != "score"} for tile in facts]
    return dict(zip(truth.stems, facts, strict=True))
