"""EfficientNet-Lite: its shape, and what it says of an image, as an independent conversion has it."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network.encoders import efficientnet_lite
from kaggle_seg.network.encoders.efficientnet_lite import assign_state, build, rounded_filters
from kaggle_seg.network.encoders.torch_files import read_state
from kaggle_seg.network.encoders.weight_files import IMAGENET, find_weights
from tests.network.encoders.packages import BY_NAME, LITE

CHECK = Path(__file__).resolve().parents[4] / "shared" / "data" / "efficientnet_lite_check.json"
ROWS, COLUMNS, COLOURS = np.ogrid[:224, :224, :3]
IMAGE = ((3 * ROWS + 5 * COLUMNS + 77 * COLOURS) % 256).astype(np.uint8)


@pytest.mark.skipif(not CHECK.exists(), reason="the figures of the independent conversion are not here")
@pytest.mark.parametrize("name", BY_NAME)
def test_logits_are_those_of_an_independent_conversion(name: str) -> None:
    wanted = json.loads(CHECK.read_text(encoding="utf-8"))["models"][name.removeprefix("efficientnet-")]
    assert (IMAGENET[name].name, IMAGENET[name].sha256) == (wanted["file"], wanted["sha256"])
    path = find_weights(NetworkSettings(encoder=name))  # type: ignore[arg-type]
    assert path is not None
    model = build(name, 224, 224, top=True)
    assign_state(model, read_state(path.read_bytes(), path.name), path.name)
    last = max(
        (layer for layer in model.layers if layer.name.startswith("block")),
        key=lambda layer: int(layer.name.removeprefix("block").partition("_")[0]),
    )
    last = model.get_layer(last.name.partition("_")[0] + "_project_norm")
    both = keras.Model(model.input, [last.output, model.output])
    block, (logits,) = (keras.ops.convert_to_numpy(part) for part in both(IMAGE[np.newaxis]))
    assert np.mean(logits) == pytest.approx(wanted["logits_mean"], abs=2e-4)
    assert np.std(logits) == pytest.approx(wanted["logits_std"], abs=2e-4)
    best = np.argsort(logits)[::-1][:5]
    assert best.tolist() == [number for number, _ in wanted["top5"]]
    np.testing.assert_allclose(logits[best], [logit for _, logit in wanted["top5"]], atol=2e-3)
    assert np.mean(block) == pytest.approx(wanted["last_block_mean"], abs=2e-4)
    assert np.std(block) == pytest.approx(wanted["last_block_std"], abs=2e-4)


@pytest.mark.parametrize(("name", "blocks"), [*zip(LITE, (16, 21, 21), strict=True)])
def test_the_first_and_the_last_group_are_never_repeated_more(name: str, blocks: int) -> None:
    model = build(name, 64, 96)
    assert len({layer.name.partition("_")[0] for layer in model.layers if layer.name.startswith("block")}) == blocks
    assert model.output_shape == (None, 2, 3, rounded_filters(320 * efficientnet_lite.SCALES[name][0]))


def test_filters_are_multiples_of_eight() -> None:
    assert [rounded_filters(1.1 * filters) for filters in (16, 24, 40, 80, 112, 192, 320)] == [16, 24, 48, 88, 120, 208, 352]


def test_weights_of_another_network_are_refused() -> None:
    model = build("efficientnet-lite0", 32, 32)
    with pytest.raises(BadInput, match=r"x\.pth: not the weights of efficientnet-lite0"):
        assign_state(model, {}, "x.pth")
    state = {"_conv_stem.weight": np.zeros((8, 3, 3, 3), np.float32)}
    with pytest.raises(BadInput, match=r"x\.pth: not the weights of efficientnet-lite0"):
        assign_state(model, state, "x.pth")
