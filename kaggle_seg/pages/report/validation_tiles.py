"""The validation tiles in the report: plots over all of them, and the best and worst of them.

Reliability, the IoU of each tile, and the IoU steps are plotted under the decision. The best and worst tiles are packed so
that the page's script can draw them at any threshold.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np

from kaggle_seg.masks.maps import LEVELS
from kaggle_seg.masks.scores import MetricVariant
from kaggle_seg.pages.measures import Measures
from kaggle_seg.pages.page import embed_image
from kaggle_seg.pages.plot import Axis, Bars, Line, Mark, Plot, Table, nice_axis, unit_axis

GROUP = 8  # levels to a point of the reliability plot
SHOWN = 12  # of the best and of the worst tiles
BUILDING, DECIDED = 1, 2  # bits of a tile's second plane


def reliability_plot(measures: Measures) -> Plot:
    """How often a pixel with a certain predicted probability is building."""
    pixels, buildings = (counts.reshape(-1, GROUP).sum(axis=1) for counts in measures.pixels_by_level())
    sums = measures.level_sums.reshape(-1, GROUP).sum(axis=1)
    there = np.flatnonzero(pixels)
    said, true = sums[there] / pixels[there], buildings[there] / pixels[there]
    share = pixels[there] / pixels.sum()
    error = float(np.abs(said - true) @ share)
    rows = [
        (
            f"{at * GROUP / LEVELS:.3f} to {(at + 1) * GROUP / LEVELS:.3f}",
            f"{p:.3f}",
            f"{t:.3f}",
            f"{pixels[at]}",
            f"{s:.2%}",
        )
        for at, p, t, s in zip(there, said, true, share, strict=True)
    ]
    bars = [
        (at * GROUP / LEVELS, (at + 1) * GROUP / LEVELS, s) for at, s in zip(there.tolist(), share.tolist(), strict=True)
    ]
    decades = tuple((10.0**power, f"{10.0 ** (power + 2):g} %") for power in (-5, -4, -3, -2, -1, 0))
    return Plot(
        key="reliability",
        title="Reliability: what a probability means",
        x=unit_axis("predicted probability of building (0 to 1)"),
        y=unit_axis("share that is building (0 to 1)"),
        layers=[
            Bars("share of all pixels (right, logarithmic)", bars, "grey", second=True),
            Line("perfect", [(0.0, 0.0), (1.0, 1.0)], "ink", "dotted"),
            Line("measured", list(zip(said.tolist(), true.tolist(), strict=True)), "blue"),
        ],
        table=Table(("probability", "mean of them", "share that is building", "pixels", "share of all pixels"), rows),
        summary=f"The predicted probability is off by {error:.3f} on average over all pixels (expected calibration error).",
        second=Axis("share of pixels", 1e-5, 1.0, decades, logarithmic=True),
    )


def iou_plot(measures: Measures) -> Plot:
    """How many tiles reach which IoU; the steps of the score are marked, where it has any."""
    drawn = measures.decided_union > 0
    counts = np.bincount(twentieths(measures.decided_intersection[drawn], measures.decided_union[drawn]), minlength=20)
    nothing = int(np.count_nonzero(~drawn))
    steps = measures.steps
    rows = [(f"{k / 20:.2f} to {(k + 1) / 20:.2f}", str(count)) for k, count in enumerate(counts.tolist())]
    rows.append(("no buildings, none predicted", str(nothing)))
    below = f"{counts[: min(steps)].sum()} of {len(drawn)} tiles pass no step; " if steps else ""
    return Plot(
        key="iou",
        title="IoU of the validation tiles" + (", with the steps of the score" if steps else ""),
        x=Axis("IoU of a tile (0 to 1)", 0.0, 1.0, tuple((k / 10, f"{k / 10:.1f}") for k in range(11))),
        y=nice_axis("tiles", 0, max(int(counts.max()), 1)),
        layers=[
            Bars("tiles", [(k / 20 + 0.004, (k + 1) / 20 - 0.004, n) for k, n in enumerate(counts.tolist())], "blue"),
            *(Mark("a step of the score" if k == min(steps) else "", k / 20) for k in steps),
        ],
        table=Table(("IoU (above the first, up to the second)", "tiles"), rows),
        summary=f"{below}{nothing} of {len(drawn)} tiles have no buildings and were left empty.",
    )


def twentieths(intersection: np.ndarray, union: np.ndarray) -> np.ndarray:
    """How many of the bounds 1/20 to 19/20 each IoU exceeds strictly, counted in whole pixels: int (N,), 0 to 19.

    >>> twentieths(np.array([0, 60, 61, 100]), np.array([100, 100, 100, 100])).tolist()
    [0, 11, 12, 19]
    """
    bounds = np.arange(1, 20)
    return (20 * np.asarray(intersection)[:, None] > bounds * np.asarray(union)[:, None]).sum(axis=1)


def step_table(measures: Measures) -> Table | None:
    """How many tiles pass each IoU step, and what that adds to the mean score; None for a score without steps."""
    intersection, union = measures.decided_intersection, measures.decided_union
    empty_tile, steps = measures.maximised.empty_tile, measures.steps
    if not steps:
        return None
    given = (union == 0) & (empty_tile == "one")
    rows = []
    for step in steps:
        passed = int(np.count_nonzero((20 * intersection > step * union) | given))
        added = passed / len(measures) / len(steps)
        rows.append((f"above {step / 20:.2f}", f"{passed}", f"{passed / len(measures):.1%}", f"{added:.4f}"))
    rows.append(("all steps", "", "", f"{measures.decided_scores.mean():.4f}"))
    told = "pass every step" if empty_tile == "one" else "pass none"
    label = MetricVariant("competition", empty_tile).label(measures.competition)
    caption = f"What each step adds to the {label}: tiles without buildings that are left empty {told}"
    return Table(("IoU step", "tiles that pass", "share", "adds to the mean score"), rows, caption)


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
