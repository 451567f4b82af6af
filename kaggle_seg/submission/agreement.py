"""How much two submissions agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.masks import rle
from kaggle_seg.submission.checks import usual_shape
from kaggle_seg.submission.table import Submission


def agreement(one: Path, other: Path, competition: Competition = DEFAULT) -> float:
    """The mean IoU between the masks of two CSVs, over the tiles that both have.

    Two empty masks agree fully. Rows that differ in no character are not drawn.

    Args:
        one, other: valid CSVs.
        competition: the one they are for.

    Returns:
        0 to 1.
    """
    first, second = Submission.read(one, competition), Submission.read(other, competition)
    height, width = usual_shape(first) or (0, 0)
    stems = [stem for stem in first.by_stem if stem in second.by_stem]
    pairs = [(first.by_stem[stem].run_lengths, second.by_stem[stem].run_lengths) for stem in stems]
    different = [pair for pair in pairs if pair[0] != pair[1]]
    total, chunk = float(len(pairs) - len(different)), rle.chunk_length(height, width)
    for start in range(0, len(different), chunk):
        part = different[start : start + chunk]
        masks, others = (
            rle.decode_many([pair[side] for pair in part], height, width, competition.pixel_order) for side in (0, 1)
        )
        both = np.count_nonzero(masks & others, axis=(1, 2))
        total += float((both / np.count_nonzero(masks | others, axis=(1, 2))).sum())
    return total / len(pairs) if pairs else 0.0
