"""The run directory: where its files lie, who holds it, and which stages are done."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaggle_seg.competition import Competition, as_tables, find_competition, read_competition
from kaggle_seg.config import with_old_values
from kaggle_seg.errors import BadInput
from kaggle_seg.locks import held
from kaggle_seg.output import output_root, read_json, shown, write_atomic, write_json


@dataclass
class Stage:
    """One stage of a run, while it is held.

    Attributes:
        finished: whether it was done before with the same inputs, and its outputs are still there.
        notes: small facts that the stage leaves for reports; kept in its record.
    """

    name: str
    finished: bool
    notes: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A run directory.

    Attributes:
        folder: the directory, `runs/<name>/`.
    """

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def settings_file(self) -> Path:
        return self.folder / "run.toml"

    @property
    def split_file(self) -> Path:
        return self.folder / "split.json"

    @property
    def model_file(self) -> Path:
        return self.folder / "model.keras"

    @property
    def decision_file(self) -> Path:
        return self.folder / "decision.json"

    @property
    def competition_file(self) -> Path:
        return self.folder / "competition.toml"

    def competition(self, asked: str = "") -> Competition:
        """The competition that the run was split for; the first one where the run says nothing of it.

        Args:
            asked: its slug, address or TOML file, where a person named one; empty: whichever it is.

        Raises:
            BadInput: another one was asked for.
        """
        own = read_competition(self.competition_file) if self.competition_file.exists() else find_competition()
        if asked and (other := find_competition(asked)) != own:
            made = f"is for {own.slug}" if other.slug != own.slug else f"was made with another description of {own.slug}"
            raise BadInput(
                f"--competition {asked}: run {self.name} {made}; leave the option out, or choose another --run name"
            )
        return own

    def keep_competition(self, competition: Competition) -> None:
        """Remembers the competition; of the first one nothing is written."""
        import tomli_w

        if competition == find_competition():
            self.competition_file.unlink(missing_ok=True)
        else:
            write_atomic(self.competition_file, tomli_w.dumps(as_tables(competition)))

    def record(self, stage: str) -> dict[str, Any] | None:
        """What a finished stage left behind: inputs, outputs, seconds, peak memory (MiB), notes; None if unfinished."""
        path = self.folder / "stages" / f"{stage}.json"
        return read_json(path) if path.exists() else None

    @contextlib.contextmanager
    def stage(self, name: str, inputs: dict[str, Any], outputs: Sequence[str]) -> Iterator[Stage]:
        """Holds the run for one stage and, when its body ends without an error, records that it is done.

        Args:
            name: the stage, e.g. "predict".
            inputs: all that decides its result (settings, hashes of input files); JSON-able.
            outputs: what it leaves, relative to the run's folder.

        Raises:
            Failure: another process holds the run.
        """
        with self.locked(name):
            before = self.record(name)
            inputs = json.loads(json.dumps(inputs))
            there = all((self.folder / output).exists() for output in outputs)
            stage = Stage(name, bool(before and with_old_values(name, before["inputs"]) == inputs and there), {})
            started = time.monotonic()
            yield stage
            if stage.finished:
                return
            record = {
                "inputs": inputs,
                "outputs": list(outputs),
                "seconds": round(time.monotonic() - started, 2),
                "peak_memory_mib": peak_memory(),
                "notes": stage.notes,
            }
            write_json(self.folder / "stages" / f"{name}.json", record)

    @contextlib.contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """Holds the run directory; see `locks.held`.

        Raises:
            Failure: another process still holds it after a minute; it is named.
        """
        with held(self.folder, f"run {self.name}", doing):
            yield


def find_run(name: str | Path, must_exist: bool = True) -> Run:
    """The run of this name in runs/, or in this folder.

    Raises:
        BadInput: there is none (the ones there are are named), or the name cannot name a folder.
    """
    runs = output_root() / "runs"
    named = runs / name
    given = Path(name)
    looks_like_path = given.is_absolute() or len(given.parts) > 1
    if looks_like_path and (given.is_dir() or not named.is_dir()):
        named = given
    if not looks_like_path and (str(name) in ("", ".", "..") or str(name).startswith("-")):
        raise BadInput(f"--run {name!s}: not a name for a run; use letters, digits, '-', '_' and '.'")
    if must_exist and not named.is_dir():
        there = sorted(path.name for path in runs.iterdir() if (path / "split.json").exists()) if runs.is_dir() else []
        raise BadInput(
            f"no run {str(name)!r} in {shown(runs)} (there: {', '.join(there) or 'none'}); "
            "name one of them, or make it with ./run_pipeline.sh --run NAME"
        )
    return Run(named.resolve())


def competition_of_runs(runs: Sequence[Run], asked: str = "") -> Competition:
    """The competition that all of some runs are for; see `Run.competition`."""
    competitions = [run.competition(asked) for run in runs]
    if others := [run.name for run, own in zip(runs, competitions, strict=True) if own != competitions[0]]:
        raise BadInput(
            f"{', '.join(others)}: for another competition than {runs[0].name}; combine runs of one competition only"
        )
    return competitions[0]


def find_csv(name: str | Path) -> Path:
    """The CSV at this path, or of this bare name in submissions/ (with or without `.csv`).

    Raises:
        BadInput: there is none.
    """
    folder = output_root() / "submissions"
    for path in (Path(name), folder / name, folder / f"{name}.csv"):
        if path.is_file():
            return path
    raise BadInput(f"no CSV {str(name)!r}, neither there nor in {shown(folder)}; make one with: python -m kaggle_seg.decide")


def peak_memory() -> int | None:
    """The most memory this process has held, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20) if sys.platform == "darwin" else peak // (1 << 10)
