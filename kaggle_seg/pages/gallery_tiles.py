"""What a gallery's page knows of each tile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.pages.gallery_fitting import Block
from kaggle_seg.pages.gallery_maps import TileMap
from kaggle_seg.pages.gallery_subject import Subject
from kaggle_seg.submission.truth import Truth


def tile_facts(subject: Subject, maps: dict[str, TileMap]) -> list[dict[str, Any]]:
    """What the page knows of each tile, in the CSV's order."""
    figures = subject.figures
    place_of = {id(row): place for place, row in enumerate(figures.rows)}
    truth = truth_by_stem(subject.truth) if subject.truth else {}
    agreed = dict(zip(subject.agreement.stems, subject.agreement.ious, strict=True)) if subject.agreement else {}
    tiles = []
    for row in subject.submission.images:
        tile: dict[str, Any] = {"id": row.stem, "line": row.line, "runs": None}
        if (place := place_of.get(id(row))) is not None:
            share, regions = float(figures.shares[place]), int(figures.regions[place])
            tile |= {"runs": row.run_lengths, "share": round(share, 5), "regions": regions}
        if found := maps.get(row.stem):
            tile |= {"uncertainty": round(found.uncertainty, 5), "highest": found.highest}
            if found.expected_iou is not None:
                tile |= {"expected": round(found.expected_iou, 4)}
                tile |= score_at(found.expected_iou, subject.submission.competition)
        tile |= truth.get(row.stem, {})
        if subject.other and row.stem in agreed:
            tile |= {"other": subject.other.by_stem[row.stem].run_lengths, "agreement": round(float(agreed[row.stem]), 4)}
        tiles.append(tile)
    return tiles


def score_at(iou: float, competition: Competition) -> dict[str, float]:
    """What a tile earns if its IoU is the expected one; nothing where the competition does not count IoU steps."""
    if competition.score != "iou_steps":
        return {}
    return {"expectedScore": sum(20 * iou > step for step in competition.iou_steps) / len(competition.iou_steps)}


def truth_by_stem(truth: Truth) -> dict[str, dict[str, Any]]:
    """The true mask and the score of each tile that has one, by image id."""
    scores = truth.by_tile()
    return {
        stem: {"truth": truth.run_lengths[at], "iou": round(float(scores["iou_one"][at]), 4)}
        | {"score": round(float(scores["competition_one"][at]), 4)}
        for at, stem in enumerate(truth.stems)
    }


def scores_of(truth: Truth) -> dict[str, float]:
    """The mean of each reading over the tiles with a mask, and their number."""
    return {name: float(values.mean()) for name, values in truth.by_tile().items()} | {"tiles": len(truth.stems)}


def most_uncertain(tiles: Sequence[dict[str, Any]]) -> list[int]:
    """The places of all tiles, the most uncertain ones first."""
    uncertainty = np.array([tile.get("uncertainty", 0.0) for tile in tiles])
    return np.argsort(-uncertainty, kind="stable").tolist()


def blocks_of(tiles: Sequence[dict[str, Any]], images: dict[str, str], maps: dict[str, TileMap]) -> list[Block]:
    """The images and maps there are, those first that are to be left out last: images before maps, uncertain tiles first."""
    order = [(at, tiles[at]["id"]) for at in most_uncertain(tiles)]
    pictures = [Block("image", at, images[name]) for at, name in order if name in images]
    return pictures + [Block("map", at, maps[name].packed) for at, name in order if name in maps and maps[name].packed]
