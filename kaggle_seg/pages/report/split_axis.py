"""The report's picture of a split: which ids train, validate and are tested, in rows along the axis of ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.competition import natural_key
from kaggle_seg.decisions.validation import open_tiles
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.pages.plot import WIDTH, Table
from kaggle_seg.pages.plot import Path as Shape
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.grouping import id_number
from kaggle_seg.splits.splitting import Split

LEFT, LANE, GAP = 44, 6, 10  # of the SVG: room for the rows' labels, height of a lane, room between rows
MOST_ROWS, FEWEST_IN_ROW = 10, 50
COLOURS = {"training": "blue", "validation": "orange", "test": "purple", "left out": "grey"}


@dataclass(frozen=True)
class IdAxis:
    """Ids in rows; in each row a lane for the training tiles, one for the validation tiles, and so on.

    Attributes:
        rows: the label of each row, its first id or place, and the row of its text in the picture.
        paths: the runs of ids of each lane.
        legend: the classes of each lane's sample, and its name.
        numbered: whether the axis is the ids' numbers; else places in their natural order.
        table: the same in words.
    """

    rows: list[tuple[str, float]]
    paths: list[Shape]
    legend: list[tuple[str, str]]
    numbered: bool
    width: int
    height: int
    table: Table


def split_lanes(split: Split, test: Sequence[str]) -> dict[str, list[str]]:
    """The ids of each part of the tiles; parts without tiles are left out."""
    apart = set(split.validation) | set(split.excluded)
    lanes = {
        "training": [name for name in split.clusters if name not in apart],
        "validation": split.validation,
        "test": list(test),
        "left out": split.excluded,
    }
    return {name: ids for name, ids in lanes.items() if ids}


def ids_of_test(run: Run, split: Split, data: Path | None) -> list[str]:
    """The ids of the test tiles: those predicted, else those in the folder of tiles; none where neither is at hand."""
    try:
        return MapStore.open(run.folder / "test").ids
    except BadInput:
        pass
    try:
        return open_tiles(run, split, data).test.ids
    except BadInput:
        return []


def place_ids(lanes: dict[str, list[str]]) -> tuple[dict[str, list[int]], bool]:
    """Where the ids of each lane lie on the axis, rising; and whether by their numbers or by their natural order."""
    numbers = {name: [id_number(one) for one in ids] for name, ids in lanes.items()}
    if all(number is not None for lane in numbers.values() for number in lane):
        return {name: sorted(number for number in lane if number is not None) for name, lane in numbers.items()}, True
    ordered = sorted({one for ids in lanes.values() for one in ids}, key=natural_key)
    place = {one: number for number, one in enumerate(ordered)}
    return {name: sorted(place[one] for one in ids) for name, ids in lanes.items()}, False


def runs_of(places: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of consecutive places.

    >>> runs_of([1, 2, 3, 7, 8, 20])
    [(1, 3), (7, 8), (20, 20)]
    """
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and place <= runs[-1][1] + 1:
            runs[-1] = runs[-1][0], place
        else:
            runs.append((place, place))
    return runs


def id_axis(lanes: dict[str, list[str]]) -> IdAxis:
    """Draws the axis.

    Args:
        lanes: as `split_lanes` gives them; at least one.
    """
    places, numbered = place_ids(lanes)
    first = min(lane[0] for lane in places.values())
    count = max(lane[-1] for lane in places.values()) - first + 1
    in_row = max(FEWEST_IN_ROW, -(-count // MOST_ROWS))
    pitch = LANE * len(places) + GAP
    tops = [GAP / 2 + pitch * row for row in range(-(-count // in_row))]
    scale = (WIDTH - LEFT - 4) / in_row
    paths = [
        Shape(f"bars {COLOURS[name]}", "".join(pieces(runs_of(ids), first, in_row, scale, tops, LANE * lane)))
        for lane, (name, ids) in enumerate(places.items())
    ]
    return IdAxis(
        rows=[(str(first + in_row * row), top + pitch / 2) for row, top in enumerate(tops)],
        paths=paths,
        legend=[(f"bars {COLOURS[name]}", f"{name}: {len(ids)} tiles") for name, ids in lanes.items()],
        numbered=numbered,
        width=WIDTH,
        height=round(pitch * len(tops)),
        table=Table(
            ("tiles", "number", "ids" if numbered else "places in the order of ids"),
            [(name, str(len(lanes[name])), as_ranges(runs_of(ids))) for name, ids in places.items()],
        ),
    )


def pieces(
    runs: Sequence[tuple[int, int]], first: int, in_row: int, scale: float, tops: Sequence[float], lane: float
) -> list[str]:
    """The rectangles of runs, cut where a row ends."""
    rectangles = []
    for start, stop in runs:
        low, high = start - first, stop - first + 1
        while low < high:
            row, end = low // in_row, min(high, (low // in_row + 1) * in_row)
            left, width = LEFT + (low - row * in_row) * scale, (end - low) * scale
            rectangles.append(f"M{left:.1f} {tops[row] + lane:g}h{max(width, 0.5):.1f}v{LANE - 1}h-{max(width, 0.5):.1f}z")
            low = end
    return rectangles


def as_ranges(runs: Sequence[tuple[int, int]]) -> str:
    """Runs as a list of ranges.

    >>> as_ranges([(1, 3), (20, 20)])
    '1-3 20'
    """
    return " ".join(f"{low}-{high}" if high > low else str(low) for low, high in runs)


def describe_split(split: Split) -> list[str]:
    """How the split was made, and whether its validation tiles are like the test tiles."""
    method = f"{split.method} ({'chosen automatically' if split.asked == 'auto' else 'as asked for'})"
    lines = [f"Method: {method}. {sentence(split.reason)}"]
    if split.guard:
        lines.append(f"{len(split.excluded)} tiles within {split.guard} ids of a validation tile are left out of training.")
    audit = split.audit
    if not {"validation", "test", "pairs", "overlaps"} <= set(audit):
        return [*lines, "This split has no audit of neighbours and copies. Split the run again to get one."]
    pairs, overlaps = audit["pairs"], " and ".join(map(str, audit["overlaps"]))
    beside = pairs["beside"] + pairs["below"]
    test = "there are no test tiles" if audit["test"] is None else f"{audit['test']:.1%} of the test tiles"
    return [
        *lines,
        f"Found: {beside} pairs of neighbours (overlap {overlaps} pixels), {pairs['copies']} copies.",
        f"Tiles with a neighbour or copy in training: {audit['validation']:.1%} of the validation tiles; {test}. "
        "The closer these two shares are, the better the validation score predicts the test score.",
    ]


def sentence(text: str) -> str:
    """A text as a sentence.

    >>> sentence("ids follow the ground")
    'Ids follow the ground.'
    """
    return f"{text[:1].upper()}{text[1:]}."
