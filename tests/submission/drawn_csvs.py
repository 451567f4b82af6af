"""Draws masks and writes them as CSVs, for the tests that compare a submission."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaggle_seg.competition import find_competition
from kaggle_seg.masks import rle
from kaggle_seg.submission.table import write_submission

COMPETITION = find_competition()
SIDE = 16


def draw(seed: int, count: int = 9) -> np.ndarray:
    """Masks of noise; every third is empty, which one depends on the seed."""
    masks = np.random.default_rng(seed).random((count, SIDE, SIDE)) < 0.4
    masks[seed % 3 :: 3] = False
    return masks


def write(folder: Path, name: str, masks: np.ndarray, first: int = 0, side: int = SIDE) -> Path:
    path = folder / f"{name}.csv"
    write_submission(
        path, [f"t_{first + number}" for number in range(len(masks))], rle.encode(masks), side, side, COMPETITION
    )
    return path


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum()) if (one | other).any() else 1.0
