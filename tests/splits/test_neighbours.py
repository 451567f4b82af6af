"""Neighbours and copies among drawn tiles."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kaggle_seg.splits.neighbours import Links, find_links
from tests.splits.drawn_scenes import Pair, compressed, cut, draw, grid_pairs, noisy

SIZE, ROWS, COLUMNS = 96, 4, 5


def scenes(count: int, overlap: int = 0) -> NDArray[np.uint8]:
    """Tiles of drawn scenes of 4×5, one scene after the other."""
    step = SIZE - overlap
    height, width = ROWS * step + overlap, COLUMNS * step + overlap
    return np.concatenate([cut(draw(seed, height, width), SIZE, overlap) for seed in range(count)])


def true_pairs(count: int) -> tuple[set[Pair], set[Pair]]:
    grids = [grid_pairs(ROWS, COLUMNS, scene * ROWS * COLUMNS) for scene in range(count)]
    return set().union(*(beside for beside, _ in grids)), set().union(*(below for _, below in grids))


def as_set(pairs: NDArray[np.int64]) -> set[Pair]:
    return {(int(first), int(second)) for first, second in pairs}


def found_and_right(links: Links, count: int) -> tuple[float, float]:
    """The share of the true neighbours that was found, and the share of what was found that is true."""
    beside, below = true_pairs(count)
    right = len(as_set(links.beside) & beside) + len(as_set(links.below) & below)
    return right / (len(beside) + len(below)), right / max(1, len(links.beside) + len(links.below))


@pytest.mark.parametrize("overlap", [0, 1, 7, 12, 40])
def test_neighbours_are_found_whatever_their_overlap(overlap: int) -> None:
    links = find_links([scenes(3, overlap)])
    found, right = found_and_right(links, 3)
    assert found > 0.95 and right == 1.0
    assert overlap in links.overlaps
    assert not len(links.copies)


@pytest.mark.parametrize("overlap", [0, 12])
@pytest.mark.parametrize("quality", [90, 75])
def test_compression_hides_few_neighbours(overlap: int, quality: int) -> None:
    tiles = np.stack([compressed(tile, quality) for tile in scenes(3, overlap)])
    found, right = found_and_right(find_links([tiles]), 3)
    assert found > 0.9 and right == 1.0


def test_unlike_tiles_are_no_neighbours() -> None:
    alone = np.stack([draw(seed, SIZE, SIZE) for seed in range(100)])
    assert not len(find_links([alone]).pairs)


def test_order_and_parts_change_nothing() -> None:
    tiles = scenes(2, 12)
    order = np.random.default_rng(5).permutation(len(tiles))
    place = np.argsort(order)
    plain, shuffled = find_links([tiles]), find_links([tiles[order][:13], tiles[order][13:]])
    assert as_set(shuffled.beside) == {(int(place[a]), int(place[b])) for a, b in plain.beside}
    assert as_set(shuffled.pairs) == {tuple(sorted((int(place[a]), int(place[b])))) for a, b in plain.pairs}


def test_copies_are_found_through_noise_compression_and_brightness() -> None:
    tiles = np.stack([draw(seed, SIZE, SIZE) for seed in range(40)])
    darker = (tiles[:20] * 0.8).astype(np.uint8)
    copies = np.stack([compressed(tile, 60) for tile in noisy(darker, 6)])
    links = find_links([tiles, copies])
    assert as_set(links.copies) == {(number, 40 + number) for number in range(20)}


def test_a_copy_does_not_hide_its_originals_neighbours() -> None:
    tiles = scenes(1)
    links = find_links([tiles, tiles[::3]])
    assert found_and_right(links, 1)[0] > 0.95
    assert len(links.copies) == len(tiles[::3])


def test_turned_tiles_are_no_copies() -> None:
    tiles = np.stack([draw(seed, SIZE, SIZE) for seed in range(20)])
    assert not len(find_links([tiles, np.rot90(tiles, 1, (1, 2))]).copies)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_tiles_match_nothing(level: int) -> None:
    flat = noisy(np.full((30, SIZE, SIZE, 3), level, np.uint8), 1.0)
    assert not len(find_links([flat]).pairs)


@pytest.mark.parametrize("level", [0, 255])
def test_borders_of_one_shape_match_nothing(level: int) -> None:
    tiles = np.stack([draw(seed, SIZE, SIZE) for seed in range(40)])
    tiles[:20, :, 50:] = level
    tiles[20:, 30:] = level
    assert not len(find_links([tiles]).pairs)


def test_neighbours_with_a_border_are_found() -> None:
    scene = draw(1, 3 * SIZE, 4 * SIZE)
    scene[:, :40] = 0  # 40 of the 96 columns of the leftmost tiles
    links = find_links([cut(scene, SIZE)])
    beside, below = grid_pairs(3, 4)
    assert as_set(links.beside) == beside and as_set(links.below) == below


@pytest.mark.parametrize("shape", [(1, 64, 64, 3), (2, 64, 64, 3), (5, 8, 8, 3), (6, 40, 100, 3), (3, 1100, 20, 3)])
def test_few_small_and_oblong_tiles_are_taken(shape: tuple[int, ...]) -> None:
    tiles = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert not len(find_links([tiles]).pairs)
