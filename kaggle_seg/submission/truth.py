"""A submission held against masks that a person has: the local score, tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.masks.scores import competition_scores, ious, overlaps
from kaggle_seg.run_directory import shown
from kaggle_seg.submission.table import Row

WORST = 5  # tiles that are named


@dataclass(frozen=True)
class Truth:
    """Masks of some tiles of a submission, and what its own masks earn on them.

    Attributes:
        stems: the image ids of N tiles.
        run_lengths: their true masks, N texts.
        intersection, union: int64 (N,), pixels in both masks, in either.
        steps: the IoU steps that the competition rewards, in twentieths.
    """

    stems: tuple[str, ...]
    run_lengths: tuple[str, ...]
    intersection: NDArray[np.int64]
    union: NDArray[np.int64]
    steps: tuple[int, ...]

    def by_tile(self) -> dict[str, NDArray[np.float64]]:
        """IoU and competition score of each tile, float64 (N,), by reading: "iou_one", "competition_zero", ..."""
        pixels = self.intersection, self.union
        readings = {f"iou_{empty}": ious(*pixels, empty) for empty in ("one", "zero")}
        return readings | {
            f"competition_{empty}": competition_scores(*pixels, empty, self.steps) for empty in ("one", "zero")
        }


def compare_with_masks(rows: Sequence[Row], folder: Path, competition: Competition = DEFAULT) -> Truth:
    """Holds the rows of a submission against the mask files in a folder and below it.

    Args:
        rows: sound ones, of one size.
        folder: whose files pair with rows by their ids; it may hold masks of other tiles too.
        competition: how ids are read, and which IoU steps count.

    Raises:
        BadInput: no file pairs with a row, two files have the same id, or a mask is damaged or of another size.
    """
    from tqdm import tqdm

    from kaggle_seg.tiles.files import read_mask

    files = mask_files(folder, competition)
    pairs = [(row, files[id_]) for row in rows if (id_ := row_id(row, competition)) in files]
    if not pairs:
        raise BadInput(f"{shown(folder)}: none of its {len(files)} masks is of a tile in the CSV; name their folder")
    truths, found, problems = [], [], []
    for row, file in tqdm(pairs, "masks", unit="mask", delay=2, disable=None):
        mask = read_mask(file)
        if mask.shape != row.shape:
            height, width = row.shape or (0, 0)
            problems.append(
                f"{shown(file)}: found {mask.shape[1]} x {mask.shape[0]} pixels, wanted {width} x {height} as in the CSV; "
                "name the folder of its masks"
            )
            continue
        own = rle.decode(row.run_lengths, mask.shape[0], mask.shape[1], competition.pixel_order)
        truths += rle.encode(mask[None], competition.pixel_order)
        found.append(overlaps(own[None], mask[None]))
    if problems:
        raise BadInput(problems)
    intersection, union = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Truth(tuple(row.stem for row, _ in pairs), tuple(truths), intersection, union, competition.iou_steps)


def row_id(row: Row, competition: Competition) -> str:
    """The tile id of a row."""
    return competition.tile_id(row.stem.removesuffix(competition.id_suffix))


def mask_files(folder: Path, competition: Competition) -> dict[str, Path]:
    """The image files in a folder and below, by tile id.

    Raises:
        BadInput: there are none, or ids that several files share.
    """
    from kaggle_seg.tiles.files import SUFFIXES

    files: dict[str, Path] = {}
    problems = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        id_ = competition.tile_id(path.stem)
        if id_ in files:
            problems.append(f"{shown(path)}: the same id {id_} as {shown(files[id_])}; name a folder that holds masks alone")
        files.setdefault(id_, path)
    if not files:
        problems.append(f"{shown(folder)}: found no masks ({', '.join(SUFFIXES)}); name the folder that holds them")
    if problems:
        raise BadInput(problems)
    return files


def describe_truth(truth: Truth, rows: int) -> list[str]:
    """The lines in which a person reads the local score.

    Args:
        truth: the tiles that have a mask.
        rows: how many tiles the CSV has.
    """
    scores = truth.by_tile()
    some = f" of {rows}; the others have no mask there" if len(truth.stems) < rows else ""
    lines = [f"local score        {len(truth.stems)} tiles{some}"]
    for name, kind in (("competition score", "competition"), ("mean IoU", "iou")):
        one, zero = (scores[f"{kind}_{empty}"].mean() for empty in ("one", "zero"))
        lines.append(f"  {name:<17} {one:.4f} if empty tiles earn 1, {zero:.4f} if they earn 0")
    order = np.argsort(scores["iou_one"], kind="stable")[:WORST]
    worst = ", ".join(f"{truth.stems[tile]} (IoU {scores['iou_one'][tile]:.3f})" for tile in order)
    return [*lines, f"  worst tiles      {worst}"]
