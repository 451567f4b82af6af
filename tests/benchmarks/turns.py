"""What the benchmarks share: ways of doing the same take turns, and a table says which claims were reached.

Turns, because a busy or throttled machine then slows all ways alike. Each round runs every way once, and begins with the
next one (A B, B A ...); a ratio is the median of the rounds' ratios. A script is a function from options to rows:

    def rows(options: argparse.Namespace) -> list[Row]:
        turns = take_turns({"usual": timed(slow), "ours": timed(fast)}, rounds=3 if options.quick else 9)
        usual = turns.row("encode", "usual", turns.rate("usual", 1234, "masks"))
        return [usual, turns.row("encode", "ours", turns.rate("ours", 1234, "masks"), against="usual", wanted=5)]

    def main(argv: Sequence[str] | None = None) -> int:
        return run(make_parser(__doc__), rows, argv)

All scripts have `--quick`, a smoke run whose figures say nothing, and `--json FILE`. `make_parser(__doc__, tiles=True)` is
for those that need real tiles in `--data DIR`; without, they are a row that says so. (The others are given the option too,
and may use it; so with `--run RUN`.) For a peer, check `installed("torch")`; without it, give the row `not_measured(...)`.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from kaggle_seg.network.machine import prepare_backend
from kaggle_seg.output import read_json, write_json

GET_PEERS = "pip install -e '.[peers]'"


@dataclass(frozen=True)
class Row:
    """One line of the table; with `wanted`, a claim.

    Attributes:
        operation: what was done, e.g. "encode".
        way: who or what did it.
        figure: what was measured, with its unit, or why it was not.
        against: the way that `ratio` refers to.
        ratio: how many times as fast as `against`; with `at_most`, how many times as long it took.
        value: for a claim that stands alone, the figure it is about.
        unit: of `value`.
        wanted: the claim: `ratio`, or `value` where there is one, is at least this.
        at_most: it is at most this instead.
        note: what else must be said.
    """

    operation: str
    way: str
    figure: str
    against: str = ""
    ratio: float | None = None
    value: float | None = None
    unit: str = ""
    wanted: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """What came of the claim: reached, missed or not measured; empty if there is none."""
        measured = self.ratio if self.value is None else self.value
        if self.wanted is None:
            return ""
        if measured is None:
            return "not measured"
        return "reached" if (measured <= self.wanted if self.at_most else measured >= self.wanted) else "missed"


@dataclass(frozen=True)
class Turns:
    """The seconds that each way took, a number a round."""

    seconds: Mapping[str, Sequence[float]]

    def median(self, way: str) -> float:
        """The seconds a way took."""
        return statistics.median(self.seconds[way])

    def rate(self, way: str, amount: float, things: str) -> str:
        """How many things a second a way did, as text."""
        return f"{number(amount / self.median(way))} {things}/s"

    def times_as_long(self, way: str, against: str) -> float:
        """How many times as long a way took as another one, median of the rounds."""
        return statistics.median(one / other for one, other in zip(self.seconds[way], self.seconds[against], strict=True))

    def row(
        self,
        operation: str,
        way: str,
        figure: str = "",
        against: str = "",
        wanted: float | None = None,
        at_most: bool = False,
        note: str = "",
    ) -> Row:
        """A way's row; see `Row`. Without a figure it tells the seconds."""
        pair = (way, against) if at_most else (against, way)
        ratio = self.times_as_long(*pair) if against else None
        figure = figure or f"{number(self.median(way))} s"
        return Row(operation, way, figure, against, ratio, wanted=wanted, at_most=at_most, note=note)


def take_turns(ways: Mapping[str, Callable[[], float]], rounds: int) -> Turns:
    """Runs each way once to warm up, then all of them in every round.

    Args:
        ways: each does its work and returns the seconds that count; `timed` makes one of plain work.
        rounds: at least 1.
    """
    names = list(ways)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    with tqdm(total=(rounds + 1) * len(names), unit="turn", delay=2, leave=False, disable=None) as bar:
        for turn in range(-1, rounds):
            first = max(turn, 0) % len(names)
            for name in names[first:] + names[:first]:
                took = ways[name]()
                if turn >= 0:
                    seconds[name].append(took)
                bar.update()
    return Turns(seconds)


def timed(work: Callable[[], Any]) -> Callable[[], float]:
    """The same work as a way: it returns the seconds that it took."""

    def way() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return way


def installed(module: str) -> bool:
    """Whether a peer is there."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package above it is missing
        return False


def not_measured(operation: str, way: str, why: str = GET_PEERS, **claim: Any) -> Row:
    """The row of a way that could not run, by default for want of a peer; its claim is as in `Row`."""
    return Row(operation, way, f"not measured: {why}", **claim)


def number(value: float) -> str:
    """A figure to three digits, whole thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown, and what came of the claims."""
    lines = ["| operation | way | figure | ratio | wanted | |", "|---|---|---|---|---|---|"]
    for row in rows:
        sense = "times as long as" if row.at_most else "times as fast as"
        ratio = f"{number(row.ratio)} {sense} {row.against}" if row.ratio is not None else ""
        wanted = ""
        if row.wanted is not None:
            wanted = f"{'at most' if row.at_most else 'at least'} {row.wanted:g} {row.unit}".rstrip() + f": {row.verdict}"
        lines.append(f"| {row.operation} | {row.way} | {row.figure} | {ratio} | {wanted} | {row.note} |")
    verdicts = [row.verdict for row in rows]
    counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in ("reached", "missed", "not measured")]
    return "\n".join(lines) + f"\n\nClaims: {', '.join(counts)}.\n"


def make_parser(description: str | None, tiles: bool = False) -> argparse.ArgumentParser:
    """The options that all scripts have; `tiles` says whether one can do nothing without real ones."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smoke run: small and short; its figures say nothing")
    parser.add_argument("--json", type=Path, help="write the rows into this file too")
    parser.add_argument("--data", type=Path, help="the folder of real tiles" if tiles else argparse.SUPPRESS)
    parser.add_argument("--run", default="", help="a trained run on these tiles" if tiles else argparse.SUPPRESS)
    parser.set_defaults(needs_data=tiles)
    return parser


def run(parser: argparse.ArgumentParser, rows: Callable[[argparse.Namespace], list[Row]], argv: Sequence[str] | None) -> int:
    """What a script's `main` does: measures, prints the table, keeps the rows."""
    options = parser.parse_args(argv)
    prepare_backend()
    lacks = options.needs_data and options.data is None
    found = [not_measured(str(parser.description).partition("\n")[0], "", "needs --data DIR")] if lacks else rows(options)
    print(table(found))
    if options.json:
        write_json(options.json, [dataclasses.asdict(row) for row in found])
    return 0


def read_rows(path: Path) -> list[Row]:
    """The rows that a script kept."""
    return [Row(**values) for values in read_json(path)]
