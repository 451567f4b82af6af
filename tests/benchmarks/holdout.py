"""Scores finished CSVs on masks that nothing was trained, tuned or chosen on, and writes the result into a log.

    python -m tests.benchmarks.holdout --masks DIR --what "default, 20 minutes" submissions/NAME.csv [...]

It is the only script that reads held-out masks. Every look is a line in `holdout-log.csv` beside it, so that anybody can
count how often somebody looked. Masks are found by the number that ends their file's name.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import subprocess
import sys
from pathlib import Path

import numpy as np

from kaggle_seg.competition import find_competition, tile_id
from kaggle_seg.masks.scores import competition_scores, ious, overlaps
from kaggle_seg.output import file_hash
from kaggle_seg.submission.table import Submission
from kaggle_seg.tiles.files import read_mask

COMPETITION = find_competition()

LOG = Path(__file__).with_name("holdout-log.csv")
COLUMNS = (
    "date",
    "commit",
    "configuration",
    "tiles",
    "score",
    "low",
    "high",
    "score_empty_zero",
    "score_buildings",
    "iou",
    "sha256",
)
DRAWS = 2000
STEPS = range(10, 20)  # of the score, in twentieths


def score(path: Path, masks: dict[str, Path]) -> dict[str, str]:
    """All variants of one CSV's score, as text."""
    submission = Submission.read(path, COMPETITION)
    stems = [row.stem for row in submission.rows]
    missing = sorted({tile_id(stem) for stem in stems} ^ set(masks))
    if missing:
        raise SystemExit(f"{path}: tiles and masks are not the same ones: {', '.join(missing[:10])}")
    pairs = [overlaps(submission[stem][np.newaxis], read_mask(masks[tile_id(stem)])[np.newaxis]) for stem in stems]
    intersection, union = (np.concatenate(part) for part in zip(*pairs, strict=True))
    truth = np.array([read_mask(masks[tile_id(stem)]).any() for stem in stems])
    one, zero = (competition_scores(intersection, union, empty, STEPS) for empty in ("one", "zero"))
    draws = np.random.default_rng(0).choice(one, (DRAWS, len(one))).mean(axis=1)
    low, high = np.quantile(draws, (0.025, 0.975))
    numbers = {
        "score": one.mean(),
        "low": low,
        "high": high,
        "score_empty_zero": zero.mean(),
        "score_buildings": one[truth].mean(),
        "iou": ious(intersection, union, "one").mean(),
    }
    return {"tiles": str(len(stems)), **{name: f"{number:.4f}" for name, number in numbers.items()}}


def main() -> int:
    """Scores the CSVs, prints the scores, and adds them to the log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--masks", type=Path, required=True, help="folder of held-out masks")
    parser.add_argument("--what", required=True, help="the configuration, in words")
    parser.add_argument("csv", type=Path, nargs="+")
    options = parser.parse_args()
    masks = {tile_id(path.stem): path for path in options.masks.iterdir() if path.suffix == ".tif"}
    here = Path(__file__).parent
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True, check=True)
    for path in options.csv:
        row = {
            "date": datetime.date.today().isoformat(),
            "commit": commit.stdout.strip(),
            "configuration": options.what if len(options.csv) == 1 else f"{options.what}: {path.stem}",
            "sha256": file_hash(path)[:12],
            **score(path, masks),
        }
        print(", ".join(f"{name} {row[name]}" for name in COLUMNS))
        new = not LOG.exists()
        with open(LOG, "a", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
