"""The graph of a network: the calls of its layers in order, nested networks opened up.

Folding and rounding walk this graph. It is recorded with `keras.models.clone_model`, Keras's public way through a functional
network, so that nothing depends on the names of layers or on Keras's inner objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer.

    Attributes:
        layer: a layer of the network, or an operation such as the sum of two tensors.
        args: its positional arguments; tensors are symbolic, alone or in lists.
        kwargs: its keyword arguments.
        results: what it returned, a symbolic tensor or a structure of them.
    """

    layer: keras.Operation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: Any

    @property
    def inputs(self) -> list[Any]:
        """The tensors it was given, in order."""
        return tensors_in((self.args, self.kwargs))

    @property
    def outputs(self) -> list[Any]:
        """The tensors it returned, in order."""
        return tensors_in(self.results)


class Graph:
    """The calls of a network, from its inputs to its outputs.

    Attributes:
        inputs: the network's symbolic inputs, in their structure.
        calls: in an order in which each finds its inputs made.
        outputs: the network's symbolic outputs, in their structure.
    """

    def __init__(self, inputs: Any, calls: list[Call], outputs: Any) -> None:
        self.inputs, self.calls, self.outputs = inputs, calls, outputs
        self._leaving = {id(tensor) for tensor in tensors_in(outputs)}
        self._makers = {id(tensor): call for call in calls for tensor in call.outputs}
        self._users: dict[int, list[Call]] = {}
        for call in calls:
            for key in dict.fromkeys(map(id, call.inputs)):
                self._users.setdefault(key, []).append(call)
        self._times = Counter(id(call.layer) for call in calls)

    def leaves(self, tensor: Any) -> bool:
        """Whether the network returns a tensor."""
        return id(tensor) in self._leaving

    def maker(self, tensor: Any) -> Call | None:
        """The call that made a tensor; None for the network's inputs."""
        return self._makers.get(id(tensor))

    def users(self, tensor: Any) -> list[Call]:
        """The calls that are given a tensor."""
        return self._users.get(id(tensor), [])

    def following(self, call: Call) -> Iterator[Call]:
        """The calls that are given what a call returned."""
        for tensor in call.outputs:
            yield from self.users(tensor)

    def called_once(self, layer: keras.Operation) -> bool:
        """Whether a layer is called at one place alone."""
        return self._times[id(layer)] == 1

    def replayed(self, inputs: list[Any], make: Callable[..., Any]) -> Any:
        """Goes through the calls with other inputs.

        Args:
            inputs: in place of the network's own, in order.
            make: called as make(call, *args, **kwargs), returns what stands for the call's results.

        Returns:
            What stands for the network's outputs, in their structure.
        """
        made = dict(zip(map(id, tensors_in(self.inputs)), inputs, strict=True))
        for call in self.calls:
            args, kwargs = replaced((call.args, call.kwargs), made)
            results = keras.tree.flatten(make(call, *args, **kwargs))
            made.update(zip(map(id, call.outputs), results, strict=True))
        return replaced(self.outputs, made)


def trace(model: keras.Model) -> Graph:
    """Records the graph of a functional or sequential network; its layers stay as they are.

    Raises:
        ValueError: the network is neither.
    """
    if not is_network(model):
        raise ValueError(f"{model.name} is no functional network; its layers are not known")
    calls: list[Call] = []
    inside: dict[int, Any] = {}  # for what a nested network returned, the tensor of its own graph

    def note(call: Call, *args: Any, **kwargs: Any) -> Any:
        calls.append(Call(call.layer, args, kwargs, call.results))
        return call.results

    def record(layer: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        results = layer(*args, **kwargs)
        args, kwargs = replaced((args, kwargs), inside)
        if is_network(layer) and not kwargs.get("training"):
            within = trace(layer).replayed(tensors_in((args, kwargs)), note)
            inside.update(zip(map(id, tensors_in(results)), tensors_in(within), strict=True))
        else:
            calls.append(Call(layer, args, kwargs, results))
        return results

    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs)
    copy = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=record)
    return Graph(copy.input, calls, replaced(copy.output, inside))


def is_network(layer: keras.Operation) -> bool:
    """Whether a layer is itself a network of layers whose calls can be recorded."""
    return isinstance(layer, keras.Sequential) or (isinstance(layer, keras.Model) and hasattr(layer, "operations"))


def tensors_in(structure: Any) -> list[Any]:
    """The symbolic tensors in nested lists and dictionaries."""
    return [part for part in keras.tree.flatten(structure) if keras.utils.is_keras_tensor(part)]


def replaced(structure: Any, others: dict[int, Any]) -> Any:
    """Nested lists and dictionaries with other tensors in place of those whose ids are given."""
    return keras.tree.map_structure(lambda part: others.get(id(part), part), structure)
