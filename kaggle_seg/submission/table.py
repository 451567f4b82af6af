"""The submission: the CSV that Kaggle scores, byte for byte.

    ImageId,EncodedPixels,Width,Height
    1155,301 4 557 4,256,256
    7587,,256,256

UTF-8, a line feed after every row, no index column, no quotes; a mask without buildings is an empty field. An image id is
the name of the tile's file without its extension.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from kaggle_seg.competition import DEFAULT, Competition, natural_key
from kaggle_seg.runs import write_atomic


def write_submission(
    path: Path,
    stems: Sequence[str],
    run_lengths: Sequence[str],
    height: int,
    width: int,
    competition: Competition = DEFAULT,
) -> str:
    """Writes a submission, rows in natural order of their image ids; a kill leaves the old file or the new one.

    Args:
        path: the CSV.
        stems: image ids as the competition knows them: file names without extension.
        run_lengths: one text per id, from `rle.encode` in the competition's pixel order.
        height, width: of every mask.
        competition: names the columns.

    Returns:
        SHA-256 of the bytes written, as hexadecimal digits.

    Raises:
        ValueError: not as many run lengths as ids.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(competition.columns)
    rows = sorted(zip(stems, run_lengths, strict=True), key=lambda row: natural_key(row[0]))
    writer.writerows((stem, runs, width, height)[: len(competition.columns)] for stem, runs in rows)
    content = text.getvalue().encode("utf-8")
    write_atomic(path, content)
    return hashlib.sha256(content).hexdigest()
