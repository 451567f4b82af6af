"""What computes the prediction: Keras, or OpenVINO where it is installed.

Both are given the folded network and differ by rounding alone. int8 is coarser; it is used only after a comparison has shown
that it costs nothing (see `network.quantising`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kaggle_seg.config import Engine
from kaggle_seg.errors import BadInput
from kaggle_seg.network.folding import folded
from kaggle_seg.network.machine import has_gpu
from kaggle_seg.network.rounding import rounded
from kaggle_seg.tiles.reading import cores

NEEDS = {"openvino": ("openvino",), "int8": ("openvino", "nncf")}


@dataclass(frozen=True)
class Predictor:
    """A network ready to predict.

    Attributes:
        description: what computes it and in which precision, for people, such as "OpenVINO, bfloat16".
        run: from images uint8 (B, H, W, 3), B at most `batch_size`, to probabilities float32 (B, H, W).
        batch_size: the B it is fastest with.
        threads: how many threads should call it at a time.
    """

    description: str
    run: Callable[[np.ndarray], np.ndarray]
    batch_size: int
    threads: int


def choose_engine(asked: Engine) -> Engine:
    """The engine that is used; "auto" is OpenVINO where it is installed and there is no GPU, else Keras.

    Raises:
        BadInput: a package that the engine needs is not installed.
    """
    if asked == "auto":
        possible = keras.backend.backend() in ("tensorflow", "jax") and installed("openvino") and not has_gpu()
        return "openvino" if possible else "keras"
    if lacking := [name for name in NEEDS.get(asked, ()) if not installed(name)]:
        raise BadInput(f"--engine {asked} needs {' and '.join(lacking)}: pip install {' '.join(lacking)}")
    return asked


def make_predictor(model: keras.Model, engine: Engine, precision: str) -> Predictor:
    """Makes a trained network ready to predict.

    Args:
        model: as it was trained, from images to logits; see `folding.folded`.
        engine: "keras" or "openvino".
        precision: "float32", "mixed_bfloat16" or "mixed_float16".

    Raises:
        ValueError: the model's output is not one logit a pixel.
    """
    network = folded(model, "float32" if engine == "openvino" else precision)
    if precision == "mixed_bfloat16":
        network = rounded(network)
    return with_openvino(to_openvino(network), precision) if engine == "openvino" else with_keras(network, precision)


def with_keras(model: keras.Model, precision: str) -> Predictor:
    """Makes a folded network ready on Keras; see `machine.compute_batches_side_by_side`.

    Args:
        model: as `folding.folded` gives it.
        precision: the one it was folded for.
    """
    # several batches at a time fill the cores; elsewhere one, while another thread prepares its own or rounds its maps
    several = keras.backend.backend() == "tensorflow" and not has_gpu()
    turn = contextlib.nullcontext() if several else threading.Lock()

    def run(images: np.ndarray) -> np.ndarray:
        with turn:
            return model.predict_on_batch(images)

    size, threads = (8, cores() + 1) if several else (16, 2)
    run(np.zeros((size, *model.input_shape[1:]), np.uint8))  # traced once, before threads call it
    return Predictor(f"Keras on {keras.backend.backend()}, {precision.removeprefix('mixed_')}", run, size, threads)


def with_openvino(network: Any, precision: str, computes_in: str = "") -> Predictor:
    """Makes a network ready on OpenVINO: two batches at a time, while a third thread prepares its batch or rounds its maps.

    Args:
        network: as `to_openvino` gives it, or quantised.
        precision: "mixed_bfloat16" for bfloat16; else float32.
        computes_in: the name of what it computes in, where that is neither.
    """
    kind, name = ("bf16", "bfloat16") if precision == "mixed_bfloat16" else ("f32", "float32")
    hints = {"INFERENCE_PRECISION_HINT": kind, "PERFORMANCE_HINT": "THROUGHPUT"}
    compiled = import_openvino().Core().compile_model(network, "CPU", hints)
    size, own = compiled.input(0).shape[0], threading.local()

    def run(images: np.ndarray) -> np.ndarray:
        if not hasattr(own, "request"):  # a request serves one thread at a time
            own.request = compiled.create_infer_request()
        filled = np.resize(images, (size, *images.shape[1:])) if len(images) < size else images
        return own.request.infer({0: np.ascontiguousarray(filled)})[0][: len(images)].copy()

    return Predictor(f"OpenVINO, {computes_in or name}", run, batch_size=size, threads=3)


def to_openvino(model: keras.Model, batch_size: int | None = 8) -> Any:
    """A float32 network as an OpenVINO model.

    Args:
        model: as `folding.folded` gives it, or any other that Keras can export.
        batch_size: the one size of batch it takes, which is faster by a fifth than any size (None).
    """
    openvino = import_openvino()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        model.export(str(path), format="openvino", verbose=False)
        weights = np.fromfile(path.with_suffix(".bin"), np.uint8)
        network = openvino.Core().read_model(path.read_bytes(), openvino.Tensor(weights))
    if batch_size:
        network.reshape([batch_size, *model.input_shape[1:]])
    return network


def import_openvino() -> Any:
    """Imports OpenVINO without its telemetry package, which would report the import to its makers."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def installed(name: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(name) is not None
