"""What is known of the tiles before they are split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaggle_seg.competition import find_competition
from kaggle_seg.splits.survey import survey_tiles
from kaggle_seg.tiles.cache import open_cache
from tests.splits.drawn_scenes import cut, draw, grid_pairs
from tests.splits.drawn_surveys import raster, survey
from tests.tiles.trees import draw_mask, put, tiff


def test_tiles_are_surveyed_from_their_files(tmp_path: Path) -> None:
    tiles = cut(draw(0, 192, 256), 64)
    for number, tile in enumerate(tiles[:9]):
        put(tmp_path / f"images/{number}.tif", tiff(tile))
        put(tmp_path / f"masks/{number}.tif", tiff(draw_mask(number, 64) * np.uint8(255 * (number > 0))))
    for number, tile in enumerate(tiles[9:], start=9):
        put(tmp_path / f"test/{number}.tif", tiff(tile))
    made = survey_tiles(open_cache(tmp_path, find_competition()))
    assert made.training == [str(number) for number in range(9)] and made.test == ["9", "10", "11"]
    assert made.buildings.tolist() == [0, *(int(draw_mask(number, 64).sum()) for number in range(1, 9))]
    linked, true = {tuple(pair) for pair in made.links.pairs.tolist()}, set().union(*grid_pairs(3, 4))
    assert made.count == 12 and linked <= true and len(linked) >= 15
    assert made.share_beside([9, 10, 11], range(9)) == 1.0


def test_ids_follow_the_ground_where_consecutive_ones_are_neighbours() -> None:
    assert raster(10, 10, set()).ids_follow_ground
    order = np.random.default_rng(0).permutation(100)
    assert not survey(range(100), [], [(order[n], order[n + 1]) for n in range(99)]).ids_follow_ground
    assert not survey(["north", "south"], [], [(0, 1)]).ids_follow_ground


def test_the_share_beside_others_counts_tiles_once() -> None:
    tiles = survey(range(4), [], [(0, 1), (0, 2), (1, 2)])
    assert tiles.share_beside([0, 3], [1, 2]) == 0.5 and tiles.share_beside([], [1]) == 0.0
