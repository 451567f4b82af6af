"""Methods of splitting, on tiles whose neighbours are given."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from kaggle_seg.config import SplitMethod, SplitSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.splits.grouping import PIECE
from kaggle_seg.splits.methods import BANDS, compare_methods, leak_of_test, strata
from kaggle_seg.splits.survey import Survey
from tests.splits.drawn_surveys import raster, split, survey, surveys


def scene_of_tiles(tiles: Survey) -> np.ndarray:
    pairs = tiles.links.pairs
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (tiles.count, tiles.count))
    return connected_components(graph, directed=False)[1]


METHODS = st.sampled_from(["auto", "blocks", "scenes", "random"])


@settings(deadline=None, max_examples=60)
@given(surveys(), METHODS, st.integers(2, 7), st.integers(0, 1000), st.data())
def test_every_tile_is_in_one_fold_and_no_cluster_in_two(
    tiles: Survey, method: SplitMethod, folds: int, seed: int, data: st.DataObject
) -> None:
    fold = data.draw(st.integers(0, folds - 1))
    made = split(tiles, method, folds=folds, fold=fold, seed=seed)
    assert len(made.folds) == folds and all(made.folds)
    assert sorted(name for part in made.folds for name in part) == sorted(tiles.training)
    assert made.validation == made.folds[fold] and not made.excluded
    assert list(made.clusters) == tiles.training
    in_folds = [{made.clusters[name] for name in part} for part in made.folds]
    assert sum(map(len, in_folds)) == len(set().union(*in_folds))


@settings(deadline=None, max_examples=60)
@given(surveys(), METHODS, st.integers(0, 1000))
def test_equal_questions_have_equal_answers(tiles: Survey, method: SplitMethod, seed: int) -> None:
    first, second = (json.dumps(dataclasses.asdict(split(tiles, method, seed=seed))) for _ in range(2))
    assert first == second


@settings(deadline=None, max_examples=60)
@given(surveys(largest=3, fewest=15), st.integers(0, 1000))  # at least twelve train, so that any scene fits into a fold
def test_a_scene_that_fits_stays_whole_and_nothing_leaks(tiles: Survey, seed: int) -> None:
    made = split(tiles, "scenes", seed=seed, folds=4)
    assert np.bincount(scene_of_tiles(tiles)).max() <= min(PIECE, len(tiles.training) // 4)
    fold_of = {name: fold for fold, part in enumerate(made.folds) for name in part}
    for a, b in tiles.links.pairs.tolist():
        if max(a, b) < len(tiles.training):
            assert fold_of[tiles.training[a]] == fold_of[tiles.training[b]]
    assert made.audit["validation"] == 0.0


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 200), st.integers(200, 600), st.floats(0.0, 0.9), st.integers(2, 6))
def test_random_folds_are_alike(seed: int, count: int, empty: float, folds: int) -> None:
    rng = np.random.default_rng(seed)
    buildings = (rng.integers(1, 65536, count) * (rng.random(count) >= empty)).tolist()
    tiles = survey(range(count), [], [], buildings)
    made = split(tiles, "random", seed=seed, folds=folds)
    stratum = dict(zip(tiles.training, strata(tiles.buildings), strict=True))
    counts = np.array([np.bincount([stratum[name] for name in part], minlength=BANDS + 1) for part in made.folds])
    assert np.ptp(counts.sum(axis=1)) <= 6
    assert (np.ptp(counts, axis=0) <= 4).all()


def test_blocks_and_scenes_are_about_alike_too() -> None:
    rng = np.random.default_rng(1)
    share = np.repeat(rng.random(150), 8) * (rng.random(1200) > 0.25)
    tiles = survey(range(1200), [], [(n, n + 1) for n in range(1199) if n % 8 < 7], (65536 * share).astype(int).tolist())
    built = dict(zip(tiles.training, tiles.buildings / 65536, strict=True))
    for method in ("blocks", "scenes"):
        parts = [np.array([built[name] for name in part]) for part in split(tiles, method).folds]
        assert all(abs(len(part) - 240) <= 24 for part in parts)
        assert all(abs((part == 0).mean() - (share == 0).mean()) < 0.04 for part in parts)
        assert all(abs(part.mean() - share.mean()) < 0.03 for part in parts)


def test_other_seeds_make_other_folds() -> None:
    tiles = raster(20, 20, set())
    assert split(tiles, "random", seed=1).validation != split(tiles, "random", seed=2).validation
    assert split(tiles, "blocks", seed=1).validation != split(tiles, "blocks", seed=2).validation


def test_shuffled_ids_are_split_by_scenes() -> None:
    place = np.random.default_rng(0).permutation(200)
    tiles = survey(range(200), [], [(place[n], place[n + 1]) for n in range(199) if n % 5 < 4])
    made = split(tiles)
    assert made.method == "scenes" and made.reason.startswith("the ids don't follow the ground")
    assert made.audit["validation"] == 0.0 and made.audit["test"] is None
    assert len(set(made.clusters.values())) == 40
    with pytest.raises(BadInput, match="--guard 2 counts ids"):
        split(tiles, guard=2)


def test_scenes_are_taken_where_they_lie_nearer_to_the_test_tiles() -> None:
    pairs = [(n, n + 1) for n in range(200) if n % 10 < 9]
    apart = survey(range(200), range(50), [*pairs, *((200 + n, 201 + n) for n in range(49))])
    made = split(apart)
    assert made.method == "scenes" and "100.0%" not in made.reason and "0.0% of the test tiles" in made.reason


def test_the_audit_counts_tiles_with_a_neighbour_in_training() -> None:
    tiles = survey(range(6), [6, 7], [(0, 1), (2, 3), (4, 6)])
    made = split(tiles, "random", folds=2)
    rows = {int(name) for name in made.validation}
    pairs = ((0, 1), (2, 3))
    beside = sum(len(rows & set(pair)) == 1 for pair in pairs)
    assert made.audit["validation"] == round(beside / len(rows), 4)
    assert made.audit["test"] == leak_of_test(tiles) == 0.5
    assert made.audit["pairs"] == {"beside": 3, "below": 0, "copies": 0}


def test_methods_that_fit_are_compared() -> None:
    tiles = raster(10, 10, set(range(40, 50)))
    assert [candidate.method for candidate in compare_methods(tiles, SplitSettings())] == ["blocks", "scenes", "random"]
    named = dataclasses.replace(tiles, training=[f"north{chr(97 + row % 26)}{row}x" for row in range(90)])
    assert [candidate.method for candidate in compare_methods(named, SplitSettings())] == ["scenes", "random"]
    with pytest.raises(BadInput, match="ids that are not numbers"):
        split(named, "blocks")


def test_too_few_tiles_are_refused() -> None:
    with pytest.raises(BadInput, match="only 3 blocks"):
        split(survey(range(3), [], []), "scenes")
