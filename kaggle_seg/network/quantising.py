"""8-bit prediction: fast, coarse, and taken only where the tuned score says that it costs nothing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kaggle_seg.config import NetworkSettings
from kaggle_seg.decisions.bootstrap import Estimate, Units
from kaggle_seg.decisions.candidates import Objective, Truth
from kaggle_seg.decisions.tuning import tune
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.network.engines import import_openvino, to_openvino
from kaggle_seg.network.folding import folded

ALLOWED_LOSS = 0.002  # of the competition score
CALIBRATION_TILES = 128


def quantised(model: keras.Model, settings: NetworkSettings, images: np.ndarray) -> Any:
    """The network with 8-bit weights and activations, as an OpenVINO model.

    The first convolution stays as it is: 8 bits of its own scale would round the image a second time, which is a third of
    all that is lost, and its time is a fifteenth.

    Args:
        model: as it was trained; see `folding.folded`.
        settings: those it was built with.
        images: uint8 (N, H, W, 3), training tiles from which the ranges of the activations are taken.
    """
    import_openvino()
    import nncf
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    network = to_openvino(folded(model, settings, "float32"))
    first = next(part for part in network.get_ordered_ops() if part.get_type_name() == "Convolution")
    size = network.input(0).shape[0]
    images = np.resize(images, (max(size, len(images)), *images.shape[1:]))
    batches = [np.ascontiguousarray(images[start : start + size]) for start in range(0, len(images) - size + 1, size)]
    with contextlib.redirect_stdout(sys.stderr):  # its progress bars
        return nncf.quantize(
            network,
            nncf.Dataset(batches),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(batches),
            fast_bias_correction=False,  # keeps more of the score than the fast one
            ignored_scope=nncf.IgnoredScope(names=[first.get_friendly_name()]),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
            ),
        )


@dataclass(frozen=True)
class Comparison:
    """What int8 earned more on the validation tiles than the exact maps, both tuned and cross-fitted, paired by tiles."""

    by: Estimate

    @property
    def harmless(self) -> bool:
        return self.by.mean >= -ALLOWED_LOSS

    def __str__(self) -> str:
        verdict = "taken" if self.harmless else f"not taken (it may lose {ALLOWED_LOSS})"
        return f"{verdict}: {self.by.mean:+.4f} ({self.by.low:+.4f} to {self.by.high:+.4f}) of the tuned validation score"


def compare(coarse: MapStore, exact: MapStore, truth: Truth, unit_names: Sequence[str], objective: Objective) -> Comparison:
    """Tunes on both and compares what their decisions earned."""
    earned = [tune(maps, truth, unit_names, objective).chosen.values for maps in (coarse, exact)]
    by = Units(unit_names).estimate(earned[0] - earned[1])
    assert by is not None  # every tile counts
    return Comparison(by)
