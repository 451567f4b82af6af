"""Runs that benchmarks train: split by the command, trained and predicted by the functions that the commands call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kaggle_seg.config import RunSettings
from kaggle_seg.network.predicting import predict_run
from kaggle_seg.network.training import train_run
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.tiles.cache import open_cache

if TYPE_CHECKING:
    from kaggle_seg.network.backup import Progress


def split_tiles(data: Path, name: str, *options: object) -> Run:
    """A run of that name, split."""
    command = [sys.executable, "-m", "kaggle_seg.split", "--data", data, "--run", name, *options]
    subprocess.run([str(word) for word in command], check=True)
    return find_run(name)


def train(run: Run, data: Path, settings: RunSettings) -> Progress | None:
    """Trains a split run; None where that was done before."""
    split, competition = read_split(run.split_file), run.competition()
    return train_run(run, settings, split, open_cache(data, competition), competition)


def predict(run: Run, data: Path) -> dict[str, str] | None:
    """Predicts a trained run; None where that was done before."""
    split, competition = read_split(run.split_file), run.competition()
    return predict_run(run, split, open_cache(data, competition), competition)


def train_split(data: Path, name: str, settings: RunSettings) -> Progress:
    """Splits and trains a new run of that name."""
    progress = train(split_tiles(data, name), data, settings)
    assert progress is not None, "the run is new"
    return progress
