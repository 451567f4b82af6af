"""Train the network of a run: runs/RUN/model.keras

The training takes up where a stopped one left off, at most an epoch earlier.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from kaggle_seg import config
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.run_directory import Run, find_run, shown, write_atomic

if TYPE_CHECKING:
    from kaggle_seg.competition import Competition
    from kaggle_seg.network.backup import Progress
    from kaggle_seg.network.fold import TrainingTiles
    from kaggle_seg.splits.splitting import Split
    from kaggle_seg.tiles.cache import TileCache

CURVES_SECONDS = 30.0  # to draw them takes as long as two or three steps


@dataclass(frozen=True)
class Command:
    """What to train, and on which tiles."""

    run: str = ""
    """the run, by name or folder (default: from the data folder and the network)"""
    data: Path | None = None
    """the folder of tiles (default: the one the run was split from)"""
    quick: bool = False
    """a small network, few epochs, at most 1500 training tiles: a look at the whole, not a score to upload"""
    restart: bool = False
    """forget what this run has trained so far, and train anew"""
    summary: bool = False
    """print parameters and FLOPs of the network, level by level, and stop"""
    print_run_name: bool = False
    """print the run's name, and stop"""
    competition: str = ""
    """the competition, by slug, address or TOML file (default: the run's)"""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    @property
    def settings(self) -> RunSettings:
        return RunSettings(self.network, self.training)


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and trains."""
    command = parse(sys.argv[1:] if argv is None else list(argv))
    if command.summary:
        return print_summary(command)
    if not command.run and command.data is None:
        raise BadInput("neither --run nor --data: say which run to train, or on which folder of tiles")
    name = command.run or config.default_run_name(command.data or Path(), command.network, command.quick)
    if command.print_run_name:
        print(name)
        return 0
    return train(command, find_run(name))


def parse(argv: list[str]) -> Command:
    """The command line as settings; `--quick` changes the defaults of the others.

    Raises:
        BadInput: naming every setting out of its range.
    """
    base = config.QUICK if "--quick" in argv else RunSettings()
    if "--minutes" in argv and "--epochs" not in argv:
        base = dataclasses.replace(base, training=dataclasses.replace(base.training, epochs=0))
    default = Command(network=base.network, training=base.training)
    command = tyro.cli(
        Command,
        args=argv,
        default=default,
        prog="kaggle_seg.train",
        description=__doc__,
        config=(tyro.conf.OmitArgPrefixes,),
    )
    if lines := config.problems(command.settings):
        raise BadInput(lines)
    return command


def print_summary(command: Command) -> int:
    """Prints the network's size for 256×256 tiles."""
    from kaggle_seg.network import unet

    print(unet.summary(unet.build(command.network, 256, 256)))
    return 0


def train(command: Command, run: Run) -> int:
    """Trains the run's network, or finds that it is done."""
    from kaggle_seg.splits.splitting import read_split
    from kaggle_seg.tiles.cache import open_cache

    split, competition = read_split(run.split_file), run.competition(command.competition)
    check_settings(run, command)
    cache = open_cache(command.data or Path(split.data["root"]), competition=competition)
    if cache.fingerprint != split.data["fingerprint"]:
        raise BadInput(
            f"run {run.name} was split from other tiles than those now in {shown(cache.data)}: "
            f"split again (python -m kaggle_seg.split) and train with --restart, "
            "or take another --run name"
        )
    inputs = {
        "settings": config.to_tables(command.settings),
        "tiles": cache.fingerprint,
        "validation": split.validation,
        "excluded": split.excluded,
    }
    with run.stage("train", inputs, ["model.keras", "history.csv", "run.toml"]) as stage:
        if stage.finished and not command.restart:
            print(f"train: done before, {shown(run.model_file)} is up to date", file=sys.stderr)
            return 0
        from kaggle_seg.network import machine, training

        stage.finished = False
        machine.make_reproducible(command.training.deterministic)
        if command.restart:
            training.clear(run)
        write_settings(run, command, cache)
        precision = machine.choose_precision(command.training.precision).removeprefix("mixed_")
        print(f"train: computing in {precision}", file=sys.stderr)
        tiles = fold_tiles(cache, split, command.training, competition)
        progress = training.train_fold(run, command.settings, tiles, draw_curves(run))
        stage.notes.update(
            best_epoch=progress.best_epoch,
            epochs=progress.epochs,
            training_seconds=round(progress.seconds, 1),
            precision=precision,
        )
    print(
        f"train: {progress.epochs} epochs, the best is {progress.best_epoch}: validation score "
        f"{progress.best_score:.3f} at threshold 0.5; {shown(run.model_file)}",
        file=sys.stderr,
    )
    return 0


def check_settings(run: Run, command: Command) -> None:
    """Refuses to go on with a run under other settings than it was begun with.

    Raises:
        BadInput: naming the differences and the two ways on.
    """
    if command.restart or not run.settings_file.exists():
        return
    if changes := config.differences(config.read_settings(run.settings_file), command.settings):
        raise BadInput(
            f"run {run.name} was begun with other settings ({'; '.join(changes)}): "
            "take another --run name, or forget what it has trained with --restart "
            f"(to change the threshold alone: python -m kaggle_seg.decide {run.name} --threshold X)"
        )


def write_settings(run: Run, command: Command, cache: TileCache) -> None:
    """Writes run.toml: settings, package versions and the tiles' fingerprint."""
    import platform
    from importlib.metadata import version

    import tomli_w

    names = ("keras", "numpy", "kaggle_seg")
    tables: dict[str, Any] = {
        "data": {"root": str(cache.data), "fingerprint": cache.fingerprint, "quick": command.quick},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in names}},
        **config.to_tables(command.settings),
    }
    write_atomic(run.settings_file, tomli_w.dumps(tables))


def fold_tiles(cache: TileCache, split: Split, settings: TrainingSettings, competition: Competition) -> TrainingTiles:
    """The rows to train on and to validate on."""
    import numpy as np

    from kaggle_seg.network.fold import TrainingTiles

    tiles = cache.training
    if tiles.masks is None:
        raise BadInput(f"{shown(cache.data)}: the training tiles have no masks")
    held_out = set(split.validation)
    apart = held_out | set(split.excluded)
    training = np.array([row for row, name in enumerate(tiles.ids) if name not in apart])
    validation = np.array([row for row, name in enumerate(tiles.ids) if name in held_out])
    if settings.training_tiles and settings.training_tiles < len(training):
        drawn = np.random.default_rng(settings.seed).choice(training, settings.training_tiles, replace=False)
        training = np.sort(drawn)
    return TrainingTiles(tiles.images, tiles.masks, tiles.ids, training, validation, competition)


def draw_curves(run: Run) -> Callable[[Progress], None]:
    """A function that draws the learning curves as they stand: after the first and the last epoch, and now and then."""
    from kaggle_seg.pages.curves import draw_learning_curves

    drawn = -CURVES_SECONDS

    def draw(progress: Progress) -> None:
        nonlocal drawn
        if progress.epoch < progress.epochs and time.monotonic() - drawn < CURVES_SECONDS:
            return
        draw_learning_curves(progress.history, run.name, run.folder / "learning-curves.svg")
        drawn = time.monotonic()

    return draw


if __name__ == "__main__":
    sys.exit(main())
