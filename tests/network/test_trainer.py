"""A trainer: complete when it is made, at the beginning or in the middle; and the tiles that it is given."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from tqdm import tqdm

from kaggle_seg.competition import find_competition
from kaggle_seg.config import TrainingSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network import backup
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.trainer import Trainer, TrainingTiles, tiles_of
from kaggle_seg.splits.splitting import Split, read_split
from kaggle_seg.tiles.cache import TileCache, open_cache
from tests.drawn_runs import TRAINING, draw_run, draw_tree
from tests.network.small_training import EPOCHS, SETTINGS


def test_one_made_from_a_saved_state_goes_on_as_the_one_that_saved_it(tiles: TrainingTiles, tmp_path: Path) -> None:
    bar = tqdm(file=io.StringIO())
    whole = Trainer(SETTINGS, tiles, Progress(EPOCHS))
    attributes = set(vars(whole))
    whole.epoch(bar)
    whole.save(tmp_path)
    other = Trainer(SETTINGS, tiles, *backup.load(tmp_path / "epoch-0001"))
    assert set(vars(other)) == set(vars(whole)) == attributes
    for trainer in (whole, other):
        trainer.epoch(bar)
    for key in ("loss", "validation_iou", "validation_score"):
        assert whole.progress.history[1][key] == other.progress.history[1][key]
    for one, two in zip(whole.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert all(map(np.array_equal, whole.best, other.best))


def test_validation_scores_by_the_competition(tiles: TrainingTiles) -> None:
    """Where nothing is a building, empty tiles alone score: 1 under one rule, 0 under the other."""
    empty = dataclasses.replace(tiles, masks=np.zeros_like(tiles.masks))
    rule = {rule: dataclasses.replace(find_competition(), empty_tile=rule) for rule in ("one", "zero")}
    scored = {}
    for name, competition in rule.items():
        trainer = Trainer(SETTINGS, dataclasses.replace(empty, competition=competition), Progress(1))
        head = trainer.averaged.get_layer("head")
        head.set_weights([np.zeros_like(head.get_weights()[0]), np.full_like(head.get_weights()[1], -1)])
        scored[name] = trainer.validate(empty.validation)[1]
    assert scored == {"one": 1.0, "zero": 0.0}


@pytest.fixture
def drawn(tmp_path: Path) -> tuple[TileCache, Split]:
    tree = draw_tree(tmp_path / "tiles")
    split = read_split(draw_run("drawn", tree).split_file)
    return open_cache(tree, find_competition()), dataclasses.replace(split, excluded=["0", "59"])


def test_tiles_are_those_of_the_split(drawn: tuple[TileCache, Split]) -> None:
    cache, split = drawn
    chosen = tiles_of(cache, split, TrainingSettings(), find_competition("airbus-ship-detection"))
    assert [chosen.ids[row] for row in chosen.validation] == split.validation
    left = TRAINING - len(split.validation) - 2
    assert len(chosen.training) == left
    assert not {chosen.ids[row] for row in chosen.training} & {*split.validation, "0", "59"}
    assert chosen.competition.slug == "airbus-ship-detection"
    few = tiles_of(cache, split, TrainingSettings(training_tiles=4), chosen.competition)
    assert len(few.training) == 4
    assert set(few.training) < set(chosen.training)
    again = tiles_of(cache, split, TrainingSettings(training_tiles=4, seed=1), chosen.competition)
    assert list(again.training) != list(few.training)
    with pytest.raises(BadInput, match="the training tiles have no masks"):
        unmasked = dataclasses.replace(cache, training=dataclasses.replace(cache.training, masks=None))
        tiles_of(unmasked, split, TrainingSettings(), chosen.competition)
