"""The trained network rewritten for prediction: fewer operations, the same probabilities."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kaggle_seg.network.convolutions import (
    DEPTHWISE,
    MOVING,
    PLAIN,
    Convolution,
    before_all,
    is_convolution,
    last_ones,
    receivers,
)
from kaggle_seg.network.graph import Call, Graph, is_network, trace
from kaggle_seg.network.layers import FusedBatchNormalization

NORMALISATIONS = {keras.layers.BatchNormalization, FusedBatchNormalization}
DROPOUTS = {keras.layers.Dropout, keras.layers.SpatialDropout2D}


def folded(model: keras.Model, precision: str) -> keras.Model:
    """A network of the same function that ends in probabilities, folded as by `without_normalisations`.

    Args:
        model: from images uint8 (B, H, W, 3) to logits (B, H, W, 1).
        precision: what the layers are to compute in; the model's own does not matter.

    Returns:
        A model from images uint8 (B, H, W, 3) to probabilities float32 (B, H, W).

    Raises:
        ValueError: the model's output is not one logit a pixel.
    """
    logits = without_normalisations(model, precision)
    shape: tuple[int, ...] = getattr(logits.output, "shape", ())
    if len(shape) != 4 or shape[-1] != 1:
        raise ValueError(f"the network's output has shape {shape}; wanted one logit a pixel, (batch, height, width, 1)")
    outputs = keras.layers.Activation("sigmoid", dtype="float32", name="sigmoid")(logits.output)
    outputs = keras.layers.Reshape(shape[1:3], dtype="float32", name="probabilities")(outputs)
    return keras.Model(logits.input, outputs, name="folded")


def without_normalisations(model: keras.Model, precision: str = "float32") -> keras.Model:
    """A network of the same outputs, with batch normalisation and rescaling inside its convolutions.

    Where a convolution with kernel k is followed by a normalisation alone (mean m, variance v, scale g, offset b), the
    kernel k·g/sqrt(v + epsilon) with the bias b - m·g/sqrt(v + epsilon) gives the same. Where a normalisation is followed
    by convolutions alone, and these pad nothing, they can do its work as well. Pixels that enter as x/127.5 - 1 enter as
    x - 127.5, which bfloat16 holds exactly; the first kernels are divided by 127.5 instead.

    What fits neither, such as a normalisation between an addition and a ReLU, stays as it is. Dropout goes.

    Args:
        model: any functional or sequential network; nested ones are opened up. It stays as it is.
        precision: "float32", "mixed_bfloat16" or "mixed_float16". What comes before the first convolutions and after the
            last, and the last themselves, compute in float32 in any case.
    """
    folding = _Folding(trace(model))
    folding.fold()
    return folding.build(model.name, precision)


def copied_part(graph: Graph, precision: str, prefix: str, fold: bool) -> keras.Model:
    """A copy of a network that is to be a part of a larger one: its last convolutions compute as the others do.

    Args:
        graph: of the network, with the outputs that the larger one takes up.
        precision: as of `without_normalisations`.
        prefix: of the names of all layers.
        fold: fold it as `without_normalisations` does.
    """
    folding = _Folding(graph)
    if fold:
        folding.fold()
    return folding.build(prefix.strip("_"), precision, part=True, prefix=prefix)


class _Folding:
    """What is to be changed in a graph: weights and settings of layers, and which layers go."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.changed: dict[keras.Operation, Convolution] = {}
        self.settings: dict[keras.Operation, dict[str, Any]] = {}
        self.gone: set[keras.Operation] = set()

    def convolution(self, layer: keras.Operation) -> Convolution:
        """The weights of a layer, to be changed."""
        if layer not in self.changed:
            self.changed[layer] = Convolution(layer)
        return self.changed[layer]

    def fold(self) -> None:
        """Decides all that can be folded."""
        self.drop_dropout()
        self.fold_normalisations()
        self.fold_rescalings()

    def drop_dropout(self) -> None:
        """Takes out what does nothing in prediction."""
        for call in self.graph.calls:
            if type(call.layer) in DROPOUTS and not call.kwargs.get("training"):
                self.gone.add(call.layer)

    def fold_normalisations(self) -> None:
        """Puts normalisations into the convolutions before them, and those that are left into the convolutions behind."""
        normalisations = [call for call in self.graph.calls if self._is_foldable(call)]
        for fold in (self._fold_back, self._fold_forward):
            for call in normalisations:
                if call.layer not in self.gone and fold(call):
                    self.gone.add(call.layer)

    def _fold_back(self, call: Call) -> bool:
        convolution = self._convolution_before(call)
        if not convolution:
            return False
        scale, offset = affine(call.layer)
        convolution.kernels[-1] = convolution.kernels[-1] * convolution.per_output(scale)
        if convolution.bias is not None:
            convolution.bias = convolution.bias * scale
        convolution.add_to_bias(offset)
        return True

    def _fold_forward(self, call: Call) -> bool:
        behind = self._convolutions_behind(call)
        scale, offset = affine(call.layer)
        for convolution in behind:
            convolution.add_to_bias(convolution.response(offset))
            convolution.kernels[0] = convolution.kernels[0] * convolution.per_input(scale)
        return bool(behind)

    def _is_foldable(self, call: Call) -> bool:
        """Whether a call is a normalisation with its moving statistics."""
        inference = not call.kwargs.get("training") and len(call.inputs) == 1 and len(call.args) == 1
        return type(call.layer) in NORMALISATIONS and self.graph.called_once(call.layer) and inference

    def _convolution_before(self, call: Call) -> Convolution | None:
        """The convolution whose output a normalisation alone sees."""
        (tensor,) = call.inputs
        while (maker := self.graph.maker(tensor)) and self._has_one_user(tensor):
            if maker.layer in self.gone:
                (tensor,) = maker.inputs
                continue
            fits = self._may_change(maker) and maker.layer.activation is keras.activations.linear
            return self.convolution(maker.layer) if fits and on_channels(call, maker.layer) else None
        return None

    def _convolutions_behind(self, call: Call) -> list[Convolution]:
        """The convolutions that alone see a normalisation's output, if they pad nothing and so see its offset everywhere."""
        tensor, users = call.results, self.graph.users(call.results)
        if self.graph.leaves(tensor) or not all(
            self._may_change(user) and pads_nothing(user.layer) and on_channels(call, user.layer) for user in users
        ):
            return []
        return [self.convolution(user.layer) for user in users]

    def _has_one_user(self, tensor: Any) -> bool:
        return len(self.graph.users(tensor)) == 1 and not self.graph.leaves(tensor)

    def _may_change(self, call: Call) -> bool:
        return is_convolution(call.layer) and self.graph.called_once(call.layer)

    def fold_rescalings(self) -> None:
        """Puts the scale of rescaled images into the convolutions that see them; the offset stays."""
        for call in self.graph.calls:
            layer = call.layer
            if type(layer) is keras.layers.Rescaling and self.graph.called_once(layer) and is_one_factor(layer):
                for receiver, _ in (behind := receivers(self.graph, call.results, scalar=True)):
                    convolution = self.convolution(receiver.layer)
                    convolution.kernels[0] = convolution.kernels[0] * layer.scale
                if behind:
                    self.settings[layer] = {"scale": 1.0, "offset": layer.offset / layer.scale}

    def build(self, name: str, precision: str, part: bool = False, prefix: str = "") -> keras.Model:
        """The changed network, of new layers."""
        exact = [call for call in before_all(self.graph) if type(call.layer) not in MOVING]
        exact += [] if part else last_ones(self.graph)
        policies = {call.layer: "float32" for call in exact}
        layers: dict[keras.Operation, keras.Operation] = {}
        names: set[str] = set()

        def make(call: Call, *args: Any, **kwargs: Any) -> Any:
            if call.layer in self.gone:
                return args[0]
            if call.layer not in layers:
                layers[call.layer] = self._copy(call.layer, policies.get(call.layer, precision), prefix, names)
            return layers[call.layer](*args, **kwargs)

        inputs = keras.tree.map_structure(new_input, self.graph.inputs)
        network = keras.Model(inputs, self.graph.replayed(keras.tree.flatten(inputs), make), name=name)
        for layer, copy in layers.items():
            if isinstance(layer, keras.layers.Layer) and layer.weights:
                copy.set_weights(self.changed[layer].weights if layer in self.changed else layer.get_weights())
        return network

    def _copy(self, layer: keras.Operation, policy: str, prefix: str, names: set[str]) -> keras.Operation:
        if not isinstance(layer, keras.layers.Layer):
            return layer  # an operation without weights or precision
        if is_network(layer):  # called as if in training, which its layers would not know when opened up
            return keras.models.clone_model(layer)
        settings = {**layer.get_config(), "dtype": policy, **self.settings.get(layer, {})}
        if layer in self.changed:
            settings["use_bias"] = self.changed[layer].bias is not None
        settings["name"] = prefix + settings["name"]
        while settings["name"] in names:  # two nested networks may each have a layer of a name
            settings["name"] += "_"
        names.add(settings["name"])
        return type(layer).from_config(settings)


def new_input(tensor: Any) -> Any:
    """An input like another."""
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)


def affine(norm: keras.layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """The scale and the offset (C,), float64, that a normalisation amounts to in prediction."""
    mean, variance = (np.asarray(values, np.float64) for values in (norm.moving_mean, norm.moving_variance))
    gamma = np.asarray(norm.gamma, np.float64) if norm.scale else np.ones_like(mean)
    beta = np.asarray(norm.beta, np.float64) if norm.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - mean * scale


def on_channels(call: Call, layer: keras.layers.Layer) -> bool:
    """Whether a normalisation works along the axis on which a convolution has its channels."""
    rank = len(call.inputs[0].shape)
    channels = 1 if getattr(layer, "data_format", "channels_last") == "channels_first" else rank - 1
    return call.layer.axis % rank == channels


def pads_nothing(layer: keras.layers.Layer) -> bool:
    """Whether each output of a convolution sees as many inputs as any other."""
    if type(layer) not in (*PLAIN, *DEPTHWISE):
        return False
    return type(layer) is keras.layers.Dense or layer.padding == "valid" or set(layer.kernel_size) == {1}


def is_one_factor(layer: keras.layers.Rescaling) -> bool:
    """Whether a rescaling treats all channels alike, and turns no minimum into a maximum."""
    return isinstance(layer.scale, int | float) and isinstance(layer.offset, int | float) and layer.scale > 0
