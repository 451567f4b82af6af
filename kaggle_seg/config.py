"""What a run fixes: the settings of network and training, as frozen dataclasses."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kaggle_seg.tables import from_tables, read_toml

Loss = Literal["bce", "dice", "focal", "jaccard", "bce+jaccard"]
Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Engine = Literal["auto", "keras", "openvino", "int8"]
Augmentation = Literal["none", "flips", "d4"]
SplitMethod = Literal["auto", "blocks", "scenes", "groups", "random"]
Encoder = Literal[
    "none",
    "efficientnet-lite0",
    "efficientnet-lite1",
    "efficientnet-lite2",
    "EfficientNetV2B0",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "ResNet50V2",
    "ConvNeXtTiny",
]
DEFAULT_EPOCHS = 40  # where neither epochs nor minutes are given


ENCODER_SETTINGS = ("encoder_weights", "encoder_training", "decoder_filters")


@dataclass(frozen=True)
class NetworkSettings:
    """The U-Net."""

    stem: Literal["half", "full"] = "half"
    """the resolution of the first level: half the tile's (space-to-depth in, pixel shuffle out), or full"""
    base_filters: int = 16
    """filters of the first level; each level below has twice as many"""
    depth: int = 3
    """how many times the resolution is halved between the first level and the bottleneck"""
    convs_per_level: int = 2
    """3×3 convolutions at each level, on the way down and on the way up"""
    normalisation: Literal["batch", "group", "none"] = "batch"
    """normalisation after each convolution"""
    dropout: float = 0.0
    """share of bottleneck features dropped in training"""
    residual: bool = False
    """add each level's input to its output (residual blocks)"""
    upsampling: Literal["transposed", "bilinear"] = "transposed"
    """how the decoder doubles the resolution"""
    encoder: Encoder = "none"
    """the contracting path: a network trained on ImageNet, or none: the U-Net's own, trained from scratch"""
    encoder_weights: str = "imagenet"
    """the encoder's first weights: imagenet, a file of Keras (.weights.h5 or .h5), or none: random ones"""
    encoder_training: Literal["auto", "frozen", "released"] = "auto"
    """whether the encoder's weights are trained, too; auto: frozen on a CPU, released on a GPU or if they are random"""
    decoder_filters: int = 64
    """filters of the decoder's lowest level above an encoder; each level above that has evenly fewer (64, 48, 32, 16)"""


@dataclass(frozen=True)
class TrainingSettings:
    """The optimisation."""

    loss: Loss = "bce+jaccard"
    """the loss of a tile"""
    epochs: int = 0
    """epochs to train; 0 means as many as fit into --minutes, or 40 without --minutes"""
    minutes: float = 0.0
    """train for about this long: the speed of the first half minute decides how many epochs; 0 means no limit of time"""
    batch_size: int = 8
    """tiles in a step"""
    learning_rate: float = 2e-3
    """the peak of AdamW's learning rate, after the warm-up and before the cosine decay"""
    weight_decay: float = 1e-4
    """AdamW's decoupled weight decay"""
    warmup: float = 0.05
    """share of all steps in which the learning rate rises from 0"""
    averaging: float = 0.998
    """momentum of the averaged weights (EMA), per step"""
    statistics_batches: int = 16
    """training batches from which batch normalisation is measured anew for the averaged weights"""
    training_tiles: int = 0
    """train on at most this many tiles, drawn by the seed; 0 means all"""
    precision: Precision = "auto"
    """auto is bfloat16 where the processor computes in it, else float32"""
    deterministic: bool = False
    """make TensorFlow's own operations reproducible too; this costs some speed"""
    encoder_rate: float = 0.1
    """share of the learning rate at which a released encoder with given weights is trained"""
    seed: int = 0
    """seed of the initial weights, the order of the tiles and the flips"""


@dataclass(frozen=True)
class SplitSettings:
    """Which tiles validate."""

    method: SplitMethod = "auto"
    """what stays together: blocks of consecutive ids, scenes (neighbours and copies), groups, or nothing (random)"""
    groups: Path | None = None
    """a CSV of the columns tile,group; tiles of one group stay together"""
    guard: int = 0
    """leave out of training all tiles within this many ids of a validation tile; for blocks alone"""
    folds: int = 5
    """the number of folds that the training tiles are dealt into; one of them validates"""
    fold: int = 0
    """the fold that validates, counted from 0"""
    seed: int = 0
    """seed of everything that is left to chance"""

    def problems(self) -> list[str]:
        """One line for each setting that is out of its range, or does not go with another."""
        lines = []
        if self.folds < 2:
            lines.append(f"--folds {self.folds}: wanted 2 or more")
        elif not 0 <= self.fold < self.folds:
            lines.append(f"--fold {self.fold}: wanted 0 to {self.folds - 1}, because there are {self.folds} folds")
        if self.guard < 0:
            lines.append(f"--guard {self.guard}: wanted 0 or more")
        if self.guard > 0 and (self.method not in ("auto", "blocks") or self.groups):
            lines.append(f"--guard {self.guard}: a guard counts ids, so it works with --method blocks alone; leave it out")
        if self.method == "groups" and self.groups is None:
            lines.append("--method groups: no groups named; name them with --groups CSV, a file of the columns tile,group")
        if self.groups and self.method not in ("auto", "groups"):
            lines.append(f"--groups and --method {self.method} contradict each other; leave one of them out")
        return lines


@dataclass(frozen=True)
class RunSettings:
    """Everything a run fixes besides its split."""

    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)


QUICK = RunSettings(
    NetworkSettings(convs_per_level=1), TrainingSettings(epochs=8, training_tiles=1500, statistics_batches=8)
)
"""`--quick`: a look at the whole pipeline within minutes, not a score to upload.

Half the convolutions, not half the filters: with 8 filters a step in bfloat16 takes longer than with 16.
"""


def problems(settings: RunSettings) -> list[str]:
    """One line for each setting that is out of its range: what was found, what is wanted."""
    network, training = settings.network, settings.training
    wanted = {
        "base-filters": (network.base_filters, 1 <= network.base_filters <= 1024, "1 to 1024"),
        "depth": (network.depth, 1 <= network.depth <= 6, "1 to 6"),
        "convs-per-level": (network.convs_per_level, 1 <= network.convs_per_level <= 8, "1 to 8"),
        "dropout": (network.dropout, 0 <= network.dropout < 1, "0 up to, but not, 1"),
        "decoder-filters": (network.decoder_filters, 1 <= network.decoder_filters <= 1024, "1 to 1024"),
        "epochs": (training.epochs, 0 <= training.epochs <= 9999, "0 to 9999"),
        "minutes": (training.minutes, 0 <= training.minutes < math.inf, "0 or more"),
        "batch-size": (training.batch_size, training.batch_size >= 1, "1 or more"),
        "learning-rate": (training.learning_rate, 0 < training.learning_rate < math.inf, "above 0"),
        "weight-decay": (training.weight_decay, 0 <= training.weight_decay < math.inf, "0 or more"),
        "warmup": (training.warmup, 0 <= training.warmup < 1, "0 up to, but not, 1"),
        "averaging": (training.averaging, 0 <= training.averaging < 1, "0 up to, but not, 1"),
        "statistics-batches": (training.statistics_batches, training.statistics_batches >= 1, "1 or more"),
        "training-tiles": (training.training_tiles, training.training_tiles >= 0, "0 or more"),
        "encoder-rate": (training.encoder_rate, 0 < training.encoder_rate <= 1, "above 0, up to 1"),
        "seed": (training.seed, 0 <= training.seed < 2**32, "0 to 4294967295"),
    }
    lines = [f"--{name} {value}: wanted {range_}" for name, (value, fits, range_) in wanted.items() if not fits]
    if training.epochs and training.minutes:
        lines.append("--epochs and --minutes both given: each decides how long to train; give one of them")
    return lines + _problems_of_encoder(network)


def _problems_of_encoder(network: NetworkSettings) -> list[str]:
    """One line for each setting that does not go with the encoder."""
    plain, lines = NetworkSettings(), []
    if network.encoder != "none":
        others = [name for name in ("stem", "base_filters", "depth") if getattr(network, name) != getattr(plain, name)]
        lines += [
            f"--{name.replace('_', '-')} {getattr(network, name)} and --encoder {network.encoder}: an encoder has levels of "
            "its own; leave one of the two out"
            for name in others
        ]
        if network.encoder_weights == "none" and network.encoder_training == "frozen":
            lines.append("--encoder-weights none and --encoder-training frozen: random weights have to be trained; mend one")
    elif others := [name for name in ENCODER_SETTINGS if getattr(network, name) != getattr(plain, name)]:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in others)
        lines.append(f"{options}: of no use without an encoder; name one with --encoder, or leave it out")
    return lines


OLD_VALUES: dict[str, dict[str, Any]] = {
    "network": {"encoder": "none", "encoder_weights": "imagenet", "encoder_training": "auto", "decoder_filters": 64},
    "training": {"encoder_rate": 0.1},
}
"""The behaviour of versions that did not have a key yet: by table (`network`) or stage (`predict`), then by key.

Whoever adds a setting writes down here what was done before, unless today's default does the same.
"""


def with_old_values(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """A record (run.toml, or a stage's inputs) and the keys that it lacks because they are younger; see `OLD_VALUES`."""
    tables = {key: with_old_values(key, value) if isinstance(value, dict) else value for key, value in record.items()}
    return OLD_VALUES.get(name, {}) | tables


def read_settings(path: Path) -> RunSettings:
    """The settings in a run.toml.

    Raises:
        BadInput: the file is no TOML; or everything that is wrong with its settings.
    """
    tables = with_old_values("run", {"network": {}, "training": {}} | read_toml(path))
    return from_tables(RunSettings, {key: tables[key] for key in ("network", "training")}, path)


def default_run_name(data: Path, network: NetworkSettings, quick: bool = False) -> str:
    """A run's name from its data folder and network: `satbuild-unet16`, `-quick` behind it for a quick one."""
    folder = re.sub(r"[^A-Za-z0-9._-]+", "-", data.resolve().name).strip("-.") or "tiles"
    name = f"unet{network.base_filters}" if network.encoder == "none" else network.encoder.lower()
    return f"{folder}-{name}" + ("-quick" if quick else "")
