"""How much two submissions agree, tile by tile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.output import shown
from kaggle_seg.submission.checks import usual_shape
from kaggle_seg.submission.table import Row, Submission

if TYPE_CHECKING:
    import pandas

NAMED, BAR = 5, 40  # tiles that are named; characters of the longest bar of the histogram


@dataclass(frozen=True)
class Agreement:
    """The tiles that two submissions have in common.

    Attributes:
        stems: the image ids of N tiles, in the first one's order.
        ious: float64 (N,), the IoU between the masks of the two; 1 where both are empty.
        emptied: ids of the tiles that are empty in the first and were not in the other.
        filled: ids of the tiles that are empty in the other and are not in the first.
        alone: how many tiles only one of them has, or has in a form that can be read.
    """

    stems: tuple[str, ...]
    ious: NDArray[np.float64]
    emptied: tuple[str, ...]
    filled: tuple[str, ...]
    alone: int

    @property
    def mean(self) -> float:
        """The mean agreement, 0 to 1; 0 where there is no common tile."""
        return float(self.ious.mean()) if len(self.ious) else 0.0


def agreement(one: Path, other: Path, competition: Competition) -> float:
    """The mean IoU between the masks of two CSVs, over the tiles that both have.

    Args:
        one, other: valid CSVs.
        competition: the one they are for.

    Returns:
        0 to 1.
    """
    return compare(Submission.read(one, competition), Submission.read(other, competition)).mean


def compare(first: Submission, second: Submission) -> Agreement:
    """Compares two submissions; rows that differ in no character are not drawn.

    Raises:
        BadInput: their masks are of other sizes.
    """
    shape, other_shape = usual_shape(first), usual_shape(second)
    if shape and other_shape and shape != other_shape:
        sizes = [f"{shown(csv.path)} {width} x {height}" for csv, (height, width) in ((first, shape), (second, other_shape))]
        raise BadInput(f"masks of different sizes cannot be compared: {', '.join(sizes)}; name CSVs of the same tiles")
    shape = shape or (0, 0)
    tables = rows_of(first, shape), rows_of(second, shape)
    both = tables[0].merge(tables[1], left_index=True, right_index=True, suffixes=("_now", "_before"))
    both = both[both.readable_now & both.readable_before]
    empty_now, empty_before = both.run_lengths_now.str.strip() == "", both.run_lengths_before.str.strip() == ""
    return Agreement(
        tuple(both.index),
        pair_ious(list(zip(both.run_lengths_now, both.run_lengths_before, strict=True)), first, shape),
        tuple(both.index[empty_now & ~empty_before]),
        tuple(both.index[~empty_now & empty_before]),
        len(tables[0].index.union(tables[1].index)) - len(both),
    )


def rows_of(submission: Submission, shape: tuple[int, int]) -> pandas.DataFrame:
    """A submission's run lengths by image id, and whether each row stands for a mask of this size."""
    import pandas

    rows = submission.by_stem
    columns = {"run_lengths": [row.run_lengths for row in rows.values()]}
    table = pandas.DataFrame(columns, index=list(rows), dtype=str)
    return table.assign(readable=[readable(row, shape) for row in rows.values()])


def readable(row: Row, shape: tuple[int, int]) -> bool:
    """Whether a row stands for a mask of this size."""
    return row.complete and row.shape == shape and rle.read_runs([row.run_lengths], shape[0] * shape[1]) is not None


def pair_ious(pairs: list[tuple[str, str]], submission: Submission, shape: tuple[int, int]) -> NDArray[np.float64]:
    """The IoU of each pair of run lengths, float64 (N,); two empty masks agree fully."""
    ious = np.ones(len(pairs))
    different = np.flatnonzero([one != other for one, other in pairs])
    chunk = rle.chunk_length(*shape)
    for start in range(0, len(different), chunk):
        part = different[start : start + chunk]
        masks, others = (
            rle.decode_many([pairs[place][side] for place in part], *shape, submission.competition.pixel_order)
            for side in (0, 1)
        )
        both = np.count_nonzero(masks & others, axis=(1, 2))
        either = np.count_nonzero(masks | others, axis=(1, 2))
        ious[part] = np.divide(both, either, out=np.ones(len(part)), where=either > 0)
    return ious


def describe_agreement(agreed: Agreement, other: Path) -> list[str]:
    """The lines in which a person reads it."""
    lines = [
        f"against            {shown(other)}: {len(agreed.stems)} tiles in common, mean agreement {agreed.mean:.4f} (IoU)"
    ]
    if agreed.alone:
        lines.append(f"  not compared     {agreed.alone} tiles that only one of them has, or that cannot be read")
    if not agreed.stems:
        return lines
    counts, _ = np.histogram(agreed.ious, bins=10, range=(0, 1))
    for tenth, count in enumerate(counts):
        bar = "#" * int(np.ceil(BAR * count / counts.max()))
        lines.append(f"  {tenth / 10:.1f}-{(tenth + 1) / 10:.1f}          {count:>6} {bar}".rstrip())
    changed = [place for place in np.argsort(agreed.ious, kind="stable") if agreed.ious[place] < 1]
    most = ", ".join(f"{agreed.stems[place]} ({agreed.ious[place]:.3f})" for place in changed[:NAMED])
    lines.append(f"  changed          {len(changed)} tiles" + (f", most: {most}" if most else ""))
    for name, stems in (("became empty", agreed.emptied), ("no longer empty", agreed.filled)):
        more = f" and {len(stems) - NAMED} more" if len(stems) > NAMED else ""
        lines.append(f"  {name:<17}{len(stems)}" + (f" ({', '.join(stems[:NAMED])}{more})" if stems else ""))
    return lines
