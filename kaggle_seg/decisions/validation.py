"""The validation tiles of a run, or of several runs together: their maps beside their masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.search import Truth, truth_of
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.averaging import Maps, average
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.output import shown
from kaggle_seg.run_directory import Run, competition_of_runs
from kaggle_seg.splits.splitting import Split, read_split
from kaggle_seg.tiles.cache import TileCache, open_cache


@dataclass(frozen=True)
class Validation:
    """What decisions are tuned on.

    Attributes:
        maps: probability maps of N tiles, averaged where they are of several runs.
        clusters: the name of each tile's bootstrap cluster, N; see `decisions.bootstrap`.
        truth: gives the masks of a slice of the tiles.
        rows: int (N,), the row of each tile among all training tiles.
        competition: whose score counts.
    """

    maps: Maps
    clusters: list[str]
    truth: Truth
    rows: np.ndarray
    competition: Competition


def validation_of(runs: Sequence[Run], data: Path | None = None) -> Validation:
    """Opens the validation maps of runs and the masks of the same tiles.

    Args:
        runs: one or more, with the same validation tiles.
        data: the folder of tiles; None: the one that the first run was split from.

    Raises:
        BadInput: there are no maps, the runs have other validation tiles, or the tiles are gone or are others now.
    """
    competition = competition_of_runs(runs)
    maps = average([MapStore.open(run.folder / "validation") for run in runs])
    if not maps.ids:
        raise BadInput(f"run {runs[0].name} has no validation tiles, so nothing can be tuned; split and train it anew")
    split = read_split(runs[0].split_file)
    cache = open_tiles(runs[0], split, data)
    row_of = {name: row for row, name in enumerate(cache.training.ids)}
    missing = [name for name in maps.ids if name not in row_of or name not in split.clusters]
    if missing or cache.training.masks is None or (cache.height, cache.width) != (maps.height, maps.width):
        raise BadInput(
            f"{shown(cache.data)}: not the tiles of the maps in {shown(runs[0].folder)} "
            f"({len(missing)} of {len(maps.ids)} validation tiles are missing; tiles of {cache.width}x{cache.height} px, "
            f"maps of {maps.width}x{maps.height} px); predict again with: python -m kaggle_seg.predict {runs[0].name}"
        )
    clusters = [split.clusters[name] for name in maps.ids]
    rows = np.array([row_of[name] for name in maps.ids])
    return Validation(maps, clusters, truth_of(cache.training.masks, rows), rows, competition)


def open_tiles(run: Run, split: Split, data: Path | None) -> TileCache:
    """The tiles that a run was split from.

    Raises:
        BadInput: they are gone, or are others now.
    """
    folder = data or Path(split.data["root"])
    if data is None and not folder.is_dir():
        raise BadInput(f"{folder}: the tiles of run {run.name} are not there; say where they are with --data DIR")
    cache = open_cache(folder, competition=run.competition())
    if cache.fingerprint != split.data["fingerprint"]:
        raise BadInput(
            f"{shown(cache.data)}: not the tiles that run {run.name} was split from, or changed since; "
            "name their folder with --data DIR, or split and train anew"
        )
    return cache
