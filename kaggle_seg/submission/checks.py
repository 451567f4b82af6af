"""What is wrong with a submission, before Kaggle says so or, worse, scores it without a word."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kaggle_seg.competition import natural_key
from kaggle_seg.masks import rle
from kaggle_seg.submission.expected import Expected
from kaggle_seg.submission.table import BYTE_ORDER_MARK, WRITE_ANEW, Row, Submission

IN_PLACE_OF_NOTHING = {"", "nan", "none", "null", "na", "n/a", "<na>", "-1", "-", "[]", "0"}
NAMED = 20  # ids that are spelled out in one line


@dataclass(frozen=True)
class Fault:
    """One fault of one line.

    Attributes:
        line: its number in the file, from 1; 0 for the whole file.
        problem: what was found and what was wanted.
        remedy: what to do about it.
    """

    line: int
    problem: str
    remedy: str = WRITE_ANEW


def check(submission: Submission, expected: Expected) -> list[Fault]:
    """All faults of a submission, in the order of its lines; those of the whole file come last.

    Args:
        submission: as it stands.
        expected: the ids and the size to hold it against.

    Returns:
        The faults; none for a valid submission.
    """
    if not submission.content.strip():
        return [Fault(0, "found an empty file, wanted a header and a row for each test tile")]
    if submission.content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [Fault(0, "found text in UTF-16, wanted UTF-8", "save it as plain CSV in UTF-8")]
    faults = [
        *bytes_faults(submission),
        *header_faults(submission),
        *field_faults(submission),
        *id_faults(submission, expected),
        *size_faults(submission, expected),
        *run_faults(submission, expected),
        *joint_faults(submission, expected),
    ]
    return sorted(faults, key=lambda fault: fault.line or len(submission.rows) + 3)


def describe(faults: Iterable[Fault]) -> list[str]:
    """A text for each fault; lines of the file with the same fault share one: `lines 2-9, 12: found ...`."""
    lines = collections.defaultdict(list)
    for fault in faults:
        lines[fault.problem, fault.remedy].append(fault.line)
    return [f"{in_words(where)}: {problem}; {remedy}" for (problem, remedy), where in lines.items()]


def in_words(lines: Sequence[int]) -> str:
    """Ascending line numbers as a person writes them.

    >>> in_words([3]), in_words([2, 3, 4, 9]), in_words([0])
    ('line 3', 'lines 2-4, 9', 'whole file')
    """
    if not lines[0]:
        return "whole file"
    ranges = []
    for _, group in itertools.groupby(enumerate(lines), key=lambda pair: pair[1] - pair[0]):
        members = [line for _, line in group]
        ranges.append(f"{members[0]}-{members[-1]}" if len(members) > 1 else f"{members[0]}")
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(ranges)}"


def bytes_faults(submission: Submission) -> Iterator[Fault]:
    """Faults that nobody sees once the file has been read as a table: encoding, line ends, quotes."""
    if submission.content.startswith(BYTE_ORDER_MARK):
        yield Fault(1, "found a byte order mark (BOM), wanted none", "save it as UTF-8 without BOM")
    needing_quotes = {row.line for row in submission.rows if any(sign in field for field in row.fields for sign in ',"')}
    for number, line in enumerate(submission.content.splitlines(keepends=True), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            yield Fault(number, f"found the byte 0x{line[error.start]:02x}, wanted UTF-8", "save it as UTF-8")
        if line.endswith(b"\r\n"):
            yield Fault(number, "found the line end CR LF, wanted LF", "save it with Unix line ends")
        elif line.endswith(b"\r"):
            yield Fault(number, "found the line end CR, wanted LF", "save it with Unix line ends")
        if b'"' in line and number not in needing_quotes:
            yield Fault(number, "found quotes, wanted fields without", "save it without quotes; spreadsheets add them")


def header_faults(submission: Submission) -> Iterator[Fault]:
    """Faults of the first line."""
    header, wanted = submission.header, submission.competition.columns
    if submission.delimiter != ",":
        yield Fault(1, f"found {submission.delimiter!r} between fields, wanted a comma", "save it with commas")
    if not header:
        yield Fault(1, f"found no header, wanted {','.join(wanted)!r}", "put it before the first row")
    elif header[1:] == wanted:
        yield Fault(1, f"found an index column {header[0]!r}, wanted none", "with pandas: to_csv(path, index=False)")
    elif header != wanted:
        yield Fault(1, f"found the header {','.join(header)!r}, wanted {','.join(wanted)!r}", "mend the header")


def field_faults(submission: Submission) -> Iterator[Fault]:
    """Rows with too few fields or too many; a table without rows."""
    width = len(submission.header) or len(submission.competition.columns)
    for row in submission.rows:
        if not row.fields:
            yield Fault(row.line, "found an empty line, wanted a row", "remove it")
        elif not row.complete:
            plural = "s" if len(row.fields) > 1 else ""
            remedy = "leave the field of an empty mask empty, but there, and write no index"
            yield Fault(row.line, f"found {len(row.fields)} field{plural}, wanted {width}", remedy)
    if not submission.rows:
        yield Fault(0, "found no rows, wanted one for each test tile")


def id_faults(submission: Submission, expected: Expected) -> Iterator[Fault]:
    """Ids that are empty, double, unknown or missing."""
    known, first = frozenset(expected.stems or ()), dict[str, int]()
    for row in submission.images:
        if row.stem in first:
            yield Fault(row.line, f"found the id {row.stem!r} of line {first[row.stem]} again, wanted it once", "remove one")
        elif row.stem:
            first[row.stem] = row.line
            if known and row.complete and row.stem not in known:
                yield unknown_id(row, known, expected.source)
        elif row.complete:
            yield Fault(row.line, "found no id, wanted the name of the tile's file without extension")
    missing = sorted(known - first.keys(), key=natural_key)
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        found = f"found no row for {len(missing)} of {len(known)} ids ({', '.join(missing[:NAMED])}{more})"
        yield Fault(0, f"{found}, wanted all of {expected.source}", f"predict these tiles too and {WRITE_ANEW}")


def joint_faults(submission: Submission, expected: Expected) -> Iterator[Fault]:
    """Faults between the rows of one image, where the competition writes several: overlaps, and an empty one among them."""
    shape = expected.shape or usual_shape(submission)
    if submission.competition.rows_per_image == "one" or not shape:
        return
    rows = collections.defaultdict(list)
    for row in submission.rows:
        rows[row.stem].append(row)
    for stem, same in rows.items():
        if len(same) > 1 and not all(row.run_lengths for row in same):
            empty = next(row.line for row in same if not row.run_lengths)
            yield Fault(empty, f"id {stem!r}: found an empty row beside others, wanted none", "remove it")
        elif len(same) > 1 and not any(rle.faults(row.run_lengths, shape[0] * shape[1]) for row in same):
            for fault in rle.faults(submission.by_stem[stem].run_lengths, shape[0] * shape[1]):
                yield Fault(same[1].line, f"id {stem!r}, all its rows together: found {fault}")


def unknown_id(row: Row, known: frozenset[str], source: str) -> Fault:
    """The fault of an id that is not among the known ones."""
    if row.stem.rpartition(".")[0] in known:
        return Fault(row.line, "found an id with the extension of its file, wanted it without", "cut the extension off")
    if row.stem.strip() in known:
        return Fault(row.line, "found spaces around the id, wanted none", "strip them")
    return Fault(row.line, f"found the id {row.stem!r}, wanted one of {source}", "remove the row or mend its id")


def usual_shape(submission: Submission) -> tuple[int, int] | None:
    """Height and width that most rows state; None if no row states any."""
    counts = collections.Counter(row.shape for row in submission.rows if row.shape)
    return counts.most_common(1)[0][0] if counts else None


def size_faults(submission: Submission, expected: Expected) -> Iterator[Fault]:
    """Rows of another width or height than the tiles or, where theirs are unknown, than most rows."""
    names = ",".join(submission.competition.columns[2:])
    shape = expected.shape or usual_shape(submission)
    wanted = (
        f"'{shape[1]},{shape[0]}' as {expected.source if expected.shape else 'in most rows'}" if shape else "two numbers"
    )
    right = (str(shape[1]), str(shape[0])) if shape else None
    for row in submission.rows:
        if row.complete and row.size and row.size != right:
            yield Fault(row.line, f"found {names} {','.join(row.size)!r}, wanted {wanted}")


def run_faults(submission: Submission, expected: Expected) -> Iterator[Fault]:
    """Rows whose run lengths stand for no mask."""
    height, width = expected.shape or usual_shape(submission) or (0, 0)
    rows, empty = [], submission.competition.empty_mask
    for row in submission.rows:
        if row.run_lengths and row.complete and row.run_lengths.strip().lower() in IN_PLACE_OF_NOTHING:
            problem = f"found {row.run_lengths!r} for an empty mask, wanted an empty field"
            yield Fault(row.line, problem, "with pandas: read with keep_default_na=False, write with na_rep=''")
        elif row.run_lengths and row.complete and height:
            rows.append(row)
        elif not row.run_lengths and row.complete and empty not in row.fields:
            yield Fault(row.line, f"found an empty field for an empty mask, wanted {empty!r}", "write that in its place")
    chunk = rle.chunk_length(height, width)
    for part in (rows[first : first + chunk] for first in range(0, len(rows), chunk)):
        if rle.read_runs([row.run_lengths for row in part], height * width) is None:
            for row in part:
                for fault in rle.faults(row.run_lengths, height * width):
                    yield Fault(row.line, f"id {row.stem!r}: found {fault}")
