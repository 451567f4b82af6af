"""The report's best and worst tiles, packed so that its script can draw them at any threshold."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np

from kaggle_seg.pages.measures import Measures
from kaggle_seg.pages.page import embed_image

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
    validation, wanted, shown = measures.validation, set(rows), dict[int, ShownTile]()
    scores, ious = measures.decided_scores, measures.decided_ious
    for tiles, levels, sums in validation.maps.shards():
        for row in sorted(wanted.intersection(range(tiles.start, tiles.stop))):
            one = slice(row - tiles.start, row - tiles.start + 1)
            truth = np.asarray(validation.truth(slice(row, row + 1)), bool)
            decided = measures.rule.masks(np.asarray(levels[one]), np.asarray(sums[one]))
            planes = np.concatenate([levels[one], truth * np.uint8(BUILDING) | decided * np.uint8(DECIDED)])
            shown[row] = ShownTile(
                row=row,
                name=validation.maps.stems[row],
                image=embed_image(images[validation.rows[row]]),
                planes=base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii"),
                score=float(scores[row]),
                iou=float(ious[row]),
                building_share=float(truth.mean()),
            )
    return shown
