"""Runs all benchmarks, one after another, and prints one table: what was claimed, what was reached, on which machine.

    python -m tests.benchmarks [--data DIR [--run RUN]] [--only NAME ...] [--out FILE]
    python -m tests.benchmarks --list

Each script runs in a process of its own, so that threads, memory and settings of one do not disturb the next. One that
fails, or lacks a peer or tiles, is a row that says so. Let the machine do nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from kaggle_seg.output import write_atomic
from tests.benchmarks.machine import describe
from tests.benchmarks.turns import Row, read_rows, table

FOLDER = Path(__file__).parent
FAILED = "failed"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the scripts and prints the table; 1 if one failed."""
    scripts = find_scripts()
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=scripts, default=list(scripts), metavar="NAME", help="these alone")
    parser.add_argument("--data", type=Path, help="a folder of real tiles, for the scripts that need one")
    parser.add_argument(
        "--run", default="", help="a trained run on these tiles; without it, one is trained for a few epochs"
    )
    parser.add_argument("--list", action="store_true", help="name the scripts, and stop")
    parser.add_argument("--out", type=Path, help="write the table into this file too")
    parser.add_argument("--quick", action="store_true", help="a smoke run: small and short; its figures say nothing")
    options = parser.parse_args(argv)
    if options.list:
        print("\n".join(f"{name:15} {summary}" for name, summary in scripts.items()))
        return 0
    given = {"--data": options.data, "--run": options.run}
    flags = [word for name, value in given.items() if value for word in (name, str(value))]
    flags += ["--quick"] if options.quick else []
    rows = measure_all(options.only, flags)
    warning = "**A smoke run: its figures say nothing.**\n\n" if options.quick else ""
    text = f"{warning}{describe()}\n{table(rows)}"
    print(text)
    if options.out:
        write_atomic(options.out, text)
    return 1 if any(row.figure == FAILED for row in rows) else 0


def measure_all(names: Sequence[str], flags: Sequence[str]) -> list[Row]:
    """The rows of some scripts; a line tells of each what came of it, and how long it took."""
    rows: list[Row] = []
    for place, name in enumerate(names, start=1):
        print(f"[{place}/{len(names)}] {name} ...", end=" ", file=sys.stderr, flush=True)
        started = time.monotonic()
        found = measure(name, flags)
        claims = [row.verdict for row in found if row.verdict]
        outcome = f"{claims.count('reached')} of {len(claims)} claims reached"
        print(f"{outcome}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        rows += found
    return rows


def measure(name: str, flags: Sequence[str]) -> list[Row]:
    """The rows of one script, run in a process of its own; if it fails, the end of what it said goes to stderr."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "rows.json"
        command = [sys.executable, "-m", f"tests.benchmarks.{name}", "--json", str(kept), *flags]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
        if done.returncode == 0:
            return read_rows(kept)
        print(f"{FAILED}:\n{done.stderr[-2000:]}", file=sys.stderr)
        return [Row(name, "", FAILED)]


def find_scripts() -> dict[str, str]:
    """The modules here that give rows, each with the first line of its docstring; nothing is imported."""
    scripts = {}
    for path in sorted(FOLDER.glob("[a-z]*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        sources = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        if "main" in names and "tests.benchmarks.turns" in sources:
            scripts[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return scripts


if __name__ == "__main__":
    sys.exit(main())
