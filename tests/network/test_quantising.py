"""8-bit prediction: it predicts about the same, and is taken only where the tuned score does not fall."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.config import NetworkSettings
from kaggle_seg.decisions.record import Estimate
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.masks.scores import own_variant
from kaggle_seg.network import engines, quantising, unet
from kaggle_seg.network.folding import folded
from kaggle_seg.network.quantising import Comparison, compare

SMALL = NetworkSettings(base_filters=4, depth=1)


def test_eight_bits_predict_about_the_same() -> None:
    keras.utils.set_random_seed(1)
    images = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
    model = unet.build(SMALL, 32, 32)
    network = quantising.quantised(model, images)
    assert "FakeQuantize" in {operation.get_type_name() for operation in network.get_ops()}
    coarse = engines.with_openvino(network, "float32", "int8")
    exact = engines.make_predictor(model, "keras", "float32")
    assert coarse.description == "OpenVINO, int8"
    difference = np.abs(coarse.run(images[:8]) - exact.run(images[:8]))
    assert 0 < difference.mean() < 0.03


def test_the_convolutions_that_see_the_image_are_known_without_their_names() -> None:
    """The first of the path and the shortcut past it; the others see features alone."""
    model = unet.build(replace(SMALL, residual=True), 32, 32)
    network = engines.to_openvino(folded(model, "float32"))
    names = quantising.first_convolutions(network)
    assert len(names) == 2
    shapes = {op.get_friendly_name(): op.input_value(0).get_shape() for op in network.get_ops() if op.get_input_size()}
    assert {shapes[name][1] for name in names} == {12}  # the channels of the image, four pixels in one


@pytest.mark.parametrize(
    ("by", "harmless"), [((0.0, -0.01, 0.01), True), ((-0.0019, -0.01, 0.0), True), ((-0.003, -0.01, 0.01), False)]
)
def test_it_may_lose_next_to_nothing(by: tuple[float, float, float], harmless: bool) -> None:
    comparison = Comparison(Estimate(*by))
    assert comparison.harmless is harmless
    assert str(comparison).startswith("taken" if harmless else "not taken")
    assert f"{by[0]:+.4f}" in str(comparison)


def test_both_are_tuned_before_they_are_compared(tmp_path: Path) -> None:
    """Maps that are wrong by their scale alone lose nothing; maps that are noise lose."""
    random = np.random.default_rng(0)
    truth = np.zeros((40, 16, 16), bool)
    for tile in truth:
        row, column = random.integers(0, 9, 2)
        tile[row : row + 7, column : column + 7] = True
    good = np.where(truth, 0.9, 0.1) + random.normal(0, 0.02, truth.shape)

    def store(name: str, maps: np.ndarray) -> MapStore:
        ids = [str(number) for number in range(40)]
        made = MapStore.create(tmp_path / name, ids, ids, 16, 16)
        made.write_shard(0, *quantise(maps.clip(0, 1).astype(np.float32)))
        return made

    def by(maps: np.ndarray) -> Comparison:
        clusters, competition = [str(number) for number in range(40)], find_competition()
        stores = store("coarse", maps), store("exact", good)
        return compare(*stores, lambda tiles: truth[tiles], clusters, own_variant(competition), competition)

    assert by(good / 2).harmless
    assert not by(random.random(truth.shape)).harmless
