"""The report's best and worst tiles, and what its script needs to draw them at any threshold."""

from __future__ import annotations

import base64
import shlex
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.pages.decision import objective_of
from kaggle_seg.pages.page import embed_image
from kaggle_seg.pages.report_measures import Measures
from kaggle_seg.pages.report_scores import ALL_READINGS, READINGS, score_curves

SHOWN = 12  # of the best and of the worst
BUILDING, DECIDED = 1, 2  # bits of a tile's second plane


@dataclass(frozen=True)
class ShownTile:
    """A tile as the page shows it.

    Attributes:
        row: among the validation tiles.
        name: the stem of its file.
        image: a `data:` address.
        planes: base64 of zlib: first the levels, then for each pixel whether it is building and whether it was decided to
            be; uint8 (2, H, W).
        score, iou: of the decision's mask.
        building_share: of the truth, 0 to 1.
    """

    row: int
    name: str
    image: str
    planes: str
    score: float
    iou: float
    building_share: float


def rank_tiles(measures: Measures, count: int = SHOWN) -> tuple[list[int], list[int]]:
    """Rows of the best tiles, best first, and of the worst, worst first; no tile is in both.

    Tiles count by their score, then by IoU, then by wrong pixels. The best are sought among those with buildings: an empty
    tile that was left empty is right, but there is nothing to see.
    """
    wrong = measures.decided_union - measures.decided_intersection
    order = np.lexsort((-wrong, measures.decided_ious, measures.decided_scores)).tolist()
    worst = order[: min(count, len(order) // 2)]
    with_buildings = [row for row in reversed(order) if measures.truth_area[row] and row not in worst]
    return with_buildings[:count], worst


def embed_tiles(measures: Measures, images: np.ndarray, rows: list[int]) -> dict[int, ShownTile]:
    """Reads the tiles of these rows from maps and cache.

    Args:
        measures: of N validation tiles.
        images: uint8 (M, H, W, 3), of all training tiles, as `measures.validation.rows` counts them.
        rows: among the validation tiles.
    """
    validation, wanted, found = measures.validation, set(rows), {}
    scores, ious = measures.decided_scores, measures.decided_ious
    for tiles, levels, sums in validation.maps.shards():
        for row in sorted(wanted.intersection(range(tiles.start, tiles.stop))):
            one = slice(row - tiles.start, row - tiles.start + 1)
            truth = np.asarray(validation.truth(slice(row, row + 1)), bool)
            decided = measures.rule.masks(np.asarray(levels[one]), np.asarray(sums[one]))
            planes = np.concatenate([levels[one], truth * np.uint8(BUILDING) | decided * np.uint8(DECIDED)])
            found[row] = ShownTile(
                row=row,
                name=validation.maps.stems[row],
                image=embed_image(images[validation.rows[row]]),
                planes=base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii"),
                score=float(scores[row]),
                iou=float(ious[row]),
                building_share=float(truth.mean()),
            )
    return found


def live_facts(measures: Measures, run_name: str, test: np.ndarray | None) -> dict[str, Any]:
    """What the page's script says at each of the thresholds 1/256 to 255/256.

    Args:
        measures: of the validation tiles.
        run_name: for the command that makes the CSV of a threshold.
        test: the highest level of each test tile, if they are predicted.
    """
    steps = measures.competition.iou_steps
    curves, empty_tile = score_curves(measures), objective_of(measures.decision).empty_tile
    return {
        "readings": {name: np.round(curves[key], 5).tolist() for key, name in READINGS.items()},
        "score": READINGS[f"competition_{empty_tile}"],
        "iou": READINGS[f"iou_{empty_tile}"],
        "steps": [f"{step / 20:.2f}" for step in steps],
        "passed": [measures.passed(step)[1:].tolist() for step in steps],
        "tiles": len(measures.union),
        "empty": measures.empty()[1:].tolist(),
        "empty_test": None if test is None else empty_by_level(test),
        "test_tiles": 0 if test is None else len(test),
        "decided": decided_facts(measures),
        "height": measures.validation.maps.height,
        "width": measures.validation.maps.width,
        "command": f"python -m kaggle_seg.decide {shlex.quote(run_name)}",
        "words": str(measures.rule),
    }


def decided_facts(measures: Measures) -> dict[str, Any]:
    """The same for the decision itself, whose masks may be those of no threshold."""
    intersection, union = measures.decided_intersection, measures.decided_union
    means = {reading.reading: float(reading.of(intersection, union).mean()) for reading in ALL_READINGS}
    return {
        "readings": {name: float(np.round(means[key], 5)) for key, name in READINGS.items()},
        "passed": [int((20 * intersection > step * union).sum()) for step in measures.competition.iou_steps],
        "empty": int((measures.decided_area == 0).sum()),
        "empty_test": None,
        "level": round(measures.rule.threshold * LEVELS) if measures.rule.threshold is not None else None,
    }


def empty_by_level(highest: np.ndarray) -> list[int]:
    """How many tiles are empty at each of the levels 1 to 255, from their highest levels.

    >>> empty_by_level(np.array([0, 2, 255]))[:4]
    [1, 1, 2, 2]
    """
    counts = np.bincount(highest, minlength=LEVELS)
    return counts.cumsum()[: LEVELS - 1].tolist()
