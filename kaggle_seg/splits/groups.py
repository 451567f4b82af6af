"""Groups of tiles that a person names in a CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from kaggle_seg.competition import tile_id
from kaggle_seg.errors import BadInput
from kaggle_seg.run_directory import shown
from kaggle_seg.splits.grouping import Grouping, collect

HEADER = ["tile", "group"]


def by_groups(training: Sequence[str], path: Path) -> Grouping:
    """Blocks that a CSV of the columns tile and group names.

    Args:
        training: ids.
        path: the CSV; a tile is named by its file or its id.

    Raises:
        BadInput: all at once, every row of no training tile, without a group or with a tile given before, and every
            training tile without a row.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown(path)}: not a CSV in UTF-8 ({error}); save it as one") from error
    except OSError as error:
        raise BadInput(f"{shown(path)}: {error.strerror}; give --groups a CSV of the columns tile,group") from error
    if not rows or [name.strip() for name in rows[0]] != ["tile", "group"]:
        raise BadInput(f"{shown(path)} row 1: {','.join(rows[0]) if rows else 'nothing'}; wanted the header tile,group")
    group_of, problems, known = dict[str, str](), list[str](), set(training)
    for number, row in enumerate(rows[1:], start=2):
        name, group = (*(field.strip() for field in row), "", "")[:2]
        tile = tile_id(Path(name).stem)
        wrong = (
            (len(row) != 2 and f"{len(row)} fields; wanted 2, tile and group")
            or (tile not in known and f"{name!r} is no training tile; remove the row or mend the name")
            or (not group and f"tile {name} without a group; give it one")
            or (tile in group_of and f"tile {name} was given before; remove one of the rows")
        )
        if wrong and row:
            problems.append(f"{shown(path)} row {number}: {wrong}")
        elif row:
            group_of[tile] = group
    problems += [f"{shown(path)}: no row for tile {tile}; add one" for tile in training if tile not in group_of]
    if problems:
        raise BadInput(problems)
    return Grouping(collect([group_of[tile] for tile in training]), [group_of[tile] for tile in training])
