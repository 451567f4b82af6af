"""Which training tiles validate: split.json, and how a run gets one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from kaggle_seg.competition import Competition, recorded
from kaggle_seg.config import SplitSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.output import file_hash, read_json, shown, write_json
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.methods import Method, choose, leak_of_test
from kaggle_seg.splits.survey import Survey
from kaggle_seg.tiles.cache import TileCache

Outcome = Literal["made", "unchanged", "kept"]


@dataclass(frozen=True)
class Split:
    """What split.json holds.

    Attributes:
        method: how tiles were kept together.
        asked: the method that was asked for; "auto" chooses.
        reason: why this method, in a sentence.
        seed: decides what is left to chance.
        guard: how many ids next to a validation tile were left out of training.
        fold: which of the folds validates.
        folds: ids of the training tiles, each in one fold.
        validation: the ids of that fold.
        excluded: ids that neither train nor validate.
        clusters: the bootstrap cluster of each training tile: a scene, a group or a few consecutive ids. No cluster lies
            in two folds; intervals and cross-fits keep clusters whole.
        audit: the share of validation tiles, and of test tiles, that have a neighbour or copy in training; what was found.
        data: the tiles: "root", a folder, and "fingerprint".
    """

    method: Method
    asked: str
    reason: str
    seed: int
    guard: int
    fold: int
    folds: list[list[str]]
    validation: list[str]
    excluded: list[str]
    clusters: dict[str, str]
    audit: dict[str, Any]
    data: dict[str, str]


def read_split(path: Path) -> Split:
    """The split of a run.

    Raises:
        BadInput: there is none, or the file is not one.
    """
    remedy = "make it with: python -m kaggle_seg.split --data DIR --run NAME"
    if not path.is_file():
        raise BadInput(f"{shown(path)}: not there; {remedy}")
    content = read_json(path)
    if isinstance(content, dict) and "units" in content:  # as earlier versions named the clusters
        content["clusters"] = content.pop("units")
    names = [field.name for field in dataclasses.fields(Split)]
    if not isinstance(content, dict) or sorted(content) != sorted(names):
        raise BadInput(f"{shown(path)}: not a split (its keys should be {', '.join(names)}); delete it and {remedy}")
    return Split(**content)


def split_run(
    run: Run,
    settings: SplitSettings,
    cache: TileCache,
    competition: Competition,
    survey: Callable[[], Survey],
    keep: bool = False,
    restart: bool = False,
) -> Outcome:
    """Splits the tiles of a run, unless that was done before.

    Args:
        run: whose split it is.
        settings: how to split.
        cache: the tiles.
        competition: what they are for; the run remembers it.
        survey: surveys the tiles; called only where they are split.
        keep: keep a split of these tiles that was made with settings other than the defaults.
        restart: split anew, though a network was trained on another split.

    Returns:
        Whether the split was made, was there already, or was kept.

    Raises:
        BadInput: the tiles or the groups do not allow it, or a network was trained on another split.
    """
    data = {"root": str(cache.data), "fingerprint": cache.fingerprint}
    inputs = {**asdict(settings), "groups": file_hash(settings.groups) if settings.groups else None, "data": data}
    inputs |= recorded(competition)
    if keep and has_own_settings(run, cache.fingerprint):
        return "kept"
    with run.stage("split", inputs, [run.split_file.name]) as stage:
        if stage.finished:
            return "unchanged"
        if not restart:
            check_untrained(run, inputs)
        split = make_split(survey(), settings, data)
        run.keep_competition(competition)
        write_json(run.split_file, asdict(split))
    return "made"


def has_own_settings(run: Run, fingerprint: str) -> bool:
    """Whether the run has a split of these tiles that was made with settings other than the defaults, the seed aside."""
    record = run.record("split")
    if record is None or record["inputs"]["data"]["fingerprint"] != fingerprint or not run.split_file.exists():
        return False
    usual = {name: value for name, value in asdict(SplitSettings()).items() if name != "seed"}
    return any(record["inputs"].get(name, value) != value for name, value in usual.items())


def check_untrained(run: Run, inputs: dict[str, Any]) -> None:
    """Refuses to split anew what a network was trained on: it has seen tiles that would now validate it.

    Raises:
        BadInput: naming the differences and the ways on.
    """
    record = run.record("split")
    if record is None or not run.settings_file.exists():
        return
    before, now = ({**values, "data": values["data"]["fingerprint"]} for values in (record["inputs"], inputs))
    changed = [name for name in before | now if before.get(name) != now.get(name)]
    if changes := [f"{name}: {before.get(name)} -> {now.get(name)}" for name in changed]:
        raise BadInput(
            f"run {run.name} was trained on another split ({'; '.join(changes)}); repeat its settings, choose another --run "
            "name, or split and train anew, both with --restart"
        )


def make_split(survey: Survey, settings: SplitSettings, data: dict[str, str]) -> Split:
    """Splits the tiles; the same tiles and settings give the same split on any machine.

    Args:
        survey: the tiles.
        settings: what was asked for.
        data: their folder, "root", and "fingerprint".

    Raises:
        BadInput: the tiles or the groups do not allow it.
    """
    chosen, reason = choose(survey, settings)
    ids = survey.training
    folds = [[name for name, fold in zip(ids, chosen.fold_of, strict=True) if fold == k] for k in range(settings.folds)]
    return Split(
        method=chosen.method,
        asked=settings.method,
        reason=reason,
        seed=settings.seed,
        guard=settings.guard,
        fold=settings.fold,
        folds=folds,
        validation=folds[settings.fold],
        excluded=[ids[row] for row in chosen.excluded],
        clusters=dict(zip(ids, chosen.clusters, strict=True)),
        audit={"validation": chosen.leak, "test": leak_of_test(survey), **survey.facts()},
        data=data,
    )
