"""How fast masks become a CSV file, against what participants usually do: `np.where`, a table, `to_csv`.

    python -m tests.benchmarks.csv_files [--masks 100000]

2048 ragged masks are drawn and taken again and again, chunk by chunk, so that masks need little memory; both ways see the
same ones in the same order, and both files must hold the same values. Ours is renamed into place after the disk has it;
`to_csv` leaves that to the operating system.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd

from kaggle_seg.competition import find_competition
from kaggle_seg.masks import rle
from kaggle_seg.submission.table import write_submission
from tests.benchmarks.run_lengths import SIDE, draw_masks, usual_encode
from tests.benchmarks.turns import Row, make_parser, run, take_turns, timed

COMPETITION = find_competition()

CHUNK, ROUNDS = 128, 3  # a chunk is a shard of stored maps
DRAWN = 16 * CHUNK  # a whole number of chunks
USUAL, OURS = "np.where and to_csv", "rle.encode and write_submission"


def chunks(drawn: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """`count` masks, bool (up to 128, H, W) at a time: the drawn ones over and over."""
    for first in range(0, count, CHUNK):
        place = first % DRAWN
        yield drawn[place : place + min(CHUNK, count - first)]


def write_usual(path: Path, drawn: np.ndarray, stems: Sequence[str]) -> None:
    """As in the notebooks that one finds."""
    rows = []
    masks = (mask for chunk in chunks(drawn, len(stems)) for mask in chunk)
    for stem, mask in zip(stems, masks, strict=True):
        rows.append((stem, usual_encode(mask), SIDE, SIDE))
    pd.DataFrame(rows, columns=COMPETITION.columns).to_csv(path, index=False)


def write_ours(path: Path, drawn: np.ndarray, stems: Sequence[str]) -> None:
    """As `decide` does."""
    run_lengths: list[str] = []
    for chunk in chunks(drawn, len(stems)):
        run_lengths += rle.encode(chunk)
    write_submission(path, stems, run_lengths, SIDE, SIDE, COMPETITION)


def same_values(one: Path, other: Path, rows: int) -> bool:
    """Whether two CSVs hold the same fields in the same places, however they quote them, in so many rows and a header."""
    with open(one, encoding="utf-8", newline="") as left, open(other, encoding="utf-8", newline="") as right:
        equal = [a == b for a, b in zip_longest(csv.reader(left), csv.reader(right))]
    return len(equal) == rows + 1 and all(equal)


def rows(options: argparse.Namespace) -> list[Row]:
    """Both ways, in turns, and a look at what they wrote."""
    count, rounds = (1000, 1) if options.quick else (options.masks, ROUNDS)
    drawn = draw_masks(min(count, DRAWN))
    stems = [str(number) for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        usual, ours = Path(folder) / "usual.csv", Path(folder) / "ours.csv"
        works = {
            USUAL: timed(lambda: write_usual(usual, drawn, stems)),
            OURS: timed(lambda: write_ours(ours, drawn, stems)),
        }
        turns = take_turns(works, rounds)
        assert same_values(usual, ours, count), "the files differ"
        size = ours.stat().st_size >> 20
    operation = f"masks to a CSV file ({count:,} masks, {size} MiB)"
    return [
        turns.row(operation, USUAL, turns.rate(USUAL, count, "masks")),
        turns.row(operation, OURS, turns.rate(OURS, count, "masks"), USUAL, wanted=5, note="equal values"),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table."""
    parser = make_parser(__doc__)
    parser.add_argument("--masks", type=int, default=100_000, help="how many (default: 100000)")
    return run(parser, rows, argv)


if __name__ == "__main__":
    sys.exit(main())
