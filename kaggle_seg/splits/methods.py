"""The methods by which tiles can be split: what each makes of them, and the one that fits them.

A split is fair when validation tiles are to the training tiles what the test tiles are: as often next to one, or a copy of
one. So each method is judged by that share.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.config import SplitSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.splits.grouping import Grouping, by_runs, by_scenes, by_tile, chance, id_number
from kaggle_seg.splits.survey import Survey

Method = Literal["blocks", "scenes", "groups", "random"]
CLEARLY_NEARER = 0.05  # to the test tiles' share, before the ids' order is passed over
BANDS = 4  # of tiles with buildings, equally many in each, by how much of them is built over


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
        raise BadInput(f"--guard {settings.guard}: leaves no tile to train on; use a smaller guard")
    clusters = within_folds(grouping.clusters, fold_of)
    return Candidate(method, fold_of, clusters, validation, excluded, survey.share_beside(validation, training))


def group_tiles(survey: Survey, method: Method, settings: SplitSettings) -> Grouping:
    """What a method keeps together."""
    if method == "groups":
        assert survey.groups is not None, "checked with the other settings"
        return survey.groups
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
    """The candidate that was asked for or, for "auto", the one that fits the tiles; and the reason in a sentence."""
    if settings.method != "auto":
        return try_method(survey, settings.method, settings), "asked for"
    if settings.groups:
        return try_method(survey, "groups", settings), f"{settings.groups.name} names the groups"
    evidence = f"{survey.consecutive_share:.1%} of consecutive ids are neighbours ({survey.chance_share:.1%} of all pairs)"
    if survey.ids_follow_ground:
        return choose_where_ids_tell(survey, settings, evidence)
    if settings.guard:
        raise BadInput(f"--guard {settings.guard} counts ids, but the ids don't follow the ground: {evidence}; leave it out")
    return try_method(survey, "scenes", settings), f"the ids don't follow the ground: {evidence}"


def choose_where_ids_tell(survey: Survey, settings: SplitSettings, evidence: str) -> tuple[Candidate, str]:
    """Blocks of ids or, where they are clearly nearer to what the test tiles are, scenes; and the reason in a sentence."""
    blocks, wanted = try_method(survey, "blocks", settings), leak_of_test(survey)
    if not settings.guard and wanted is not None:
        scenes = try_method(survey, "scenes", settings)
        if abs(scenes.leak - wanted) + CLEARLY_NEARER < abs(blocks.leak - wanted):
            return scenes, (
                f"{evidence}, but {wanted:.1%} of the test tiles have a neighbour in training, and the validation tiles are "
                f"nearer to that by scenes ({scenes.leak:.1%}) than by blocks ({blocks.leak:.1%})"
            )
    return blocks, f"the ids follow the ground: {evidence}"


def leak_of_test(survey: Survey) -> float | None:
    """The share of test tiles that have a neighbour or copy among the training tiles; None without test tiles."""
    known = len(survey.training)
    return survey.share_beside(range(known, survey.count), range(known)) if survey.test else None


def compare_methods(survey: Survey, settings: SplitSettings) -> list[Candidate]:
    """What every method that fits the tiles would make of them, without a guard."""
    settings = dataclasses.replace(settings, guard=0)
    numbered = all(id_number(name) is not None for name in survey.training)
    fits: dict[Method, bool] = {"blocks": numbered, "scenes": True, "groups": survey.groups is not None, "random": True}
    return [try_method(survey, method, settings) for method in fits if fits[method]]


def strata(buildings: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stratum of each tile: 0 without buildings, else 1 to 4 by building share.

    Args:
        buildings: int64 (N,); building pixels of each tile.

    Returns:
        int64 (N,).
    """
    built = np.flatnonzero(buildings)
    stratum = np.zeros(len(buildings), np.int64)
    by_share = built[np.argsort(buildings[built], kind="stable")]
    stratum[by_share] = 1 + np.arange(len(built)) * BANDS // max(1, len(built))
    return stratum


def deal(grouping: Grouping, ids: Sequence[str], buildings: NDArray[np.int64], folds: int, seed: int) -> list[int]:
    """Deals whole blocks into folds alike in number of tiles, in tiles of each stratum and in building pixels.

    Large blocks are dealt first, those of one size in an order drawn by the seed; each goes where it makes the sum of
    squares, over folds and over what is to be alike, grow least. Runs that follow one another go to different folds where
    they can, else they would make longer ones.

    Args:
        grouping: the blocks.
        ids: of the N tiles.
        buildings: int64 (N,); building pixels of each tile.
        folds: how many, at least 2.
        seed: decides among equals.

    Returns:
        The fold of each tile.

    Raises:
        BadInput: fewer blocks than folds.
    """
    blocks = grouping.blocks
    if len(blocks) < folds:
        raise BadInput(f"--folds {folds}: the tiles make only {len(blocks)} blocks that stay together; ask for fewer folds")
    counts = np.column_stack([np.ones_like(buildings), buildings, np.eye(BANDS + 1, dtype=np.int64)[strata(buildings)]])
    totals = [max(1, int(total)) for total in counts.sum(axis=0)]
    have = [[0.0] * len(totals) for _ in range(folds)]
    fold_of: dict[int, int] = {}
    for block in sorted(range(len(blocks)), key=lambda block: (-len(blocks[block]), chance(seed, ids[blocks[block][0]]))):
        shares = [int(count) / total for count, total in zip(counts[blocks[block]].sum(axis=0), totals, strict=True)]
        beside = {fold_of.get(block - 1), fold_of.get(block + 1)} if grouping.in_order else set()
        open_to = [fold for fold in range(folds) if fold not in beside] or list(range(folds))
        growth = {fold: sum(a * b for a, b in zip(have[fold], shares, strict=True)) for fold in open_to}
        best = fold_of[block] = min(growth, key=growth.__getitem__)
        have[best] = [before + more for before, more in zip(have[best], shares, strict=True)]
    by_tile = {row: fold for block, fold in fold_of.items() for row in blocks[block]}
    return [by_tile[row] for row in range(len(ids))]
