"""Predict the probability maps of a run's validation and test tiles: runs/RUN/{validation,test}/

Shards that are there already are kept. Thresholds, clean-up and CSVs are decided later from the maps, in seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

from kaggle_seg.config import Augmentation, Engine, Precision
from kaggle_seg.errors import report_errors
from kaggle_seg.run_directory import find_run


@dataclass(frozen=True)
class Command:
    """Which run, and how."""

    run: Annotated[str, Positional, arg(metavar="RUN", help_behavior_hint="(required)")]
    """the run, by name or folder"""
    tta: Augmentation = "d4"
    """test-time augmentation: the maps are averaged over four flips, or over all eight flips and quarter turns (d4)"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: the one the run was trained on)")] = None
    """the folder of tiles"""
    competition: Annotated[str, arg(metavar="NAME", help_behavior_hint="(default: the run's)")] = ""
    """the competition, by slug, address or TOML file"""
    precision: Precision = "auto"
    """auto is bfloat16 where the processor computes in it, else float32"""
    engine: Engine = "auto"
    """auto is OpenVINO if it is installed and there is no GPU, else Keras; int8 is 8 bits, unless that costs score"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and predicts."""
    return predict(tyro.cli(Command, args=argv, prog="python -m kaggle_seg.predict", description=__doc__))


def predict(command: Command) -> int:
    """Predicts, and says what was done."""
    from kaggle_seg.network.predicting import predict_run
    from kaggle_seg.splits.splitting import read_split
    from kaggle_seg.tiles.cache import open_cache

    run = find_run(command.run)
    split, competition = read_split(run.split_file), run.competition(command.competition)
    cache = open_cache(command.data or Path(split.data["root"]), competition)
    notes = predict_run(run, split, cache, competition, tta=command.tta, precision=command.precision, engine=command.engine)
    if notes is None:
        print("predict: done before, the maps are up to date", file=sys.stderr)
        return 0
    how = "; ".join(f"{name}: {note}" for name, note in notes.items())
    print(f"predict: {len(split.validation)} validation and {len(cache.test.ids)} test tiles; {how}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
