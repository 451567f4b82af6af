"""Which training tiles validate, and split.json, which says so.

A split is fair when validation tiles are to the training tiles what the test tiles are: as often next to one, or a copy of
one. So every split is audited: that share is given for the validation tiles and for the test tiles.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kaggle_seg.config import SplitSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.run_directory import read_json, shown
from kaggle_seg.splits.dealing import deal
from kaggle_seg.splits.grouping import Grouping, by_runs, by_scenes, by_tile, id_number
from kaggle_seg.splits.groups import by_groups
from kaggle_seg.splits.survey import Survey

Method = Literal["blocks", "scenes", "groups", "random"]
CLEARLY_NEARER = 0.05  # to the test tiles' share, before the ids' order is passed over


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


@dataclass(frozen=True)
class Candidate:
    """What a method would make of the tiles.

    Attributes:
        method: how tiles are kept together.
        fold_of: the fold of each training tile.
        clusters: the bootstrap cluster of each training tile; see `Split`.
        validation: rows of the validation tiles.
        excluded: rows of the tiles that the guard keeps out of training.
        leak: the share of validation tiles that have a neighbour or copy in training.
    """

    method: Method
    fold_of: list[int]
    clusters: list[str]
    validation: list[int]
    excluded: list[int]
    leak: float


def try_method(survey: Survey, method: Method, settings: SplitSettings) -> Candidate:
    """Splits the tiles by one method.

    Raises:
        BadInput: the tiles or the groups do not allow it.
    """
    grouping = group_tiles(survey, method, settings)
    fold_of = deal(grouping, survey.training, survey.buildings, settings.folds, settings.seed)
    validation = [row for row, fold in enumerate(fold_of) if fold == settings.fold]
    excluded = guarded(survey.training, validation, settings.guard)
    training = sorted(set(range(len(fold_of))) - {*validation, *excluded})
    if not training:
        raise BadInput(f"--guard {settings.guard}: leaves no tile to train on; take a smaller one")
    clusters = within_folds(grouping.clusters, fold_of)
    return Candidate(method, fold_of, clusters, validation, excluded, survey.share_beside(validation, training))


def group_tiles(survey: Survey, method: Method, settings: SplitSettings) -> Grouping:
    """What a method keeps together."""
    if method == "groups":
        assert settings.groups is not None, "checked with the other settings"
        return by_groups(survey.training, settings.groups)
    if method == "blocks" or (method == "random" and survey.ids_follow_ground):
        grouping = by_runs(survey.training, survey.test, settings.folds, settings.seed)
    else:
        grouping = by_scenes(survey.training, survey.links.pairs, survey.count, settings.folds)
    return by_tile(survey.training, grouping.clusters) if method == "random" else grouping


def guarded(ids: list[str], validation: list[int], guard: int) -> list[int]:
    """Rows of the tiles outside validation whose ids are within `guard` of a validation tile's."""
    numbers = {id_number(ids[row]) for row in validation}
    near = {number + step for number in numbers if number is not None for step in range(-guard, guard + 1)} - numbers
    return [row for row, name in enumerate(ids) if id_number(name) in near] if guard else []


def within_folds(clusters: list[str], fold_of: list[int]) -> list[str]:
    """Cuts clusters that lie in several folds, as a random split makes them."""
    folds: dict[str, set[int]] = {}
    for cluster, fold in zip(clusters, fold_of, strict=True):
        folds.setdefault(cluster, set()).add(fold)
    parts = zip(clusters, fold_of, strict=True)
    return [f"{cluster}, fold {fold}" if len(folds[cluster]) > 1 else cluster for cluster, fold in parts]


def choose(survey: Survey, settings: SplitSettings) -> tuple[Candidate, str]:
    """The candidate that was asked for or, for "auto", fits the tiles; and the reason in a sentence."""
    if settings.method != "auto":
        return try_method(survey, settings.method, settings), "asked for"
    if settings.groups:
        return try_method(survey, "groups", settings), f"{settings.groups.name} names the groups"
    match = f"{survey.consecutive_share:.1%} of consecutive ids are neighbours ({survey.chance_share:.1%} of any two tiles)"
    if not survey.ids_follow_ground:
        if settings.guard:
            raise BadInput(f"--guard {settings.guard} counts ids, and ids say nothing here: {match}; leave it out")
        return try_method(survey, "scenes", settings), f"ids say nothing here: {match}"
    blocks = try_method(survey, "blocks", settings)
    wanted = leak_of_test(survey)
    if settings.guard or wanted is None:
        return blocks, f"ids follow the ground: {match}"
    scenes = try_method(survey, "scenes", settings)
    if abs(scenes.leak - wanted) + CLEARLY_NEARER < abs(blocks.leak - wanted):
        return scenes, (
            f"{match}, but {wanted:.1%} of the test tiles have a neighbour in training, and so have {scenes.leak:.1%} of "
            f"the validation tiles by scenes, {blocks.leak:.1%} by blocks"
        )
    return blocks, f"ids follow the ground: {match}"


def leak_of_test(survey: Survey) -> float | None:
    """The share of test tiles that have a neighbour or copy among the training tiles; None without test tiles."""
    known = len(survey.training)
    return survey.share_beside(range(known, survey.count), range(known)) if survey.test else None


def compare_methods(survey: Survey, settings: SplitSettings) -> list[Candidate]:
    """What every method that fits the tiles would make of them, without a guard."""
    settings = dataclasses.replace(settings, guard=0)
    numbered = all(id_number(name) is not None for name in survey.training)
    fits: dict[Method, bool] = {"blocks": numbered, "scenes": True, "groups": bool(settings.groups), "random": True}
    return [try_method(survey, method, settings) for method in fits if fits[method]]


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
