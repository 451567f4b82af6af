"""The gallery of the validation tiles: the masks that the CSV's decision makes of tiles whose true masks are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.record_files import provenance_of
from kaggle_seg.decisions.rules import Rule
from kaggle_seg.decisions.validation import Validation, validation_of
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.masks.maps import show_progress
from kaggle_seg.masks.scores import overlaps
from kaggle_seg.output import shown
from kaggle_seg.pages.gallery.subject import Subject
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.submission.figures import figures_of
from kaggle_seg.submission.table import Row, Submission
from kaggle_seg.submission.truth import Truth
from kaggle_seg.tiles.dataset import find_dataset


def validation_subject(csv: Path, competition: Competition, data: Path | None = None) -> Subject:
    """The validation tiles of the runs that made a CSV, under its decision.

    Args:
        csv: one that `decide` wrote.
        competition: the one it is for.
        data: the folder of tiles; None: the one that the runs were split from.

    Raises:
        BadInput: the CSV names no run, or the runs' maps or tiles are gone or others now.
    """
    made = provenance_of(csv)
    runs = [find_run(name) for name in made.runs]
    if not runs or made.rule is None:
        raise BadInput(
            f"{shown(csv)}: nothing here tells which run made it; --validation needs a CSV of decide, as it left it"
        )
    validation = validation_of(runs, data)
    own, truth = decided(validation, made.rule, competition)
    size = str(validation.maps.width), str(validation.maps.height)
    rows = [
        Row(line, (stem, run_lengths, *size), stem, run_lengths, size, True)
        for line, (stem, run_lengths) in enumerate(zip(truth.stems, own, strict=True), start=2)
    ]
    path = csv.with_name(f"{csv.stem}-validation.csv")
    submission = Submission(path, b"", ",", competition.columns, tuple(rows), competition)
    return Subject(
        submission,
        figures_of(submission),
        truth=truth,
        data=data,
        origin=csv,
        maps=validation.maps,
        images=training_images(runs, data, competition),
    )


def decided(validation: Validation, rule: Rule, competition: Competition) -> tuple[list[str], Truth]:
    """The run lengths of a decision's masks, and the truth beside them."""
    own: list[str] = []
    true: list[str] = []
    pairs = []
    for tiles, levels, sums in show_progress(validation.maps.shards(), "validation"):
        masks, truth = np.asarray(rule.masks(levels, sums)), np.asarray(validation.truth(tiles), bool)
        own += rle.encode(masks, competition.pixel_order)
        true += rle.encode(truth, competition.pixel_order)
        pairs.append(overlaps(masks, truth))
    intersection, union = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    stems = tuple(stem + competition.id_suffix for stem in validation.maps.stems)
    return own, Truth(stems, tuple(true), intersection, union, competition)


def training_images(runs: Sequence[Run], data: Path | None, competition: Competition) -> dict[str, Path]:
    """The image files of the training tiles, by image id."""
    folder = data or Path(read_split(runs[0].split_file).data["root"])
    dataset = find_dataset(folder, competition)
    return {stem + competition.id_suffix: image for stem, image in dataset.images_of(dataset.training).items()}
