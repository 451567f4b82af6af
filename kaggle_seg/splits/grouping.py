"""What must stay together when tiles are split: runs of consecutive ids, scenes, or groups that a person names."""

from __future__ import annotations

import csv
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.output import shown
from kaggle_seg.splits.neighbours import Indices

Name = TypeVar("Name", int, str)

PIECE = 8  # consecutive ids that make up one bootstrap cluster, at most
RUNS_PER_FOLD = 10  # where the lengths of the test runs are not known


@dataclass(frozen=True)
class Grouping:
    """The training tiles, grouped.

    Attributes:
        blocks: rows of tiles; those of one block go to the same fold. Every tile is in one.
        clusters: the name of each tile's bootstrap cluster; see `Split`.
        in_order: whether each block continues the one before.
    """

    blocks: list[list[int]]
    clusters: list[str]
    in_order: bool = False


def id_number(name: str) -> int | None:
    """The number that an id is; None if it is another text."""
    return int(name) if name.isdecimal() else None


def chance(seed: int, *names: object) -> bytes:
    """A sort key that looks random and is the same on every machine, whatever else is drawn."""
    return hashlib.blake2b("\t".join(map(str, (seed, *names))).encode("utf-8"), digest_size=8).digest()


def consecutive(ids: Sequence[str]) -> list[list[int]]:
    """Rows of tiles in runs of consecutive ids; texts are consecutive where they follow one another.

    >>> consecutive(["7", "8", "10", "11", "north"])
    [[0, 1], [2, 3], [4]]
    """
    runs: list[list[int]] = []
    for row, name in enumerate(ids):
        number, before = id_number(name), id_number(ids[row - 1]) if row else None
        follows = number == before + 1 if number is not None and before is not None else number is before
        runs[-1].append(row) if row and follows else runs.append([row])
    return runs


def pieces(rows: Sequence[int], most: int) -> list[list[int]]:
    """Cuts rows into as few pieces of at most `most` as there can be, of about equal length.

    >>> pieces(range(5), 2)
    [[0, 1], [2, 3], [4]]
    """
    return [part.tolist() for part in np.array_split(np.asarray(rows), -(-len(rows) // most))]


def gap_lengths(training: Sequence[str], test: Sequence[str]) -> list[int] | None:
    """How long the runs of consecutive test ids are; None where training and test do not share one numbering.

    >>> gap_lengths(["0", "1", "4", "7", "8"], ["2", "3", "5", "6"]), gap_lengths(["0", "1"], ["0", "1"])
    ([2, 2], None)
    """
    known, asked = [id_number(name) for name in training], [id_number(name) for name in test]
    numbers, gaps = [n for n in known if n is not None], [n for n in asked if n is not None]
    if not gaps or len(numbers) < len(known) or len(gaps) < len(asked) or set(numbers) & set(gaps):
        return None
    if sum(min(numbers) < number < max(numbers) for number in gaps) < len(gaps) / 2:
        return None
    return [len(run) for run in consecutive([str(number) for number in sorted(gaps)])]


def by_runs(training: Sequence[str], test: Sequence[str], folds: int, seed: int) -> Grouping:
    """Blocks of consecutive ids, as long as the runs of the test ids where these are known.

    Raises:
        BadInput: ids that are not numbers.
    """
    if texts := [name for name in training if id_number(name) is None]:
        raise BadInput(
            f"--method blocks: ids that are not numbers have no order ({', '.join(texts[:3])}); use --method scenes"
        )
    longest = max(1, len(training) // (2 * folds))
    usual = gap_lengths(training, test) or [max(1, len(training) // (RUNS_PER_FOLD * folds))]
    order = sorted(range(len(usual)), key=lambda run: chance(seed, "run", run))
    lengths = itertools.cycle(min(usual[run], longest) for run in order)
    blocks = []
    for run in consecutive(training):
        while run:
            length = next(lengths)
            blocks.append(run[:length])
            run = run[length:]
    return Grouping(
        blocks, cluster_names(training, [piece for block in blocks for piece in pieces(block, PIECE)]), in_order=True
    )


def by_scenes(training: Sequence[str], pairs: Indices, count: int, folds: int) -> Grouping:
    """Blocks of tiles that neighbours and copies connect.

    A scene of more than half a fold is cut, by a sweep from one end to the other, into equal parts that are not.

    Args:
        training: ids.
        pairs: int64 (M, 2); neighbours and copies among training and test tiles.
        count: how many tiles there are, the test tiles among them: two tiles may be of one scene by a test tile.
        folds: how many folds there will be.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (count, count)).tocsr()
    scene_of = connected_components(graph, directed=False)[1]
    most = max(len(training) // (2 * folds), min(PIECE, len(training) // folds), 1)
    blocks = []
    for rows in collect(scene_of[: len(training)].tolist()):
        if len(rows) > most:
            end = breadth_first_order(graph, rows[0], directed=False, return_predecessors=False)[-1]
            sweep = breadth_first_order(graph, end, directed=False, return_predecessors=False)
            blocks += pieces([int(row) for row in sweep if row < len(training)], most)
        else:
            blocks.append(rows)
    return Grouping(blocks, cluster_names(training, blocks, "scene "))


def by_groups(training: Sequence[str], path: Path, competition: Competition) -> Grouping:
    """Blocks of the tiles that a CSV of the columns tile and group puts together.

    Args:
        training: ids.
        path: the CSV; a tile is named by its file or its id.
        competition: says what the id of a file is.

    Raises:
        BadInput: all at once, every row of no training tile, without a group or with a tile given before, and every
            training tile without a row.
    """
    group_of, problems, known = dict[str, str](), list[str](), set(training)
    for number, row in read_groups(path):
        name, group = (*row, "", "")[:2]
        tile = name if name in known else competition.tile_id(Path(name).stem)
        wrong = (
            (len(row) != 2 and f"{len(row)} field{'s' * (len(row) > 1)}; wanted 2, tile and group")
            or (tile not in known and f"{name!r} is no training tile; remove the row or correct the name")
            or (not group and f"tile {name} has no group; give it one")
            or (tile in group_of and f"tile {name} was given before; remove one of the rows")
        )
        if wrong:
            problems.append(f"{shown(path)} row {number}: {wrong}")
        else:
            group_of[tile] = group
    problems += [f"{shown(path)}: no row for tile {tile}; add one" for tile in training if tile not in group_of]
    if problems:
        raise BadInput(problems)
    return Grouping(collect([group_of[tile] for tile in training]), [group_of[tile] for tile in training])


def read_groups(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV of groups that aren't empty, below its header, each with its number.

    Raises:
        BadInput: it can't be read, or has another header.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = [[field.strip() for field in row] for row in csv.reader(stream)]
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown(path)}: not a CSV in UTF-8 ({error}); save it as one") from error
    except OSError as error:
        raise BadInput(f"{shown(path)}: {error.strerror}; give --groups a CSV of the columns tile,group") from error
    if not rows or rows[0] != ["tile", "group"]:
        raise BadInput(f"{shown(path)} row 1: {','.join(rows[0]) if rows else 'nothing'}; wanted the header tile,group")
    return [(number, row) for number, row in enumerate(rows[1:], start=2) if row]


def by_tile(training: Sequence[str], clusters: list[str]) -> Grouping:
    """Every tile for itself, as a random split has it; clusters as another grouping has them."""
    return Grouping([[row] for row in range(len(training))], clusters)


def collect(names: Sequence[Name]) -> list[list[int]]:
    """Rows of equal names, in order of their first rows.

    >>> collect(["b", "a", "b"])
    [[0, 2], [1]]
    """
    rows: dict[Name, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    return list(rows.values())


def cluster_names(ids: Sequence[str], clusters: Sequence[Sequence[int]], what: str = "") -> list[str]:
    """The name of each tile's cluster: its first id, and its last where it is a run of ids."""
    names = [""] * len(ids)
    for rows in clusters:
        first, last = ids[min(rows)], ids[max(rows)]
        name = f"{what}{first}" if what or first == last else f"{first} to {last}"
        for row in rows:
            names[row] = name
    return names
