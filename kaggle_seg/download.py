"""Download the competition's tiles into data/

A download that was stopped goes on where it was. On a Kaggle notebook the tiles are there already; their folder is named.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from kaggle_seg.competition import DEFAULT, Competition, find_competition
from kaggle_seg.errors import report_errors
from kaggle_seg.locks import end_with_parent
from kaggle_seg.run_directory import output_root, shown


@dataclass(frozen=True)
class Command:
    """Where to."""

    to: Path | None = None
    """the folder for the tiles (default: data/)"""
    competition: str = ""
    """the competition, by slug, address or TOML file (default: ann-and-dl-image-segmentation)"""
    if_credentials: bool = False
    """as the pipeline does: without Kaggle credentials do nothing, and succeed"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and downloads."""
    flags = (tyro.conf.FlagCreatePairsOff,)
    return run(tyro.cli(Command, args=argv, prog="python -m kaggle_seg.download", description=__doc__, config=flags))


def run(command: Command) -> int:
    """Brings the tiles, and names their folder on the last line: `tiles: data`."""
    from kaggle_seg.remote.credentials import find_credentials
    from kaggle_seg.remote.downloading import download, is_there, notebook_tiles
    from kaggle_seg.remote.gate import need_credentials
    from kaggle_seg.remote.sending import Sender, note

    end_with_parent()
    sender = Sender(find_competition(command.competition) if command.competition else DEFAULT)
    slug, target = sender.competition.slug, command.to or output_root() / "data"
    if command.to is None and (place := notebook_tiles(slug)):
        return hand_over(place, sender.competition)
    if not is_there(target, slug):
        if command.if_credentials and find_credentials() is None:
            return 0
        credentials = need_credentials("python -m kaggle_seg.download")
        note(f"Kaggle login: {credentials.described()}")
        with sender.talking(credentials) as kaggle:
            count = download(kaggle, slug, target, sender.patience, note)
        note(f"{count} files of {slug} in {shown(target)}")
    return hand_over(target, sender.competition)


def hand_over(folder: Path, competition: Competition) -> int:
    """Says what tiles lie in a folder; of a competition of which only the CSV is known here, nothing is looked for.

    Raises:
        BadInput: no layout that the pipeline knows.
    """
    from kaggle_seg.tiles.dataset import find_dataset

    if competition.csv_only:
        print(f"files: {shown(folder)}")
        return 0
    found = find_dataset(folder, competition)
    print(f"{len(found.training)} training tiles, {len(found.test)} test tiles")
    print(f"tiles: {shown(folder)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
