"""Predict the probability maps of a run's validation and test tiles: runs/RUN/{validation,test}/

Shards that are there already are kept; thresholds, clean-up and CSVs are decided later from the maps, in seconds.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from kaggle_seg import config
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.runs import Run, file_hash, find_run, shown

if TYPE_CHECKING:
    from kaggle_seg.tiles.cache import TileCache


@dataclass(frozen=True)
class Command:
    """Which run, and how."""

    run: Annotated[str, tyro.conf.Positional]
    """the run, by name or folder"""
    tta: Literal["none", "flips", "d4"] = "d4"
    """test-time augmentation: average the maps over no, four (flips) or eight (quarter turns too) ways to turn a tile"""
    data: Path | None = None
    """the folder of tiles (default: the one the run was trained on)"""
    competition: str = ""
    """the competition, by slug, address or TOML file (default: the run's)"""
    precision: config.Precision = "auto"
    """auto: bfloat16 where the processor computes in it, else float32"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and predicts."""
    command = tyro.cli(Command, args=argv, prog="kaggle_seg.predict", description=__doc__)
    return predict(command, find_run(command.run))


def predict(command: Command, run: Run) -> int:
    """Writes the maps that are missing, or finds that there are none."""
    from kaggle_seg.tiles.cache import open_cache
    from kaggle_seg.tiles.splitting import read_split

    if not run.model_file.exists():
        raise BadInput(f"{shown(run.model_file)} is not there: train it with python -m kaggle_seg.train --run {run.name}")
    split = read_split(run.split_file)
    competition = run.competition(command.competition)
    cache = open_cache(command.data or Path(split.data["root"]), competition=competition)
    inputs = {
        "model": file_hash(run.model_file),
        "tta": command.tta,
        "precision": command.precision,
        "validation": split.validation,
        "tiles": cache.fingerprint,
    }
    with run.stage("predict", inputs, ["validation", "test"]) as stage:
        if stage.finished:
            print("predict: done before, the maps are up to date", file=sys.stderr)
            return 0
        write_maps(command, run, cache, split.validation, inputs)
    print(f"predict: {len(split.validation)} validation and {len(cache.test.ids)} test tiles", file=sys.stderr)
    return 0


def write_maps(command: Command, run: Run, cache: TileCache, validation: list[str], inputs: dict[str, Any]) -> None:
    """Predicts validation and test tiles into the run's folder."""
    import numpy as np

    from kaggle_seg.masks.maps import MapStore
    from kaggle_seg.network import inference, machine

    machine.make_reproducible()
    tables = config.read_toml(run.settings_file)
    settings = config.from_tables(config.NetworkSettings, tables["network"], shown(run.settings_file))
    model = inference.load_model(run.model_file, settings, machine.choose_precision(command.precision))
    source = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
    if model.input_shape[1:3] != (cache.height, cache.width):
        raise BadInput(
            f"{shown(cache.data)}: tiles of {cache.width}×{cache.height} pixels, but the network was trained on "
            f"{model.input_shape[2]}×{model.input_shape[1]}: give the tiles it was trained for, or train on these"
        )
    row_of = {name: row for row, name in enumerate(cache.training.ids)}
    held_out = np.array([row_of[name] for name in validation])
    for name, tiles, rows in (
        ("validation", cache.training, held_out),
        ("test", cache.test, np.arange(len(cache.test.ids))),
    ):
        ids, stems = ([names[row] for row in rows] for names in (tiles.ids, tiles.stems))
        store = MapStore.create(run.folder / name, ids, stems, cache.height, cache.width, source=source)
        inference.predict_tiles(model, tiles.images, store, rows, command.tta)


if __name__ == "__main__":
    sys.exit(main())
