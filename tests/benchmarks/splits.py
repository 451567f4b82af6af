"""What the split finds, and what each method leaks, as tables for the README.

    python -m tests.benchmarks.splits --data DIR

Where DIR holds a `manifest_train.csv` with the columns n (a tile's number), source (the image it was cut from), y and x (its
place there), what is found is held against it. Tiles of one source are neighbours; tiles of two sources can be too, so that
the share of found pairs that are of one source is a lower bound of what is right. Two tiles of a source that touch at a
corner alone have no edge in common, and are found only where a third tile connects them.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import sys
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kaggle_seg.competition import find_competition
from kaggle_seg.config import SplitSettings
from kaggle_seg.run_directory import peak_memory
from kaggle_seg.splits.grouping import by_scenes
from kaggle_seg.splits.methods import Candidate, compare_methods, leak_of_test
from kaggle_seg.splits.survey import Survey, survey_tiles
from kaggle_seg.tiles.cache import open_cache


class Place(NamedTuple):
    """Where a tile was cut from."""

    source: str
    y: str
    x: str


def main() -> int:
    """Surveys the tiles and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of tiles")
    parser.add_argument("--folds", type=int, default=5, help="every fold validates once; shares are over all (default: 5)")
    options = parser.parse_args()
    cache = open_cache(options.data, find_competition())
    started = time.monotonic()
    survey = survey_tiles(cache)
    seconds = time.monotonic() - started
    links, training, test = survey.links, len(survey.training), len(survey.test)
    overlaps = " and ".join(map(str, links.overlaps))
    print(
        f"{training} training and {test} test tiles: {len(links.beside)} pairs beside and {len(links.below)} below each "
        f"other, overlapping by {overlaps} pixels, {len(links.copies)} of copies; {seconds:.1f} s, {peak_memory()} MiB\n"
    )
    places = read_places(options.data / "manifest_train.csv", survey.training)
    if places:
        print_found(survey, places)
    print_leaks(survey, SplitSettings(folds=options.folds), places)
    return 0


def read_places(manifest: Path, ids: Sequence[str]) -> list[Place]:
    """The place of each training tile; none without a manifest."""
    if not manifest.is_file():
        return []
    with open(manifest, encoding="utf-8", newline="") as stream:
        place = {row["n"]: Place(row["source"], row["y"], row["x"]) for row in csv.DictReader(stream)}
    return [place[name] for name in ids]


def print_found(survey: Survey, places: Sequence[Place]) -> None:
    """Prints how much of what the manifest knows was found, and how much of what was found it knows."""
    of_source: dict[str, list[int]] = {}
    for row, place in enumerate(places):
        of_source.setdefault(place.source, []).append(row)
    alike = [pair for rows in of_source.values() for pair in combinations(rows, 2)]
    facing = [(a, b) for a, b in alike if places[a].y == places[b].y or places[a].x == places[b].x]
    linked = {(a, b) for a, b in survey.links.pairs.tolist() if b < len(places)}
    scene = by_scenes(survey.training, survey.links.pairs, survey.count, folds=1).clusters  # of one fold: as good as uncut
    together = [pair for pair in alike if scene[pair[0]] == scene[pair[1]]]
    several = [row for rows in of_source.values() if len(rows) > 1 for row in rows]
    whole = [row for row in several if any(scene[row] == scene[b] for b in of_source[places[row].source] if b != row)]
    print("| what `scenes` finds on the training tiles | found | of | share |\n|---|---|---|---|")
    print_share("pairs of one source that share an edge, linked", len(linked & set(facing)), len(facing))
    print_share("pairs of one source, in one scene", len(together), len(alike))
    print_share("tiles with another of their source, in a scene with it", len(whole), len(several))
    print_share("linked pairs that are of one source", len(linked & set(alike)), len(linked))
    print()


def print_share(what: str, found: int, total: int) -> None:
    print(f"| {what} | {found} | {total} | {found / max(1, total):.1%} |")


def print_leaks(survey: Survey, settings: SplitSettings, places: Sequence[Place]) -> None:
    """Prints for each method how many validation tiles have a neighbour in training, over all folds."""
    folds = [compare_methods(survey, dataclasses.replace(settings, fold=fold)) for fold in range(settings.folds)]
    known = "" if not places else " of one source with a training tile |"
    print(f"| validation tiles by | with a neighbour or copy in training |{known} clusters |")
    print("|---|---|---|" + "---|" * bool(places))
    for method in zip(*folds, strict=True):
        sizes = [len(fold.validation) for fold in method]
        leak = np.average([fold.leak for fold in method], weights=sizes)
        sourced = f" {np.average([torn(fold, places) for fold in method], weights=sizes):.1%} |" if places else ""
        print(f"| `{method[0].method}` | {leak:.1%} |{sourced} {len(set(method[0].clusters))} |")
    wanted = leak_of_test(survey)
    if wanted is not None:
        print(f"| the test tiles | {wanted:.1%} |" + " |" * (1 + bool(places)))


def torn(fold: Candidate, places: Sequence[Place]) -> float:
    """The share of validation tiles whose source has a tile in training too."""
    validation = set(fold.validation)
    trained = {place.source for row, place in enumerate(places) if row not in validation}
    return float(np.mean([places[row].source in trained for row in fold.validation]))


if __name__ == "__main__":
    sys.exit(main())
