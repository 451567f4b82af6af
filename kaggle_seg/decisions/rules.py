"""Decisions: the rules that make a mask of a probability map.

`Threshold`         a pixel is building from one level upwards;
`CleanedThreshold`  the same, then small holes filled and small regions dropped;
`ExpectedIoUCut`    each tile has a threshold of its own, the one whose mask has the greatest expected IoU; where even that
                    is below the minimum expected IoU, nothing is predicted.

Level k stands for the threshold k/256.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.masks.cleaning import clean
from kaggle_seg.masks.maps import LEVELS


@dataclass(frozen=True)
class Threshold:
    """`mask = level >= k`, alike for all tiles.

    Attributes:
        level: k, 1 to 255.
    """

    level: int
    name: ClassVar[str] = "threshold"

    @property
    def threshold(self) -> float | None:
        """The effective threshold on probabilities."""
        return self.level / LEVELS

    @property
    def label(self) -> str:
        """A few characters for file names."""
        return f"t{self.threshold:.3f}"

    def __str__(self) -> str:
        return f"threshold {self.threshold:.3f}"

    def masks(self, levels: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Masks of probability maps.

        Args:
            levels: uint8 (N, H, W).
            sums: float32 (N, 256), see `masks.maps`; not needed here.

        Returns:
            bool (N, H, W).
        """
        return levels >= self.level


@dataclass(frozen=True)
class CleanedThreshold(Threshold):
    """A threshold, then `cleaning.clean`.

    Attributes:
        minimum_area: regions of fewer pixels are dropped.
        maximum_hole: holes of at most so many pixels are filled.
    """

    minimum_area: int
    maximum_hole: int
    name: ClassVar[str] = "cleaned threshold"

    def __str__(self) -> str:
        return f"{super().__str__()}, regions from {self.minimum_area} px, holes filled up to {self.maximum_hole} px"

    def masks(self, levels: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Masks of probability maps; as `Threshold.masks`."""
        return clean(levels >= self.level, self.minimum_area, self.maximum_hole)


@dataclass(frozen=True)
class ExpectedIoUCut:
    """Each tile's own cut, where the expected IoU is greatest; nothing where that is below the minimum.

    Attributes:
        minimum_expected_iou: the expected IoU in [0, 1] that a tile must reach for anything to be predicted.
    """

    minimum_expected_iou: float
    name: ClassVar[str] = "expected-IoU cut"

    @property
    def threshold(self) -> float | None:
        """None: each tile has its own."""
        return None

    @property
    def label(self) -> str:
        """A few characters for file names."""
        return f"cut{self.minimum_expected_iou:.2f}"

    def __str__(self) -> str:
        return f"{self.name}, empty below an expected IoU of {self.minimum_expected_iou:.3f}"

    def masks(self, levels: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Masks of probability maps.

        Args:
            levels: uint8 (N, H, W).
            sums: float32 (N, 256), see `masks.maps`.

        Returns:
            bool (N, H, W).
        """
        cuts, expected = best_cuts(levels, sums)
        cuts = np.where(expected >= self.minimum_expected_iou, cuts, LEVELS)
        return levels >= cuts[:, None, None]


Rule = Threshold | ExpectedIoUCut
RULES: tuple[type[Rule], ...] = (Threshold, CleanedThreshold, ExpectedIoUCut)
FORMER_NAMES: dict[str, str] = {"silence": "minimum_expected_iou"}
RANGES: dict[str, tuple[type, float, float]] = {
    "level": (int, 1, LEVELS - 1),
    "minimum_area": (int, 0, math.inf),
    "maximum_hole": (int, 0, math.inf),
    "minimum_expected_iou": (float, 0, 1),
}


def best_cuts(levels: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cut of each tile whose mask has the greatest expected IoU, to first order, and that IoU.

    With S(k) the sum of the probabilities at level k and above, C(k) the number of those pixels, and T the sum of all
    probabilities, the mask `level >= k` is expected to meet S(k) building pixels and to miss T - S(k), so its IoU is about

        S(k) / (C(k) + T - S(k)),

    the ratio of the expectations in place of the expectation of the ratio. For pixels sorted by probability the best mask
    is always such a cut.

    Args:
        levels: uint8 (N, H, W).
        sums: float32 (N, 256), see `masks.maps`.

    Returns:
        Cuts, int (N,), 256 (no pixel) where all probabilities are 0; the expected IoUs, float64 (N,) in [0, 1].

    Source: Z. Wang and B. Dai, RankSEG-RMA, arXiv 2510.15362.
    """
    counts = np.stack([np.bincount(tile.ravel(), minlength=LEVELS) for tile in levels])
    count = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    met = np.asarray(sums, np.float64)[:, ::-1].cumsum(axis=1)[:, ::-1]
    missed = met[:, :1] - met
    expected = np.divide(met, count + missed, out=np.zeros_like(met), where=count > 0)
    cuts, best = expected.argmax(axis=1), expected.max(axis=1)
    return np.where(best > 0, cuts, LEVELS), best


def run_lengths_of(maps: Maps, rule: Rule, competition: Competition) -> list[str]:
    """The run lengths of all tiles under a rule, shard by shard; memory grows by the texts alone."""
    from tqdm import tqdm

    texts: list[str] = []
    with tqdm(total=len(maps.ids), desc="deciding", unit="tile", delay=2, disable=None) as bar:
        for tiles, levels, sums in maps.shards():
            texts += rle.encode(np.asarray(rule.masks(levels, sums)), competition.pixel_order)
            bar.update(tiles.stop - tiles.start)
    return texts


def read_threshold(text: str) -> Threshold | None:
    """The threshold that a person asked for, at the nearest level; None for "auto".

    Raises:
        BadInput: it is neither "auto" nor a number between 0 and 1.

    >>> read_threshold("0.42"), read_threshold("0.0001"), read_threshold("auto")
    (Threshold(level=108), Threshold(level=1), None)
    """
    if text == "auto":
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number < 1:
        raise BadInput(f"--threshold {text}: wanted 'auto' or a number between 0 and 1, such as 0.42")
    return Threshold(min(max(round(number * LEVELS), 1), LEVELS - 1))


def to_plain(rule: Rule) -> dict[str, Any]:
    """A rule as JSON keeps it.

    >>> to_plain(Threshold(108))
    {'rule': 'threshold', 'level': 108}
    """
    return {"rule": rule.name, **dataclasses.asdict(rule)}


def from_plain(plain: Any) -> Rule:
    """The rule that `to_plain` wrote, in this version or an older one.

    Raises:
        BadInput: it is none of the rules, or a setting is out of its range.
    """
    settings: dict[str, Any] = dict(plain) if isinstance(plain, dict) else {}
    parameters = {FORMER_NAMES.get(key, key): value for key, value in settings.items() if key != "rule"}
    for kind in RULES:
        fields = {field.name for field in dataclasses.fields(kind)}
        if (
            kind.name == settings.get("rule")
            and parameters.keys() == fields
            and all(map(in_range, fields, map(parameters.get, fields)))
        ):
            return kind(**parameters)
    raise BadInput(f"not a decision of this program: {plain!r:.120}")


def in_range(setting: str, value: Any) -> bool:
    """Whether a setting of a rule has a value that it can have."""
    kind, low, high = RANGES[setting]
    return type(value) in (int, kind) and low <= value <= high
