"""Download the competition's tiles into data/

A download that was stopped continues where it was. On a Kaggle notebook the tiles are there already; their folder is named.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import FlagCreatePairsOff, arg

from kaggle_seg.competition import FIRST, Competition, find_competition
from kaggle_seg.errors import report_errors
from kaggle_seg.locks import end_with_parent
from kaggle_seg.output import output_root, shown


@dataclass(frozen=True)
class Command:
    """Where to."""

    to: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: data/)")] = None
    """the folder for the tiles"""
    competition: Annotated[str, arg(metavar="NAME", help_behavior_hint=f"(default: {FIRST})")] = ""
    """the competition, by slug, address or TOML file"""
    if_credentials: bool = False
    """as the pipeline does: without Kaggle credentials do nothing, and succeed"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and downloads."""
    flags = (FlagCreatePairsOff,)
    return run(tyro.cli(Command, args=argv, prog="python -m kaggle_seg.download", description=__doc__, config=flags))


def run(command: Command) -> int:
    """Brings the tiles, and names their folder on the last line: `tiles: data`."""
    from kaggle_seg.remote.client import connect
    from kaggle_seg.remote.credentials import find_credentials
    from kaggle_seg.remote.download import download, is_there, notebook_tiles

    end_with_parent()
    competition = find_competition(command.competition)
    if command.to is None and (place := notebook_tiles(competition.slug)):
        return show(place, competition)
    target = command.to or output_root() / "data"
    if not is_there(target, competition.slug):
        if command.if_credentials and find_credentials() is None:
            return 0
        with connect(competition.slug, "python -m kaggle_seg.download") as kaggle:
            download(kaggle, target)
    return show(target, competition)


def show(folder: Path, competition: Competition) -> int:
    """Says what tiles a folder holds; of a competition of which only the CSV is known here, only names the folder.

    Raises:
        BadInput: the tiles are in no layout that the pipeline knows.
    """
    from kaggle_seg.tiles.dataset import find_dataset

    if competition.csv_only:
        print(f"files: {shown(folder)}")
        return 0
    tiles = find_dataset(folder, competition)
    print(f"{len(tiles.training)} training tiles, {len(tiles.test)} test tiles")
    print(f"tiles: {shown(folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
