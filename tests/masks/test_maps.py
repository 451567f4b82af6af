"""Probability maps on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore, quantise

RANDOM = np.random.default_rng(3)


def drawn(count: int, height: int = 6, width: int = 5) -> tuple[np.ndarray, np.ndarray]:
    return quantise(RANDOM.random((count, height, width), np.float32))


def filled(folder: Path, tiles: int = 7, shard: int = 3) -> tuple[MapStore, np.ndarray, np.ndarray]:
    ids = [str(number) for number in range(tiles)]
    store = MapStore.create(folder, ids, [f"img_{name}" for name in ids], 6, 5, shard=shard)
    levels, sums = drawn(tiles)
    for rows in store.missing_shards():
        store.write_shard(rows.start // shard, levels[rows], sums[rows])
    return store, levels, sums


@given(hnp.arrays(np.float32, (2, 3, 4), elements=st.floats(0, 1, width=32)))
def test_a_level_is_the_threshold_it_stands_for(probabilities: np.ndarray) -> None:
    levels, sums = quantise(probabilities)
    for level in (1, 2, 127, 128, 255):
        assert np.array_equal(levels >= level, probabilities >= level / 256)
    np.testing.assert_allclose(sums.sum(axis=1), probabilities.sum(axis=(1, 2), dtype=float), rtol=1e-5)


def test_sums_belong_to_their_tile_and_level() -> None:
    probabilities = np.array([[[0.1, 0.1001]], [[1.0, 0.0]]], np.float32)
    levels, sums = quantise(probabilities)
    assert levels.tolist() == [[[25, 25]], [[255, 0]]]
    assert sums[0, 25] == pytest.approx(0.2001, abs=1e-6)
    assert sums[1, 255] == 1 and sums[0].sum() == sums[0, 25]


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_what_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        quantise(np.full((1, 2, 2), value, np.float32))


def test_a_store_gives_back_what_was_written(tmp_path: Path) -> None:
    _, levels, sums = filled(tmp_path / "maps")
    store = MapStore.open(tmp_path / "maps")
    assert store.complete and store.stems[6] == "img_6"
    shards = list(store.shards())
    assert [(rows.start, rows.stop) for rows, _, _ in shards] == [(0, 3), (3, 6), (6, 7)]
    assert np.array_equal(np.concatenate([part for _, part, _ in shards]), levels)
    assert np.array_equal(np.concatenate([part for _, _, part in shards]), sums)
    assert isinstance(shards[0][1], np.memmap)


def test_a_store_goes_on_after_a_kill(tmp_path: Path) -> None:
    store, _, _ = filled(tmp_path / "maps")
    (tmp_path / "maps" / "sums-0001.npy").unlink()
    again = MapStore.create(tmp_path / "maps", store.ids, store.stems, 6, 5, shard=3)
    assert again.missing_shards() == [slice(3, 6)]
    with pytest.raises(BadInput, match="1 of 3 shards are missing"):
        next(again.shards())


@pytest.mark.parametrize("change", [{"source": "another model"}, {"ids": ["9"] * 7}, {"shard": 4}])
def test_maps_of_something_else_are_not_taken_over(tmp_path: Path, change: dict) -> None:
    store, _, _ = filled(tmp_path / "maps")
    asked = {"ids": store.ids, "stems": store.stems, "height": 6, "width": 5, "shard": 3} | change
    again = MapStore.create(tmp_path / "maps", **asked)
    assert again.missing_shards()[0].start == 0
    assert not list((tmp_path / "maps").glob("*.npy"))


def test_damage_is_named(tmp_path: Path) -> None:
    store, levels, sums = filled(tmp_path / "maps")
    with pytest.raises(ValueError, match=r"wanted uint8 \(3, 6, 5\)"):
        store.write_shard(0, levels[:2], sums[:2])
    (tmp_path / "maps" / "levels-0002.npy").write_bytes(b"half a file")
    with pytest.raises(BadInput, match="levels-0002"):
        list(store.shards())
    with pytest.raises(BadInput, match="no probability maps"):
        MapStore.open(tmp_path / "nothing")
    (tmp_path / "maps" / "ids.json").write_text('{"some": 1}', encoding="utf-8")
    with pytest.raises(BadInput, match="not an index"):
        MapStore.open(tmp_path / "maps")


def test_no_tiles_are_a_complete_store(tmp_path: Path) -> None:
    store = MapStore.create(tmp_path / "maps", [], [], 6, 5)
    assert store.complete and list(store.shards()) == []


def test_the_fingerprint_tells_maps_apart(tmp_path: Path) -> None:
    store, levels, sums = filled(tmp_path / "maps")
    before = store.fingerprint()
    assert MapStore.open(tmp_path / "maps").fingerprint() == before
    sums[6, 3] += 1
    store.write_shard(2, levels[6:], sums[6:])
    assert store.fingerprint() != before
