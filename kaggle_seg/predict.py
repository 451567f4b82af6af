"""Predict the probability maps of a run's validation and test tiles: runs/RUN/{validation,test}/

Shards that are there already are kept; thresholds, clean-up and CSVs are decided later from the maps, in seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from kaggle_seg import config
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.run_directory import Run, file_hash, find_run, shown


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
    engine: config.Engine = "auto"
    """what computes: auto is OpenVINO where it is installed and there is no GPU, else Keras; int8 is OpenVINO with 8-bit
    numbers, taken only if the tuned score of the validation tiles, predicted both ways, does not fall"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and predicts."""
    command = tyro.cli(Command, args=argv, prog="kaggle_seg.predict", description=__doc__)
    return predict(command, find_run(command.run))


def predict(command: Command, run: Run) -> int:
    """Writes the maps that are missing, or finds that there are none."""
    from kaggle_seg.splits.splitting import read_split
    from kaggle_seg.tiles.cache import open_cache

    if not run.model_file.exists():
        raise BadInput(f"{shown(run.model_file)} is not there: train it with python -m kaggle_seg.train --run {run.name}")
    split = read_split(run.split_file)
    competition = run.competition(command.competition)
    cache = open_cache(command.data or Path(split.data["root"]), competition=competition)
    inputs = {
        "model": file_hash(run.model_file),
        "tta": command.tta,
        "precision": command.precision,
        "engine": command.engine,
        "validation": split.validation,
        "tiles": cache.fingerprint,
    }
    with run.stage("predict", inputs, ["validation", "test"]) as stage:
        if stage.finished:
            print("predict: done before, the maps are up to date", file=sys.stderr)
            return 0
        from kaggle_seg.network import machine
        from kaggle_seg.network.predicting import Prediction

        machine.compute_batches_side_by_side()
        prediction = Prediction(run, cache, split, competition, command.tta, command.precision, command.engine, inputs)
        stage.notes.update(prediction.write())
    words = "; ".join(": ".join(note) for note in stage.notes.items())
    print(f"predict: {len(split.validation)} validation and {len(cache.test.ids)} test tiles; {words}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
