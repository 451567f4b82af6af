"""The plan: what is still to be done, how long it takes, and what it needs, told before the first stage."""

from __future__ import annotations

import contextlib
import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kaggle_seg.competition import FIRST, find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.output import output_root
from kaggle_seg.pipeline import disk
from kaggle_seg.pipeline.counting import TileCount, count_tiles
from kaggle_seg.pipeline.estimates import EXPECTED, Estimate, clock, estimate_stage
from kaggle_seg.pipeline.options import Options
from kaggle_seg.pipeline.stages import STAGES
from kaggle_seg.run_directory import Run

WIDTH = 80


@dataclass(frozen=True)
class Plan:
    """What a start of the pipeline will do.

    Attributes:
        run: the run.
        tiles: the tiles.
        rows: each stage with its estimate, None for a stage that is done.
    """

    run: Run
    tiles: TileCount
    rows: dict[str, Estimate | None]

    def seconds(self, *but: str) -> float | None:
        """How long everything takes but for some stages; None where a stage has no estimate."""
        known = [row.seconds for name, row in self.rows.items() if row is not None and name not in but]
        return None if None in known else sum(second for second in known if second is not None)


def make_plan(run: Run, options: Options) -> Plan:
    """The plan of a run.

    Args:
        run: the run, which need not be there yet.
        options: the command line.
    """
    tiles = count_tiles(Path(options.data))
    done = done_stages(run, options)
    rows = {name: None if name in done else estimate_stage(name, run.folder, tiles, options) for name in STAGES}
    return Plan(run, tiles, rows)


def done_stages(run: Run, options: Options) -> list[str]:
    """The stages that are done and will be skipped if the tiles have not changed.

    `decide` and `inspect` are quick and always run.
    """
    if options.restart:
        return []
    done: list[str] = []
    wanted: dict[str, dict[str, Any]] = {
        "split": {"seed": int(options.seed)},
        "train": {},
        "predict": {"tta": "none" if options.quick else "d4", "engine": options.engine},
        "tune": {},
    }
    for name, settings in wanted.items():
        if not is_done(run, name, settings):
            break
        done.append(name)
    return done


def is_done(run: Run, stage: str, settings: dict[str, Any]) -> bool:
    """Whether a stage left a record with some settings, and its outputs are there."""
    with contextlib.suppress(*EXPECTED, BadInput):
        record = run.record(stage)
        if record is not None and all((run.folder / output).exists() for output in record["outputs"]):
            return all(record["inputs"].get(key, value) == value for key, value in settings.items())
    return False


def describe(plan: Plan, options: Options) -> list[str]:
    """The lines of the plan, at most 80 columns wide."""
    tiles, size = plan.tiles, f", {plan.tiles.height} x {plan.tiles.width} pixels" if plan.tiles.height else ""
    lines = [
        f"plan for run {plan.run.name}",
        f"  tiles    {counted(tiles.training, 'training tile')}, {counted(tiles.test, 'test tile')}{size}",
        *(f"  {name:<8} {describe_row(row)}" for name, row in plan.rows.items()),
        f"  in all   {describe_total(plan)}",
        f"  disk     {describe_disk(plan, options)}",
        f"  uploads  {describe_uploads(options)}",
    ]
    if any(row and row.from_elsewhere for row in plan.rows.values()):
        lines.append("  *: no such run here yet; from a rate measured on two cores elsewhere")
    return [line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..." for line in lines]


def describe_row(row: Estimate | None) -> str:
    """A stage's part of the plan."""
    if row is None:
        return "done"
    if row.seconds is None:
        return ", ".join(filter(None, ("time not known", row.remark)))
    remarks = ", ".join(filter(None, (row.remark, f"as in run {row.source}" if row.source else "")))
    return f"{in_minutes(row.seconds)}{' *' if row.from_elsewhere else '':<3} {remarks}".rstrip()


def describe_total(plan: Plan) -> str:
    """How long everything takes."""
    seconds = plan.seconds()
    if seconds is None:
        return "not known"
    return f"{in_minutes(seconds)}, until about {clock(seconds)}"


def describe_disk(plan: Plan, options: Options) -> str:
    """What the run needs of the disk, and what is free."""
    needs = disk.run_needs(Path(options.data), plan.run.folder, plan.tiles)
    folder = output_root() / "runs"
    needed, free = disk.in_gigabytes(disk.total(needs)), disk.in_gigabytes(disk.free_bytes(folder))
    return f"about {needed} needed, {free} free"


def describe_uploads(options: Options) -> str:
    """The uploads of today as the ledger has them; how many are left only Kaggle knows."""
    if options.submit == "no":
        return "none (--no-submit)"
    if options.demo:
        return "none (demo tiles)"
    made = 0
    with contextlib.suppress(*EXPECTED, BadInput, csv.Error):
        slug, today = find_competition(options.competition).slug, datetime.now(UTC).strftime("%Y-%m-%d")
        with open(output_root() / "submissions" / "ledger.csv", encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                ours = (row.get("competition") or FIRST) == slug
                made += bool(row["reference"]) and ours and row["time"].startswith(today)
    return f"{made} made today (UTC); how many are left is not known"


def in_minutes(seconds: float) -> str:
    """A time as a person plans with it.

    >>> in_minutes(20), in_minutes(200), in_minutes(9000)
    ('under 1 min', 'about 3 min', 'about 2.5 h')
    """
    if seconds < 60:
        return "under 1 min"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "test tile"), counted(12, "test tile")
    ('1 test tile', '12 test tiles')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")
