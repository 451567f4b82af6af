"""The submission: the CSV that Kaggle scores, byte for byte.

    ImageId,EncodedPixels,Width,Height
    1155,301 4 557 4,256,256
    7587,,256,256

UTF-8, a line feed after every row, no index column, no quotes; a mask without buildings is an empty field. An image id is
the name of the tile's file without its extension.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import functools
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kaggle_seg.competition import Competition, natural_key
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.several import join_runs, split_regions
from kaggle_seg.output import shown, write_atomic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
WRITE_ANEW = "write the CSV anew with: python -m kaggle_seg.decide"
LARGEST = 1 << 28  # pixels; a wrong size must not ask for all the memory there is


@dataclass(frozen=True)
class Row:
    """One row of a submission, as it stands.

    Attributes:
        line: its number in the file, from 1.
        fields: all of them, as text.
        stem: the image id.
        run_lengths: the run lengths.
        size: width and height, as text; empty where the competition has no such columns.
        complete: whether there are as many fields as in the header.
        fixed_shape: height and width, where the competition fixes them instead of the rows.
    """

    line: int
    fields: tuple[str, ...]
    stem: str
    run_lengths: str
    size: tuple[str, ...]
    complete: bool
    fixed_shape: tuple[int, int] | None = None

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width, if they are fixed or the row states such as a mask can have."""
        if not self.size and self.fixed_shape:
            return self.fixed_shape
        if len(self.size) != 2 or not all(text.isascii() and text.isdecimal() and len(text) < 9 for text in self.size):
            return None
        width, height = map(int, self.size)
        return (height, width) if 0 < height * width <= LARGEST else None


@dataclass(frozen=True)
class Submission:
    """A submission as it stands in its file, sound or not; `checks.check` tells which.

    Attributes:
        path: the CSV.
        content: its bytes.
        delimiter: what parts its fields: the comma, or what is used in its place.
        header: the fields of its first line; empty if that is a row already.
        rows: all others, in the file's order.
        competition: names the columns.
    """

    path: Path
    content: bytes
    delimiter: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    competition: Competition

    @classmethod
    def read(cls, path: Path | str, competition: Competition) -> Self:
        """Reads a file, whatever is wrong in it.

        Raises:
            BadInput: the file cannot be read at all.
        """
        path = Path(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            reason = error.strerror or error
            raise BadInput(f"{shown(path)}: cannot be read ({reason}); name a CSV that is there and may be read") from error
        lines = [
            line.decode("utf-8", errors="backslashreplace").rstrip("\r\n")
            for line in content.removeprefix(BYTE_ORDER_MARK).splitlines(keepends=True)
        ]
        delimiter = find_delimiter(lines[0]) if lines else ","
        table = [split_fields(line, delimiter) for line in lines]
        names = {name.lower() for name in competition.columns}
        has_header = bool(table) and any(field.strip().lower() in names for field in table[0])
        header = table[0] if has_header else ()
        places = find_columns(header, competition)
        width = len(header) or len(competition.columns)
        rows = [as_row(line, fields, places, width, competition) for line, fields in enumerate(table, start=1)]
        return cls(path, content, delimiter, header, tuple(rows[has_header:]), competition)

    @functools.cached_property
    def by_stem(self) -> dict[str, Row]:
        """The row of each image id.

        The first one, should it have several; where the competition writes several, all of them in one.
        """
        first = {row.stem: row for row in reversed(self.rows)}
        if self.competition.rows_per_image == "one":
            return {row.stem: first[row.stem] for row in self.rows}
        runs = collections.defaultdict[str, list[str]](list)
        for row in self.rows:
            runs[row.stem].append(row.run_lengths)
        return {stem: dataclasses.replace(first[stem], run_lengths=join_runs(texts)) for stem, texts in runs.items()}

    @property
    def images(self) -> tuple[Row, ...]:
        """A row for each image: all rows, or, where the competition writes several an image, those joined."""
        return self.rows if self.competition.rows_per_image == "one" else tuple(self.by_stem.values())

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, stem: str) -> bool:
        return stem in self.by_stem

    def __getitem__(self, stem: str) -> NDArray[np.bool_]:
        """The mask of an image id, bool (H, W).

        Raises:
            KeyError: no row has this id.
            BadInput: its run lengths or its size are faulty.
        """
        from kaggle_seg.masks import rle

        row = self.by_stem[stem]
        where = f"{shown(self.path)}, line {row.line}"
        if row.shape is None:
            raise BadInput(f"{where}: found width and height {','.join(row.size)!r}, wanted two whole numbers; {WRITE_ANEW}")
        height, width = row.shape
        if problems := rle.faults(row.run_lengths, height * width):
            raise BadInput([f"{where}: {problem}; {WRITE_ANEW}" for problem in problems])
        return rle.decode(row.run_lengths, height, width, self.competition.pixel_order)


def find_delimiter(first_line: str) -> str:
    """The comma, or what stands between the fields of the first line if there is none."""
    return next((sign for sign in ",;\t" if sign in first_line), ",")


def split_fields(line: str, delimiter: str) -> tuple[str, ...]:
    """The fields of one line; line by line, so that a quote that is never closed spoils one row and not the rest."""
    csv.field_size_limit(max(csv.field_size_limit(), len(line)))  # its 128 KiB are fewer than a ragged mask may need
    return tuple(next(csv.reader([line], delimiter=delimiter), ()))


def find_columns(header: Sequence[str], competition: Competition) -> list[int]:
    """Where each of the competition's columns stands in a row: where the header has its name, else in its own place."""
    names = [name.strip().lower() for name in header]
    wanted = [name.lower() for name in competition.columns]
    return [names.index(name) if name in names else place for place, name in enumerate(wanted)]


def as_row(line: int, fields: tuple[str, ...], places: Sequence[int], width: int, competition: Competition) -> Row:
    """A row of `width` columns from its fields; missing ones are empty."""
    stem, run_lengths, *size = (fields[place] if place < len(fields) else "" for place in places)
    if run_lengths == competition.empty_mask:
        run_lengths = ""
    return Row(line, fields, stem, run_lengths, tuple(size), len(fields) == width, competition.shape)


def write_submission(
    path: Path,
    stems: Sequence[str],
    run_lengths: Sequence[str],
    height: int,
    width: int,
    competition: Competition,
) -> str:
    """Writes a submission, rows in natural order of their image ids; a kill leaves the old file or the new one.

    Where the competition writes several rows an image, each region of a mask gets one.

    Args:
        path: the CSV.
        stems: the images' file names without extension.
        run_lengths: one text per id, from `rle.encode` in the competition's pixel order.
        height, width: of every mask.
        competition: names the columns.

    Returns:
        SHA-256 of the bytes written, as hexadecimal digits.

    Raises:
        ValueError: not as many run lengths as ids.
    """
    lines = [as_line(competition.columns)]
    size = (str(width), str(height))
    several = competition.rows_per_image == "several"
    for stem, runs in sorted(zip(stems, run_lengths, strict=True), key=lambda row: natural_key(row[0])):
        for part in split_regions(runs, height, width, competition.pixel_order) if several else [runs]:
            row = (stem + competition.id_suffix, part or competition.empty_mask, *size)
            lines.append(as_line(row[: len(competition.columns)]))
    content = b"".join(lines)
    write_atomic(path, content)
    return hashlib.sha256(content).hexdigest()


def as_line(fields: Sequence[str]) -> bytes:
    """A row as the csv module writes it; it looks at every character, so rows without any to be quoted are joined here."""
    characters = "".join(fields)
    if len(fields) > 1 and not any(sign in characters for sign in ',"\r\n'):
        return (",".join(fields) + "\n").encode()
    quoted = io.StringIO()
    csv.writer(quoted, lineterminator="\n").writerow(fields)
    return quoted.getvalue().encode()
