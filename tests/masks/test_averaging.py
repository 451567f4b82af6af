"""Ensembles of probability maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.errors import BadInput
from kaggle_seg.masks.averaging import average, restored
from kaggle_seg.masks.maps import MapStore, quantise


def store_of(folder: Path, probabilities: np.ndarray, names: str = "0123456789", shard: int = 2) -> MapStore:
    ids = list(names[: len(probabilities)])
    store = MapStore.create(folder, ids, ids, *probabilities.shape[1:], shard=shard)
    for rows in store.missing_shards():
        store.write_shard(rows.start // shard, *quantise(probabilities[rows]))
    return store


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 8.0]))
def test_restored_maps_round_to_the_same_levels_and_keep_their_sums(seed: int, power: float) -> None:
    probabilities = (np.random.default_rng(seed).random((2, 9, 8)) ** power).astype(np.float32)
    probabilities[0, 0, :3] = (0, 1, 0.5)
    levels, sums = quantise(probabilities)
    again, sums_again = quantise(restored(levels, sums))
    assert np.array_equal(again, levels)
    np.testing.assert_allclose(sums_again, sums, rtol=1e-5, atol=1e-6)


def test_the_average_is_that_of_the_probabilities(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    first, second = random.random((2, 5, 6, 4), np.float32)
    maps = average([store_of(tmp_path / "a", first), store_of(tmp_path / "b", second)])
    shards = list(maps.shards())
    assert [rows for rows, _, _ in shards] == [slice(0, 2), slice(2, 4), slice(4, 5)]
    levels = np.concatenate([part for _, part, _ in shards])
    exact = quantise((first + second) / 2)[0]
    assert np.abs(levels.astype(int) - exact).max() <= 1
    sums = np.concatenate([part for _, _, part in shards])
    np.testing.assert_allclose(sums.sum(axis=1), ((first + second) / 2).sum(axis=(1, 2)), rtol=1e-5)
    assert (maps.ids, maps.stems, maps.height, maps.width) == (list("01234"), list("01234"), 6, 4)


def test_one_store_is_taken_as_it_is(tmp_path: Path) -> None:
    store = store_of(tmp_path / "a", np.zeros((2, 3, 3), np.float32))
    assert average([store]) is store


def test_maps_of_other_tiles_are_named(tmp_path: Path) -> None:
    blank = np.zeros((3, 3, 3), np.float32)
    first = store_of(tmp_path / "a", blank)
    others = [
        store_of(tmp_path / "b", blank, names="019"),
        store_of(tmp_path / "c", blank, names="210"),
        store_of(tmp_path / "d", np.zeros((3, 4, 3), np.float32)),
    ]
    with pytest.raises(BadInput) as error:
        average([first, *others])
    assert len(error.value.problems) == 3
    for problem, words in zip(error.value.problems, ("2 ids are in one", "another order", "3x4 pixels"), strict=True):
        assert words in problem
