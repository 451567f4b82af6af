"""Generate demo tiles: aerial scenes with exact masks, to try everything out without the competition's data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from kaggle_seg.errors import report_errors
from kaggle_seg.output import shown
from kaggle_seg.synthetic.demo_tiles import DemoTiles, write_demo


@dataclass(frozen=True)
class Settings:
    """Where and how much to draw."""

    folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DIR")]
    """where the tiles go: a new or empty folder, or one that holds the same demo tiles already"""
    tiles: Annotated[DemoTiles, tyro.conf.arg(name="")] = field(default_factory=DemoTiles)


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Draws the tiles, or says that they are there."""
    settings = tyro.cli(Settings, prog="python -m kaggle_seg.demo", args=argv, description=__doc__)
    drawn, tiles = write_demo(settings.folder, settings.tiles), settings.tiles
    what = "demo tiles drawn" if drawn else "demo tiles were there already"
    print(f"{what}: {tiles.training} for training, {tiles.test} for the test, in {shown(settings.folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
