"""Train the network of a run: runs/RUN/model.keras

The training takes up where a stopped one left off, at most an epoch earlier.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import arg

from kaggle_seg import config
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.output import shown
from kaggle_seg.run_directory import Run, find_run

if TYPE_CHECKING:
    from kaggle_seg.network.backup import Progress

PROG = "python -m kaggle_seg.train"


@dataclass(frozen=True)
class Command:
    """What to train, and on which tiles."""

    run: Annotated[str, arg(metavar="RUN", help_behavior_hint="(default: named after the data folder and the network)")] = ""
    """the run, by name or folder"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: the one the run was split from)")] = None
    """the folder of tiles"""
    quick: bool = False
    """a small network, few epochs, at most 1500 training tiles: a look at the whole, not a score to upload"""
    restart: bool = False
    """forget what this run has trained so far, and train anew"""
    summary: bool = False
    """print parameters and FLOPs of the network, level by level, and stop"""
    print_run_name: bool = False
    """print the run's name, and stop"""
    competition: Annotated[str, arg(metavar="NAME", help_behavior_hint="(default: the run's)")] = ""
    """the competition, by slug, address or TOML file"""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and trains."""
    command = parse(sys.argv[1:] if argv is None else list(argv))
    if command.summary:
        from kaggle_seg.network.training import summary_of

        print(summary_of(command.network))
        return 0
    if not command.run and command.data is None:
        raise BadInput("neither --run nor --data is given; name the run to train, or the folder of tiles")
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

    def parsed(default: Command) -> Command:
        flat = (tyro.conf.OmitArgPrefixes,)
        return tyro.cli(Command, args=argv, default=default, prog=PROG, description=__doc__, config=flat)

    command = parsed(Command())
    if command.quick:  # once more, for only the parser knows which settings were given
        quick = config.QUICK
        training = replace(quick.training, epochs=0 if command.training.minutes else quick.training.epochs)
        command = parsed(Command(network=quick.network, training=training))
    if lines := config.problems(RunSettings(command.network, command.training)):
        raise BadInput(lines)
    return command


def train(command: Command, run: Run) -> int:
    """Trains the run's network, and says what was done."""
    from kaggle_seg.network.training import train_run
    from kaggle_seg.pages.curves import draw_learning_curves
    from kaggle_seg.splits.splitting import read_split
    from kaggle_seg.tiles.cache import open_cache

    split, competition = read_split(run.split_file), run.competition(command.competition)
    cache = open_cache(command.data or Path(split.data["root"]), competition)
    settings = RunSettings(command.network, command.training)

    def draw(progress: Progress) -> None:
        draw_learning_curves(progress.history, run.name, run.folder / "learning-curves.svg")

    progress = train_run(
        run, settings, split, cache, competition, quick=command.quick, restart=command.restart, after_epoch=draw
    )
    if progress is None:
        print(f"train: done before, {shown(run.model_file)} is up to date", file=sys.stderr)
        return 0
    print(
        f"train: {progress.epochs} epochs; the best is epoch {progress.best_epoch}, with a validation score of "
        f"{progress.best_score:.3f} at threshold 0.5; {shown(run.model_file)}",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
