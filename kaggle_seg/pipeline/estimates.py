"""How long each stage takes: from earlier runs on this machine, else from a rate measured on another one.

Time is proportional to work: megapixels, times epochs (`train`) or times turned views (`predict`).
"""

from __future__ import annotations

import contextlib
import json
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaggle_seg.config import DEFAULT_EPOCHS, QUICK
from kaggle_seg.output import output_root
from kaggle_seg.pipeline.counting import TileCount
from kaggle_seg.pipeline.options import Options

EXPECTED = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError)  # of records damaged or of another version

# seconds per unit of work, from README's results: two CPU cores, computing in bfloat16
ELSEWHERE = {"split": 0.05, "train": 0.235, "predict": 0.06, "tune": 0.21, "decide": 0.03, "inspect": 0.03}
QUICK_SPEED = 0.6  # the time of a training step of --quick, as a share of the default network's
START_SECONDS = {"train": 8.0, "predict": 8.0}  # TensorFlow is imported and traced; others: a second
VIEWS = {"none": 1, "flips": 4, "d4": 8}
FEWEST_SECONDS = 1.0  # what took less was mostly its own start


@dataclass(frozen=True)
class Estimate:
    """How long a stage takes.

    Attributes:
        seconds: the time; None where nothing tells.
        remark: epochs, or what is known otherwise.
        source: the earlier run that it is taken from; "": a rate measured elsewhere.
        fixed: an option says how long.
    """

    seconds: float | None
    remark: str = ""
    source: str = ""
    fixed: bool = False

    @property
    def from_elsewhere(self) -> bool:
        """Whether no run on this machine tells."""
        return self.seconds is not None and not self.source and not self.fixed


def estimate_stage(stage: str, run: Path, tiles: TileCount, options: Options) -> Estimate:
    """The estimate of a stage that is still to be done.

    Args:
        stage: its name.
        run: the run directory.
        tiles: the tiles.
        options: the command line, after `demo` and `--until` have set the length of the training.
    """
    if stage == "train":
        return estimate_training(run, tiles, options)
    if not tiles.megapixels:
        return Estimate(None)
    views = VIEWS["none" if options.quick else "d4"]
    work = tiles.megapixels * {
        "split": tiles.training + tiles.test,
        "predict": (tiles.validation + tiles.test) * views,
        "tune": tiles.validation,
    }.get(stage, tiles.test)
    rate, source = rate_of(stage, run, options)
    return Estimate(START_SECONDS.get(stage, 1.0) + rate * work, source=source)


def estimate_training(run: Path, tiles: TileCount, options: Options) -> Estimate:
    """The estimate of a training that begins, or goes on after a stop."""
    if not options.restart and (progress := read_progress(run)):
        done, planned = progress["epoch"], progress["epochs"]
        left = (planned - done) * progress["seconds"] / done
        return Estimate(START_SECONDS["train"] + left, f"goes on after epoch {done} of {planned}", run.name)
    if options.minutes:
        seconds = START_SECONDS["train"] + float(options.minutes) * 60
        return Estimate(seconds, f"{options.minutes} minutes of training", fixed=True)
    bounds = [word for word in options.training if word.startswith(("--minutes", "--epochs"))]
    epochs = int(options.epochs or (QUICK.training.epochs if options.quick else DEFAULT_EPOCHS))
    if bounds or not tiles.megapixels:
        return Estimate(None, bounds[0] if bounds else f"{epochs} epochs")
    count = tiles.training - tiles.validation
    work = tiles.megapixels * epochs * (min(count, QUICK.training.training_tiles) if options.quick else count)
    rate, source = rate_of("train", run, options)
    return Estimate(START_SECONDS["train"] + rate * work, f"{epochs} epochs", source)


def read_progress(run: Path) -> dict[str, Any] | None:
    """How far a training that was stopped is: epochs done and planned, seconds; None before its first epoch ends."""
    with contextlib.suppress(*EXPECTED):
        newest = max((run / "backup").glob("epoch-*"))
        progress: dict[str, Any] = json.loads((newest / "progress.json").read_text(encoding="utf-8"))
        if 0 < progress["epoch"] <= progress["epochs"] and progress["seconds"] > 0:
            return progress
    return None


def rate_of(stage: str, run: Path, options: Options) -> tuple[float, str]:
    """Seconds per unit of work, and the run they are from; this run's own before those of others, new ones before old."""
    records = list((output_root() / "runs").glob(f"*/stages/{stage}.json"))
    records.sort(key=lambda path: (path.parents[1] == run, modified(path)), reverse=True)
    for path in records:
        with contextlib.suppress(*EXPECTED):
            if (rate := recorded_rate(stage, path, options)) is not None:
                return rate, path.parents[1].name
    slow = QUICK_SPEED if stage == "train" and options.quick else 1.0
    return ELSEWHERE[stage] * slow, ""


def modified(path: Path) -> float:
    """When a file was changed; 0 if it is gone."""
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def recorded_rate(stage: str, path: Path, options: Options) -> float | None:
    """Seconds per unit of work of a stage that ran before; None where it ran under other conditions, or too little.

    Raises:
        EXPECTED: its files are gone, damaged or of another version.
    """
    record, run = json.loads(path.read_text(encoding="utf-8")), path.parents[1]
    split = json.loads((run / "split.json").read_text(encoding="utf-8"))
    maps = json.loads((run / "test" / "ids.json").read_text(encoding="utf-8"))
    validation, total = len(split["validation"]), len(split.get("clusters") or split["units"])
    tests, seconds, work = len(maps["ids"]), float(record["seconds"]), maps["height"] * maps["width"] / 1e6
    if stage == "train":
        settings = tomllib.loads((run / "run.toml").read_text(encoding="utf-8"))
        if settings["data"]["quick"] != options.quick:
            return None
        tiles, most = total - validation - len(split["excluded"]), settings["training"]["training_tiles"]
        work *= (min(tiles, most) if most else tiles) * record["notes"]["epochs"]
        seconds = float(record["notes"]["training_seconds"])
    elif stage == "predict":
        if record["inputs"].get("engine", "auto") != options.engine:
            return None
        work *= (validation + tests) * VIEWS[record["inputs"]["tta"]]
    else:
        work *= {"split": total + tests, "tune": validation}.get(stage, tests)
    return seconds / work if work > 0 and seconds >= FEWEST_SECONDS else None


def clock(seconds_from_now: float) -> str:
    """A time of day, as 14:32."""
    return time.strftime("%H:%M", time.localtime(time.time() + seconds_from_now))
