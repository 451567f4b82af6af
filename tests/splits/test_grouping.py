"""What stays together: runs of ids, and scenes."""

from __future__ import annotations

import numpy as np
import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.splits.grouping import chance, consecutive, gap_lengths
from tests.splits.drawn_surveys import raster, split, survey

TEST_RUNS = {*range(30, 42), *range(100, 120), *range(205, 208), *range(300, 317)}


def test_runs_are_as_long_as_those_of_the_test_tiles() -> None:
    tiles = raster(20, 20, TEST_RUNS)
    assert gap_lengths(tiles.training, tiles.test) == [12, 20, 3, 17]
    made = split(tiles)
    assert (made.method, made.asked) == ("blocks", "auto") and "ids follow the ground" in made.reason
    for part in made.folds:
        assert max(len(run) for run in consecutive(part)) <= 20
    assert abs(made.audit["validation"] - made.audit["test"]) < 0.15
    assert len(split(tiles, "random").validation) and split(tiles, "random").audit["validation"] > 0.95


def test_clusters_of_runs_are_at_most_eight_consecutive_ids() -> None:
    made = split(raster(20, 20, TEST_RUNS), "blocks")
    rows: dict[str, list[int]] = {}
    for name, cluster in made.clusters.items():
        rows.setdefault(cluster, []).append(int(name))
    assert all(len(ids) <= 8 and ids == list(range(ids[0], ids[-1] + 1)) for ids in rows.values())
    assert made.clusters["0"].startswith("0 to ")


@pytest.mark.parametrize("guard", [1, 3, 21])
def test_a_guard_keeps_ids_apart(guard: int) -> None:
    tiles = raster(20, 20, TEST_RUNS)
    made = split(tiles, guard=guard)
    validation = {int(name) for name in made.validation}
    for name in tiles.training:
        near = min(abs(int(name) - number) for number in validation)
        assert (name in made.excluded) == (0 < near <= guard)
    assert made.audit["validation"] <= split(tiles).audit["validation"]
    assert guard < 21 or made.audit["validation"] == 0.0, "the rows above and below are out of reach as well"


def test_a_guard_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="leaves no tile to train on"):
        split(raster(5, 5, set()), "blocks", guard=30)


def test_scenes_too_large_for_half_a_fold_are_cut_across() -> None:
    tiles = raster(40, 10, set())
    made = split(tiles, "scenes")
    sizes = np.unique(list(made.clusters.values()), return_counts=True)[1]
    assert sizes.tolist() == [40] * 10
    assert made.audit["validation"] < 0.6, "a sweep from end to end touches few tiles"


def test_two_tiles_are_of_one_scene_by_a_test_tile() -> None:
    tiles = survey(range(8), [8], [(0, 8), (5, 8)])
    clusters = split(tiles, "scenes", folds=2).clusters
    assert clusters["0"] == clusters["5"] == "scene 0" and clusters["1"] == "scene 1"


def test_what_looks_random_is_the_same_on_every_machine() -> None:
    assert chance(7, "img", 3).hex() == "a00c25646499b11f"
