"""The validation tiles: their maps beside their masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.validation import open_tiles, validation_of
from kaggle_seg.errors import BadInput
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import read_split
from tests.drawn_runs import VALIDATION, draw_masks, draw_run


def test_masks_and_clusters_are_those_of_the_maps(run: Run) -> None:
    validation, truth = validation_of([run]), draw_masks(60, seed=1)
    assert validation.maps.ids == [str(number) for number in VALIDATION]
    assert validation.clusters == [f"piece {number // 2}" for number in VALIDATION]
    for tiles in (slice(0, 7), slice(40, 48), slice(None)):
        assert np.array_equal(validation.truth(tiles), truth[list(VALIDATION)][tiles])


def test_it_carries_the_competition_of_its_runs(run: Run, tree: Path) -> None:
    assert validation_of([run]).competition == find_competition()
    dice = replace(find_competition(), slug="roofs", score="dice")
    run.keep_competition(dice)
    assert validation_of([run]).competition == dice
    with pytest.raises(BadInput, match="other: for another competition than drawn"):
        validation_of([run, draw_run("other", tree, seed=17)])


def test_several_runs_are_averaged(run: Run, tree: Path) -> None:
    validation = validation_of([run, draw_run("other", tree, seed=17)])
    ((_, first, _), *_) = validation_of([run]).maps.shards()
    ((_, mean, _), *_) = validation.maps.shards()
    assert len(validation.rows) == len(VALIDATION) and not np.array_equal(first, mean)


def test_the_tiles_are_those_of_the_split(run: Run, tree: Path) -> None:
    split = read_split(run.split_file)
    assert len(open_tiles(run, split, None).training.ids) == 60
    moved = tree.rename(tree.with_name("moved"))
    with pytest.raises(BadInput, match="--data DIR"):
        open_tiles(run, split, None)
    assert len(open_tiles(run, split, moved).test.ids) == 9
