"""Writing the CSV of a decision, and the JSON beside it that says how it was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.record import Provenance
from kaggle_seg.decisions.record_files import write_provenance
from kaggle_seg.decisions.rules import Rule
from kaggle_seg.errors import BadInput
from kaggle_seg.locks import lock
from kaggle_seg.masks import rle
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.output import file_hash, output_root
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.submission.table import write_submission
from kaggle_seg.synthetic.demo_tiles import is_demo
from kaggle_seg.tables import read_toml


@dataclass(frozen=True)
class Decided:
    """A CSV that was written, or was there already.

    Attributes:
        path: the CSV.
        sha256: of its bytes.
        new: whether it was written now.
        tiles: how many rows it has.
        empty: how many of them are empty masks.
    """

    path: Path
    sha256: str
    new: bool
    tiles: int
    empty: int


def decide_and_write(
    maps: Maps, choice: Choice, name: str, origin: Provenance, competition: Competition, label: str = ""
) -> Decided:
    """Makes masks of probability maps and writes them as `submissions/NAME.csv`, with `NAME.json` beside it.

    Another CSV of that name is never overwritten: the new one then takes the name `NAME-LABEL.csv`, or `NAME-LABEL-2.csv`
    and so on.

    The JSON comes first, and the CSV is renamed into place behind it. So a kill in between leaves a JSON without a CSV, a
    name that is still free, and the next start writes both anew.

    Args:
        maps: of the test tiles.
        choice: the rule that makes the masks.
        name: of the CSV, without `.csv`.
        origin: the runs and tiles it comes from.
        competition: the form of the CSV.
        label: tells the CSV from others of that name; empty: the rule's own.

    Raises:
        BadInput: the name cannot name a file in submissions/.
    """
    folder = output_root() / "submissions"
    draft = folder / f".{checked_name(name)}.csv.draft"
    run_lengths = run_lengths_of(maps, choice.rule, competition)
    with lock(folder / ".lock", "another process is writing a CSV; waiting for it"):
        sha256 = write_submission(draft, maps.stems, run_lengths, maps.height, maps.width, competition)
        path = free_place(folder, name, label or choice.rule.label, sha256)
        new = not path.exists()
        write_provenance(
            replace(
                origin,
                file=path,
                sha256=sha256,
                rule=choice.rule,
                scores=choice.scores,
                overrides=choice.overrides,
                stems=tuple(maps.stems),
            )
        )
        if new:
            draft.replace(path)
        else:
            draft.unlink()
    return Decided(path, sha256, new, len(run_lengths), run_lengths.count(""))


def run_lengths_of(maps: Maps, rule: Rule, competition: Competition) -> list[str]:
    """The run lengths of all tiles under a rule, shard by shard; memory grows by the texts alone."""
    from tqdm import tqdm

    texts: list[str] = []
    with tqdm(total=len(maps.ids), desc="deciding", unit="tile", delay=2, disable=None) as bar:
        for tiles, levels, sums in maps.shards():
            texts += rle.encode(np.asarray(rule.masks(levels, sums)), competition.pixel_order)
            bar.update(tiles.stop - tiles.start)
    return texts


def origin_of(runs: Sequence[Run], competition: Competition) -> Provenance:
    """Where a CSV of these runs comes from.

    Raises:
        BadInput: the runs are of other tiles.
    """
    sources = [read_split(run.split_file).data for run in runs]
    tables = [read_toml(run.settings_file) if run.settings_file.exists() else {} for run in runs]
    if strangers := [
        f"{run.name}: its tiles ({source['root']}) are not those of {runs[0].name} ({sources[0]['root']}); "
        "only runs of the same data can be averaged"
        for run, source in zip(runs, sources, strict=True)
        if source["fingerprint"] != sources[0]["fingerprint"]
    ]:
        raise BadInput(strangers)
    return Provenance(
        Path(),
        competition=competition.slug,
        runs=tuple(run.name for run in runs),
        data=sources[0]["root"],
        fingerprint=sources[0]["fingerprint"],
        quick=any(table.get("data", {}).get("quick", False) for table in tables),
        demo=is_demo(Path(sources[0]["root"])),
    )


def free_place(folder: Path, name: str, label: str, sha256: str) -> Path:
    """Where a CSV of these bytes goes: the first of its names that is free or has these bytes already."""
    number = 0
    path = folder / f"{name}.csv"
    while path.exists() and file_hash(path) != sha256:
        number += 1
        path = folder / (f"{name}-{label}.csv" if number == 1 else f"{name}-{label}-{number}.csv")
    return path


def checked_name(name: str) -> str:
    """The name of a CSV, if it can be one.

    Raises:
        BadInput: it has a separator of folders or another character that some system refuses, or none at all.
    """
    if not re.fullmatch(r"[^\s./\\:*?\"<>|-][^/\\:*?\"<>|\x00-\x1f]*", name) or name.lower().endswith(".csv"):
        raise BadInput(f"--name {name}: not a name for a CSV; use letters, digits, '-', '_' and '.', without '.csv'")
    return name
