"""The recorded graph: calls in order, nested networks opened up, the network itself untouched."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from kaggle_seg.network.graph import Graph, is_network, trace
from tests.network.drawn_networks import outputs

layers = keras.layers


def names(graph: Graph) -> list[str]:
    return [call.layer.name for call in graph.calls]


def small() -> keras.Model:
    images = keras.Input((4, 4, 2), name="images")
    one = layers.Conv2D(2, 1, name="one")(images)
    two = layers.Conv2D(2, 1, name="two")(images)
    return keras.Model(images, [layers.Add(name="sum")([one, two]), one], name="small")


def test_calls_come_after_those_whose_results_they_are_given() -> None:
    graph = trace(small())
    assert names(graph)[-1] == "sum" and set(names(graph)) == {"one", "two", "sum"}
    both = graph.calls[-1]
    assert [maker.layer.name for maker in map(graph.maker, both.inputs) if maker] == ["one", "two"]
    assert graph.maker(graph.inputs) is None
    assert {call.layer.name for call in graph.users(graph.inputs)} == {"one", "two"}
    assert [graph.leaves(tensor) for tensor in (both.results, *both.inputs)] == [True, True, False]


def test_a_nested_network_is_opened_up_each_time_it_is_called() -> None:
    inner, images = small(), keras.Input((4, 4, 2))
    once, _ = inner(images)
    twice, _ = inner(once)
    sequence = keras.Sequential([keras.Input((4, 4, 2)), layers.ReLU(name="relu"), layers.Conv2D(1, 1, name="head")])
    graph = trace(keras.Model(images, sequence(twice)))
    assert sorted(names(graph)) == ["head", "one", "one", "relu", "sum", "sum", "two", "two"]
    assert names(graph)[-2:] == ["relu", "head"]
    assert not any(map(is_network, (call.layer for call in graph.calls)))
    one, head = (next(call.layer for call in graph.calls if call.layer.name == name) for name in ("one", "head"))
    assert graph.called_once(head) and not graph.called_once(one)


def test_a_nested_network_that_is_called_as_in_training_stays_closed() -> None:
    images = keras.Input((4, 4, 2))
    graph = trace(keras.Model(images, small()(images, training=True)))
    assert names(graph) == ["small"]


def test_sequential_networks_have_a_graph_and_networks_of_code_alone_have_none() -> None:
    assert names(trace(keras.Sequential([keras.Input((3,)), layers.Dense(2, name="dense")]))) == ["dense"]

    class Code(keras.Model):
        def call(self, inputs: np.ndarray) -> np.ndarray:
            return inputs

    with pytest.raises(ValueError, match="code is no functional network"):
        trace(Code(name="code"))


def test_replayed_with_other_inputs_it_gives_other_outputs() -> None:
    model, images = small(), np.random.default_rng(0).random((3, 4, 4, 2)).astype(np.float32)
    graph = trace(model)
    replayed = graph.replayed([images], lambda call, *args, **kwargs: call.layer(*args, **kwargs))
    for part, wanted in zip(replayed, outputs(model, images), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(part), wanted)


def test_the_network_still_saves_and_predicts_after_its_graph_was_recorded(tmp_path: Path) -> None:
    model, images = small(), np.ones((1, 4, 4, 2), np.float32)
    before = model.to_json()
    trace(model)
    assert model.to_json() == before
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for part, wanted in zip(outputs(loaded, images), outputs(model, images), strict=True):
        np.testing.assert_array_equal(part, wanted)
