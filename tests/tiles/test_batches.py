"""Batches: exact transforms, and an order that (seed, epoch) fixes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.tiles.batches import Batches, inverse, symmetries, transform, transform_image


def batches(count: int = 10, size: int = 4, seed: int = 7) -> Batches:
    masks = np.random.default_rng(0).integers(0, 2, (count, 6, 6), np.uint8)
    # each tile's image carries its own mask and number, so that what belongs together can be told
    images = np.stack([masks, np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None], masks.shape), masks], axis=-1)
    return Batches(images, masks, np.arange(count), size, seed)


@given(st.integers(0, 7), st.integers(1, 5), st.integers(1, 5))
def test_every_symmetry_is_undone_by_its_inverse(symmetry: int, height: int, width: int) -> None:
    array = np.arange(2 * height * width).reshape(2, height, width)
    np.testing.assert_array_equal(transform(transform(array, symmetry), inverse(symmetry)), array)


def test_the_eight_symmetries_of_a_square_differ() -> None:
    square = np.arange(9).reshape(3, 3)
    assert len({transform(square, symmetry).tobytes() for symmetry in range(8)}) == 8


@pytest.mark.parametrize("symmetry", range(8))
def test_images_turn_as_their_masks_do(symmetry: int) -> None:
    mask = np.random.default_rng(1).integers(0, 9, (2, 4, 4))
    image = np.stack([mask, 2 * mask, 3 * mask], axis=-1)
    turned = transform_image(image, symmetry)
    np.testing.assert_array_equal(turned[..., 2], 3 * transform(mask, symmetry))


def test_symmetries_of_an_oblong_keep_its_size() -> None:
    oblong = np.zeros((3, 5))
    assert {transform(oblong, symmetry).shape for symmetry in symmetries(3, 5)} == {(3, 5)}
    assert symmetries(4, 4) == tuple(range(8))


def test_an_epoch_shows_every_tile_once_with_its_own_mask() -> None:
    shown = []
    for images, masks, rows in batches(12).epoch(1):
        assert images.shape == (4, 6, 6, 3)
        np.testing.assert_array_equal(images[..., 0], masks[..., 0])
        np.testing.assert_array_equal(images[:, 0, 0, 1], rows)
        shown += rows.tolist()
    assert sorted(shown) == list(range(12))


@pytest.mark.parametrize("count", (1, 3, 9))
def test_the_last_batch_is_filled_from_the_epochs_first_tiles(count: int) -> None:
    rows = np.concatenate([rows for _, _, rows in batches(count).epoch(3)])
    assert len(rows) == len(batches(count)) * 4
    assert set(rows) == set(range(count))
    np.testing.assert_array_equal(rows, np.resize(rows[:count], len(rows)))


def test_seed_and_epoch_fix_the_batches_and_each_changes_them() -> None:
    def content(seed: int, epoch: int) -> bytes:
        return b"".join(images.tobytes() for images, _, _ in batches(seed=seed).epoch(epoch))

    assert content(7, 1) == content(7, 1)
    assert len({content(7, 1), content(7, 2), content(8, 1)}) == 3
