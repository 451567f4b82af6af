"""A submission compared with true masks that a person has: the local score, tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.masks.scores import EVERY_TILE, MetricVariant, by_label, overlaps
from kaggle_seg.output import shown
from kaggle_seg.submission.table import Row

WORST = 5  # tiles that are named


@dataclass(frozen=True)
class Truth:
    """Masks of some tiles of a submission, and the scores of its own masks on them.

    Attributes:
        stems: the image ids of N tiles.
        run_lengths: their true masks, N texts.
        intersection, union: int64 (N,), pixels in both masks, in either.
        competition: what its score counts.
    """

    stems: tuple[str, ...]
    run_lengths: tuple[str, ...]
    intersection: NDArray[np.int64]
    union: NDArray[np.int64]
    competition: Competition

    def scores(self, variant: MetricVariant) -> NDArray[np.float64]:
        """The score of each tile in a metric variant over all tiles, float64 (N,)."""
        return variant.values(self.competition, self.intersection, self.union)

    def means(self) -> dict[str, float]:
        """The mean in each metric variant over all tiles, by the name that people read."""
        variants = by_label(EVERY_TILE, self.competition)
        return {label: float(self.scores(variant).mean()) for label, variant in variants.items()}


def compare_with_masks(rows: Sequence[Row], folder: Path, competition: Competition) -> Truth:
    """Compares the rows of a submission with the mask files in a folder and below it.

    Args:
        rows: sound ones, of one size.
        folder: whose files pair with rows by their ids; it may hold masks of other tiles too.
        competition: how ids are read, and what its score counts.

    Raises:
        BadInput: no file pairs with a row, two files have the same id, or a mask is damaged or of another size.
    """
    from tqdm import tqdm

    from kaggle_seg.tiles.files import read_mask

    files = mask_files(folder, competition)
    pairs = [(row, files[id_]) for row in rows if (id_ := row_id(row, competition)) in files]
    if not pairs:
        raise BadInput(f"{shown(folder)}: none of its {len(files)} masks is of a tile in the CSV; name their folder")
    truths, pixels, problems = [], [], []
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
        pixels.append(overlaps(own[None], mask[None]))
    if problems:
        raise BadInput(problems)
    intersection, union = (np.concatenate(parts) for parts in zip(*pixels, strict=True))
    return Truth(tuple(row.stem for row, _ in pairs), tuple(truths), intersection, union, competition)


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
    some = f" of {rows}; the others have no mask there" if len(truth.stems) < rows else ""
    means, ious = truth.means(), truth.scores(MetricVariant("iou", "one"))
    width = max(map(len, means))
    order = np.argsort(ious, kind="stable")[:WORST]
    return [
        f"local score        {len(truth.stems)} tiles{some}",
        *(f"  {label:<{width}}  {mean:.4f}" for label, mean in means.items()),
        f"  worst tiles      {', '.join(f'{truth.stems[tile]} (IoU {ious[tile]:.3f})' for tile in order)}",
    ]
