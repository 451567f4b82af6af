"""8-bit prediction: fast and coarse, used only where the tuned score shows that it costs nothing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.bootstrap import BootstrapClusters
from kaggle_seg.decisions.record import Estimate
from kaggle_seg.decisions.search import Truth
from kaggle_seg.decisions.tuning import tune
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.masks.scores import MetricVariant
from kaggle_seg.network.engines import import_openvino, to_openvino
from kaggle_seg.network.folding import folded

ALLOWED_LOSS = 0.002  # of the competition score
CALIBRATION_TILES = 128
CONVOLUTIONS = ("Convolution", "GroupConvolution")  # OpenVINO's names


def quantised(model: keras.Model, images: np.ndarray) -> Any:
    """The network with 8-bit weights and activations, as an OpenVINO model.

    The convolutions that see the image stay as they are: 8 bits of their own scale would round the image a second time. That
    is a third of the whole loss, and a fifteenth of the time.

    Args:
        model: as it was trained; see `folding.folded`.
        images: uint8 (N, H, W, 3), training tiles from which the ranges of the activations are taken.
    """
    import_openvino()
    import nncf
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    network = to_openvino(folded(model, "float32"))
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
            ignored_scope=nncf.IgnoredScope(names=first_convolutions(network)),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
            ),
        )


def first_convolutions(network: Any) -> list[str]:
    """The names of the convolutions of an OpenVINO model that see its inputs with no other convolution between."""
    names: list[str] = []
    waiting, seen = [source.node for source in network.inputs], set()
    while waiting:
        targets = [target.get_node() for output in waiting.pop().outputs() for target in output.get_target_inputs()]
        for node in targets:
            name, kind = node.get_friendly_name(), node.get_type_name()
            if name in seen or kind == "ShapeOf":  # sees the size of the image, not its pixels
                continue
            seen.add(name)
            if kind in CONVOLUTIONS:
                names.append(name)
            else:
                waiting.append(node)
    return names


@dataclass(frozen=True)
class Comparison:
    """What int8 adds to the tuned, cross-fitted score of the exact maps, on the validation tiles, paired by tiles."""

    gain: Estimate

    @property
    def harmless(self) -> bool:
        return self.gain.mean >= -ALLOWED_LOSS

    def __str__(self) -> str:
        verdict = "taken" if self.harmless else f"not taken (a loss of {ALLOWED_LOSS} is allowed)"
        return f"{verdict}: int8 changes the tuned validation score by {self.gain:+.4f}"


def compare(
    coarse: MapStore,
    exact: MapStore,
    truth: Truth,
    clusters: Sequence[str],
    variant: MetricVariant,
    competition: Competition,
) -> Comparison:
    """Decides on both kinds of maps, each for itself, and compares the scores of the decisions; arguments as of `tune`.

    The principled rule stands for both unless a tuned one beats it, so that noise seldom gives them different rules.
    """
    values = [tune(maps, truth, clusters, variant, competition).chosen_values for maps in (coarse, exact)]
    gain = BootstrapClusters(clusters).estimate(values[0] - values[1])
    assert gain is not None  # every tile counts
    return Comparison(gain)
