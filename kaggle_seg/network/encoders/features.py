"""An encoder as the decoder sees it: from images to features of every resolution, frozen or released."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from kaggle_seg.config import NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network import machine
from kaggle_seg.network.encoders import efficientnet_lite
from kaggle_seg.network.encoders.torch_files import read_state
from kaggle_seg.network.encoders.weight_files import IMAGENET, find_weights, known_bytes
from kaggle_seg.network.folding import copied_part
from kaggle_seg.network.graph import Graph, trace
from kaggle_seg.network.layers import ReflectPadding, padding_to
from kaggle_seg.network.rounding import rounded
from kaggle_seg.output import shown

STRIDE = 32  # of the coarsest features of every encoder
PREFIX = "encoder_"


def build_features(settings: NetworkSettings, height: int, width: int, precision: str) -> keras.Model:
    """An encoder with its first weights.

    A frozen one has its normalisations folded into its convolutions and its weights rounded, so that it computes as fast,
    and the same, in training as in prediction.

    Args:
        settings: which encoder, and with which weights.
        height: of the tiles; any, for they are padded by reflection.
        width: of the tiles.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".

    Returns:
        From images uint8 (B, H, W, 3) to features of the padded images, (B, H'/stride, W'/stride, C), for each stride that
        the encoder has of 2, 4, 8, 16 and 32, the finest first. No network is nested in it.

    Raises:
        BadInput: the weights are not there, or not those of this encoder.
    """
    padding = padding_to(STRIDE, height, width)
    images = keras.Input((height, width, 3), dtype="uint8", name="images")
    features = images
    if any(map(any, padding)):
        features = keras.layers.Rescaling(1.0, dtype="float32", name="float")(features)
        features = ReflectPadding(padding, dtype="float32", name="padding")(features)
    path, frozen = find_weights(settings), is_frozen(settings)
    padded = height + sum(padding[0]), width + sum(padding[1])
    network = make_network(settings.encoder, *padded)
    if path:
        load_weights(network, settings.encoder, path)
    graph = trace(keras.Model(images, network(features)))
    encoder = copied_part(Graph(graph.inputs, graph.calls, tap(graph, *padded)), precision, PREFIX, fold=frozen)
    if frozen and precision == "mixed_bfloat16":
        rounded(encoder, part=True)
    for layer in encoder.layers:
        layer.trainable = not frozen
    return encoder


def is_frozen(settings: NetworkSettings) -> bool:
    """Whether the encoder's weights stay as they are in training.

    TensorFlow's gradient of a depthwise convolution is slow on CPUs.
    """
    if settings.encoder == "none" or settings.encoder_weights == "none":
        return False
    return not machine.has_gpu() if settings.encoder_training == "auto" else settings.encoder_training == "frozen"


def make_network(name: str, height: int, width: int) -> keras.Model:
    """An encoder's network with random weights, from images (B, H, W, 3), 0 to 255; without what tells classes."""
    if name in efficientnet_lite.SCALES:
        return efficientnet_lite.build(name, height, width)
    make, shape = getattr(keras.applications, name), (height, width, 3)
    if name != "ResNet50V2":  # has no rescaling of its own
        return make(include_top=False, weights=None, input_shape=shape, include_preprocessing=True)
    images = keras.Input(shape, name="images")
    rescaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="rescaling")(images)
    return make(include_top=False, weights=None, input_tensor=rescaled)


def load_weights(network: keras.Model, name: str, path: Path) -> None:
    """Gives an encoder's network the weights of a file.

    Raises:
        BadInput: they are not its weights, or the file is damaged.
    """
    if path.suffix == ".pth":
        efficientnet_lite.assign_state(network, read_state(known_bytes(path, IMAGENET[name]), shown(path)), shown(path))
        return
    try:
        network.load_weights(path)
    except Exception as error:  # Keras and HDF5 raise many kinds for a damaged or foreign file
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise BadInput(
            f"{shown(path)}: cannot be read as weights of {name} ({reason}); give the file of its weights without the "
            "classes (Keras: include_top=False)"
        ) from error


def tap(graph: Graph, height: int, width: int) -> list[Any]:
    """The features of a network to which a decoder is joined: for each stride the last ones, the finest stride first.

    Before the resolution falls, many networks widen their features; of the chain of layers there, the narrowest are taken.

    Args:
        graph: of the network.
        height: of the padded images.
        width: of the padded images.
    """
    last = {tensor.shape[1:3]: tensor for call in graph.calls for tensor in call.outputs if len(tensor.shape) == 4}
    finer = [last.get((height // stride, width // stride)) for stride in (2, 4, 8, 16)]
    coarsest = keras.tree.flatten(graph.outputs)
    return [_narrowest(graph, tensor) for tensor in finer if tensor is not None] + coarsest


def _narrowest(graph: Graph, tensor: Any) -> Any:
    """The narrowest features of the chain of layers that ends in these, the last of equals."""
    best = tensor
    while (call := graph.maker(tensor)) and len(call.inputs) == 1 and call.inputs[0].shape[1:3] == tensor.shape[1:3]:
        (tensor,) = call.inputs
        if tensor.shape[-1] < best.shape[-1]:
            best = tensor
        if len(graph.users(tensor)) > 1:
            break
    return best
