"""What a run fixes: the settings of network and training, as frozen dataclasses, to and from TOML."""

from __future__ import annotations

import dataclasses
import math
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_type_hints

from kaggle_seg.errors import BadInput

Loss = Literal["bce", "dice", "focal", "jaccard", "bce+jaccard"]
Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
Engine = Literal["auto", "keras", "openvino", "int8"]
SplitMethod = Literal["auto", "blocks", "scenes", "groups", "random"]


@dataclass(frozen=True)
class NetworkSettings:
    """The U-Net."""

    stem: Literal["half", "full"] = "half"
    """where the first level works: at half the tile's resolution (space-to-depth in, pixel shuffle out) or at full"""
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


@dataclass(frozen=True)
class TrainingSettings:
    """The optimisation."""

    loss: Loss = "bce+jaccard"
    """what is minimised, per tile"""
    epochs: int = 0
    """epochs to train; 0: as many as --minutes allows, and 40 without it"""
    minutes: float = 0.0
    """train about this long: the epochs are fixed from the speed of the first half minute; 0: --epochs counts"""
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
    """use at most this many training tiles, drawn by the seed; 0: all"""
    precision: Precision = "auto"
    """auto: bfloat16 where the processor computes in it, else float32"""
    deterministic: bool = False
    """make TensorFlow's own operations reproducible too, at some cost in speed"""
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
    """leave out of training what is within so many ids of a validation tile; for blocks"""
    folds: int = 5
    """into how many folds the training tiles are dealt; one of them validates"""
    fold: int = 0
    """which of the folds validates, counted from 0"""
    seed: int = 0
    """decides what is left to chance"""

    def problems(self) -> list[str]:
        """One line for each setting that is out of its range, or does not go with another."""
        lines = []
        if self.folds < 2:
            lines.append(f"--folds {self.folds}: wanted 2 or more")
        elif not 0 <= self.fold < self.folds:
            lines.append(f"--fold {self.fold}: wanted 0 to {self.folds - 1}, for there are {self.folds} folds")
        if self.guard < 0:
            lines.append(f"--guard {self.guard}: wanted 0 or more")
        if self.guard > 0 and (self.method not in ("auto", "blocks") or self.groups):
            lines.append(f"--guard {self.guard} counts ids, so it goes with blocks alone; leave it out")
        if self.method == "groups" and self.groups is None:
            lines.append("--method groups: name the groups with --groups CSV, of the columns tile,group")
        if self.groups and self.method not in ("auto", "groups"):
            lines.append(f"--groups does not go with --method {self.method}; leave one of them out")
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
        "epochs": (training.epochs, 0 <= training.epochs <= 9999, "0 to 9999"),
        "minutes": (training.minutes, 0 <= training.minutes < math.inf, "0 or more"),
        "batch-size": (training.batch_size, training.batch_size >= 1, "1 or more"),
        "learning-rate": (training.learning_rate, 0 < training.learning_rate < math.inf, "above 0"),
        "weight-decay": (training.weight_decay, 0 <= training.weight_decay < math.inf, "0 or more"),
        "warmup": (training.warmup, 0 <= training.warmup < 1, "0 up to, but not, 1"),
        "averaging": (training.averaging, 0 <= training.averaging < 1, "0 up to, but not, 1"),
        "statistics-batches": (training.statistics_batches, training.statistics_batches >= 1, "1 or more"),
        "training-tiles": (training.training_tiles, training.training_tiles >= 0, "0 or more"),
        "seed": (training.seed, 0 <= training.seed < 2**32, "0 to 4294967295"),
    }
    lines = [f"--{name} {value}: wanted {range_}" for name, (value, fits, range_) in wanted.items() if not fits]
    if training.epochs and training.minutes:
        lines.append("--epochs and --minutes both given: the one would decide the other; give one of them")
    return lines


def to_tables(settings: Any) -> dict[str, Any]:
    """Nested plain dictionaries of a settings dataclass, as TOML stores them."""
    return dataclasses.asdict(settings)


def from_tables(kind: type, tables: dict[str, Any], source: Path | str) -> Any:
    """Builds a settings dataclass from nested dictionaries.

    Args:
        kind: the dataclass.
        tables: as `to_tables` gives; missing keys take their defaults.
        source: the file, named in errors.

    Raises:
        BadInput: naming each unknown key, or a value of another type.
    """
    fields, unknown, values = get_type_hints(kind), [], {}
    for key, value in tables.items():
        wanted = fields.get(key)
        if wanted is None:
            unknown.append(f"{source}: unknown key {key!r} (known: {', '.join(fields)}); remove or mend it")
        elif dataclasses.is_dataclass(wanted) and isinstance(value, dict):
            values[key] = from_tables(wanted, value, source)  # type: ignore[arg-type]
        else:
            values[key] = value
    if unknown:
        raise BadInput(unknown)
    return kind(**values)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        BadInput: the file is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a TOML file ({error}); restore it or start the run anew") from error


def differences(old: Any, new: Any, prefix: str = "") -> list[str]:
    """One line for each setting that differs between two settings of the same kind: `name: old -> new`."""
    lines = []
    for item in dataclasses.fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if dataclasses.is_dataclass(before):
            lines += differences(before, after, f"{prefix}{item.name}.")
        elif before != after:
            lines.append(f"{prefix}{item.name}: {before} -> {after}")
    return lines


def default_run_name(data: Path, network: NetworkSettings, quick: bool = False) -> str:
    """A run's name from its data folder and network: `satbuild-unet16`, `-quick` behind it for a quick one."""
    folder = re.sub(r"[^A-Za-z0-9._-]+", "-", data.resolve().name).strip("-.") or "tiles"
    return f"{folder}-unet{network.base_filters}" + ("-quick" if quick else "")
