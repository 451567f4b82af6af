"""The gallery of the validation tiles: what the CSV's decision makes of tiles whose true masks are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kaggle_seg.competition import DEFAULT
from kaggle_seg.decisions.candidates import progress
from kaggle_seg.decisions.rules import Rule, from_plain
from kaggle_seg.decisions.validation import Validation, validation_of
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.masks.scores import overlaps
from kaggle_seg.pages.gallery_subject import Subject
from kaggle_seg.run_directory import Run, find_run, shown
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.submission.expected import read_provenance
from kaggle_seg.submission.figures import figures_of
from kaggle_seg.submission.provenance import Provenance
from kaggle_seg.submission.table import Row, Submission
from kaggle_seg.submission.truth import Truth
from kaggle_seg.tiles.dataset import find_dataset


def validation_subject(csv: Path, data: Path | None = None) -> Subject:
    """The validation tiles of the runs that made a CSV, under its decision.

    Args:
        csv: one that `decide` wrote.
        data: the folder of tiles; None: the one that the runs were split from.

    Raises:
        BadInput: the CSV names no run, or the runs' maps or tiles are gone or others now.
    """
    runs, record = [find_run(name) for name in Provenance.of(csv).runs], read_provenance(csv)
    if not runs or "decision" not in record:
        raise BadInput(
            f"{shown(csv)}: nothing here tells which run made it; --validation needs a CSV of decide, as it left it"
        )
    validation = validation_of(runs, data)
    own, truth = decided(validation, from_plain(record["decision"]))
    maps = validation.maps
    size = str(maps.width), str(maps.height)
    rows = [
        Row(line, (stem, runs_of_tile, *size), stem, runs_of_tile, size, True)
        for line, (stem, runs_of_tile) in enumerate(zip(maps.stems, own, strict=True), start=2)
    ]
    submission = Submission(csv.with_name(f"{csv.stem}-validation.csv"), b"", ",", DEFAULT.columns, tuple(rows))
    return Subject(
        submission,
        figures_of(submission),
        truth=truth,
        data=data,
        origin=csv,
        maps=maps,
        images=training_images(runs, data),
    )


def decided(validation: Validation, rule: Rule) -> tuple[list[str], Truth]:
    """The run lengths of a decision's masks, and the truth beside them."""
    own: list[str] = []
    true: list[str] = []
    found = []
    for tiles, levels, sums in progress(validation.maps, "validation"):
        masks, truth = np.asarray(rule.masks(levels, sums)), np.asarray(validation.truth(tiles), bool)
        own += rle.encode(masks)
        true += rle.encode(truth)
        found.append(overlaps(masks, truth))
    intersection, union = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return own, Truth(tuple(validation.maps.stems), tuple(true), intersection, union, DEFAULT.iou_steps)


def training_images(runs: Sequence[Run], data: Path | None) -> dict[str, Path]:
    """The image files of the training tiles, by stem."""
    folder = data or Path(read_split(runs[0].split_file).data["root"])
    dataset = find_dataset(folder, runs[0].competition())
    return dataset.images_of(dataset.training)
