"""What the files of a run tell its report: history, settings, stages, and uploads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kaggle_seg.config import NetworkSettings, TrainingSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.output import shown
from kaggle_seg.pages.curves import COLUMNS, History
from kaggle_seg.pages.plot import Axis, Line, Plot, Table, nice_axis
from kaggle_seg.remote.ledger import Entry, Ledger
from kaggle_seg.run_directory import Run
from kaggle_seg.tables import read_toml

STAGES = ("split", "train", "predict", "tune", "decide")  # in the order of the pipeline
HASHES = ("model", "tiles", "fingerprint")  # inputs of stages that tell a person nothing
DEFAULTS: dict[str, dict[str, Any]] = {
    "network": dataclasses.asdict(NetworkSettings()),
    "training": dataclasses.asdict(TrainingSettings()),
}


def read_history(path: Path) -> History:
    """The rows of a history, oldest first.

    Raises:
        BadInput: there is none, or it is no history.
    """
    import pandas

    if not path.is_file():
        raise BadInput(f"{shown(path)}: not there; nothing was trained in this run directory yet")
    remedy = "restore it, or train the run again, which writes a new one"
    try:
        history = pandas.read_csv(path, usecols=list(COLUMNS), dtype=float)
    except ValueError as error:
        raise BadInput(f"{shown(path)}: not a history of epochs ({error}); {remedy}") from error
    if history.empty or history.isna().any(axis=None):
        raise BadInput(f"{shown(path)}: no epochs in it, or an incomplete one; {remedy}")
    return [{str(name): float(value) for name, value in row.items()} for row in history.to_dict("records")]


def settings_tables(run: Run) -> list[Table]:
    """Each table of run.toml, and the settings of the stages that have none there.

    Raises:
        BadInput: nothing was trained here, or the file is damaged.
    """
    if not run.settings_file.is_file():
        raise BadInput(f"{shown(run.settings_file)}: not there; nothing was trained in this run directory yet")
    tables = [table for name in ("split", "predict") if (table := inputs_table(run, name))]
    for section, values in read_toml(run.settings_file).items():
        values = values if isinstance(values, dict) else {"": values}
        defaults = DEFAULTS.get(section, {})
        rows = [(name, as_text(value) + unless(value, defaults.get(name, value))) for name, value in values.items()]
        tables.append(Table(("setting", "value"), rows, section))
    return tables


def inputs_table(run: Run, stage: str) -> Table | None:
    """The settings of a stage that has no place in run.toml; None if it is not done."""
    record = run.record(stage)
    if not record:
        return None
    plain = {name: value for name, value in record["inputs"].items() if isinstance(value, (str, int, float))}
    rows = [(name, as_text(value)) for name, value in plain.items() if name not in HASHES]
    return Table(("setting", "value"), rows, stage)


def unless(value: Any, default: Any) -> str:
    """The default, where the value is another."""
    return "" if value == default else f" (default: {as_text(default)})"


def as_text(value: Any) -> str:
    """A setting as TOML writes it, without quotation marks."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def stage_table(run: Run) -> Table:
    """Time and memory of each stage that is done, in the order of the pipeline.

    Raises:
        BadInput: no stage is done.
    """
    records = {name: record for name in STAGES if isinstance(record := run.record(name), dict)}
    if not records:
        raise BadInput(f"{shown(run.folder / 'stages')}: no stage of this run is done yet")
    rows = [(name, *stage_cells(record)) for name, record in records.items()]
    total = sum(record.get("seconds") or 0 for record in records.values())
    rows.append(("together", duration(total), "", ""))
    return Table(("stage", "time", "peak memory", "notes"), rows)


def stage_cells(record: dict[str, Any]) -> tuple[str, str, str]:
    """Time, memory and notes of a stage."""
    memory = record.get("peak_memory_mib")
    notes = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in (record.get("notes") or {}).items())
    return duration(record.get("seconds") or 0), "unknown" if memory is None else f"{memory} MiB", notes


def duration(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> duration(2.88), duration(96), duration(4020)
    ('2.9 s', '1 min 36 s', '1 h 07 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def uploads(slug: str) -> list[Entry]:
    """What was uploaded to a competition, oldest first.

    Raises:
        BadInput: nothing was, or the ledger is damaged.
    """
    entries = [entry for entry in Ledger().entries(slug) if entry.uploaded]
    if not entries:
        raise BadInput(f"{shown(Ledger().path)}: no upload to {slug} yet")
    return entries


def ledger_table(entries: Sequence[Entry], run: Run) -> Table:
    """The uploads in words."""
    rows = [
        (
            entry.time.removesuffix("Z").replace("T", " "),
            entry.file + (" (this run)" if is_of(entry, run) else ""),
            entry.decision,
            entry.local_text,
            entry.variant_label(run.competition()),
            entry.public_score,
            entry.status,
        )
        for entry in entries
    ]
    return Table(("uploaded (UTC)", "file", "decision", "local (95 % interval)", "metric variant", "public", "state"), rows)


def is_of(entry: Entry, run: Run) -> bool:
    """Whether a run has a part in an upload."""
    return run.name in entry.runs


def ledger_plot(entries: Sequence[Entry], run: Run) -> Plot | None:
    """Local against public score; None where no upload has both."""
    scored = [entry for entry in entries if None not in (entry.number("local_score"), entry.number("public_score"))]
    if not scored:
        return None
    pairs = [
        (entry.number("local_score") or 0.0, entry.number("public_score") or 0.0, is_of(entry, run)) for entry in scored
    ]
    low, high = min(min(pair[:2]) for pair in pairs), max(max(pair[:2]) for pair in pairs)
    y = nice_axis("public score (0 to 1)", low, high)
    layers = [Line("public = local", [(y.low, y.low), (y.high, y.high)], "grey", "dotted")]
    for ours, name, colour in ((False, "other runs", "orange"), (True, "this run", "blue")):
        if places := [(local, public) for local, public, of_run in pairs if of_run is ours]:
            layers.append(Line(name, places, colour, "points"))  # type: ignore[arg-type]
    return Plot(
        key="ledger",
        title="Local against public score",
        x=Axis("local score, cross-fitted (0 to 1)", y.low, y.high, y.ticks),
        y=y,
        layers=layers,
        table=ledger_table(entries, run),
        summary=f"{len(pairs)} of {len(entries)} uploads have both scores; the public score is on average "
        f"{sum(public - local for local, public, _ in pairs) / len(pairs):+.3f} from the local one.",
    )
