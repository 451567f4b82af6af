"""Decisions: the rules that make a mask of a probability map.

`Threshold`         a pixel is building from one level upwards;
`CleanedThreshold`  the same, then small holes filled and small regions dropped;
`ExpectedIoUCut`    each tile has a threshold of its own, the one whose mask has the greatest expected IoU; where even that
                    is below the minimum expected IoU, nothing is predicted;
`CutOrEmpty`        the same threshold; nothing is predicted where an empty mask is expected to score more.

Level k stands for the threshold k/256.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from kaggle_seg.errors import BadInput
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
            sums: float32 (N, 256), see `masks.maps`; for thresholds they do not matter.

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


class TileCut:
    """Each tile's own cut, of the greatest expected IoU; the rules that share it differ in what they leave empty."""

    threshold: ClassVar[None] = None  # each tile has its own

    def predicts(self, expected: np.ndarray, highest: np.ndarray) -> np.ndarray:
        """For which tiles something is predicted.

        Args:
            expected: float64 (N,) in [0, 1], the expected IoU of each tile's best cut.
            highest: float64 (N,) in [0, 1], the probability of its most probable pixel.

        Returns:
            bool (N,).
        """
        raise NotImplementedError

    def masks(self, levels: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Masks of probability maps; as `Threshold.masks`, but the sums are needed."""
        cuts, expected = best_cuts(levels, sums)
        cuts = np.where(self.predicts(expected, highest_probabilities(levels, sums)), cuts, LEVELS)
        return levels >= cuts[:, None, None]


@dataclass(frozen=True)
class ExpectedIoUCut(TileCut):
    """Each tile's own cut; nothing where its expected IoU is below the minimum.

    Attributes:
        minimum_expected_iou: the expected IoU in [0, 1] that a tile must reach for anything to be predicted.
    """

    minimum_expected_iou: float
    name: ClassVar[str] = "expected-IoU cut"

    @property
    def label(self) -> str:
        """A few characters for file names."""
        return f"cut{self.minimum_expected_iou:.2f}"

    def __str__(self) -> str:
        minimum = self.minimum_expected_iou
        return f"{self.name}, empty below an expected IoU of {minimum:.3f}" if minimum else self.name

    def predicts(self, expected: np.ndarray, highest: np.ndarray) -> np.ndarray:
        """Where the expected IoU reaches the minimum; as `TileCut.predicts`."""
        return expected >= self.minimum_expected_iou


@dataclass(frozen=True)
class CutOrEmpty(TileCut):
    """Each tile's own cut; nothing where an empty mask, which counts 1 on a tile without buildings, should score more.

    A tile is without buildings with a probability of at most 1 - p, where p is that of its most probable pixel. Here that
    bound stands for the probability, as if either all buildings of a tile were there or none.

    Attributes:
        score: what the empty mask is compared with: the expected IoU or the expected Dice coefficient.
    """

    score: Literal["iou", "dice"]
    name: ClassVar[str] = "expected-IoU cut or empty"

    @property
    def label(self) -> str:
        """A few characters for file names."""
        return "cut-or-empty"

    def __str__(self) -> str:
        return "expected-IoU cut, empty where an empty mask is expected to score more"

    def predicts(self, expected: np.ndarray, highest: np.ndarray) -> np.ndarray:
        """Where the cut is expected to score at least as much as the empty mask; as `TileCut.predicts`."""
        scores = expected if self.score == "iou" else 2 * expected / (1 + expected)
        return scores >= 1 - highest


Rule = Threshold | ExpectedIoUCut | CutOrEmpty
RULES: tuple[type[Rule], ...] = (Threshold, CleanedThreshold, ExpectedIoUCut, CutOrEmpty)
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
    is always such a cut. With J the greatest of these, a pixel belongs to that mask if its probability exceeds J / (1 + J).
    In the same way the expected Dice coefficient is about

        F(k) = 2 S(k) / (C(k) + T) = 2 J(k) / (1 + J(k)),

    which rises with J(k): both scores have the same best cut, and its threshold F / 2 is J / (1 + J).

    Args:
        levels: uint8 (N, H, W).
        sums: float32 (N, 256), see `masks.maps`.

    Returns:
        Cuts, int (N,), 256 (no pixel) where all probabilities are 0; the expected IoUs, float64 (N,) in [0, 1].

    Source: Z. Wang and B. Dai, RankSEG-RMA, arXiv 2510.15362. The threshold J / (1 + J): S. Nowozin, Optimal Decisions from
    Probabilistic Models: the Intersection-over-Union Case, CVPR 2014. F / 2: Z. Lipton, C. Elkan and B. Narayanaswamy,
    Optimal Thresholding of Classifiers to Maximize F1 Measure, ECML 2014.
    """
    counts = np.stack([np.bincount(tile.ravel(), minlength=LEVELS) for tile in levels])
    count = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    met = np.asarray(sums, np.float64)[:, ::-1].cumsum(axis=1)[:, ::-1]
    missed = met[:, :1] - met
    expected = np.divide(met, count + missed, out=np.zeros_like(met), where=count > 0)
    cuts, best = expected.argmax(axis=1), expected.max(axis=1)
    return np.where(best > 0, cuts, LEVELS), best


def highest_probabilities(levels: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """The probability of each tile's most probable pixels, those of its highest level; float64 (N,), else as `best_cuts`."""
    highest = levels.max(axis=(1, 2))
    pixels = np.count_nonzero(levels == highest[:, None, None], axis=(1, 2))
    return np.asarray(sums, np.float64)[np.arange(len(levels)), highest] / pixels


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
    if setting == "score":
        return value in ("iou", "dice")
    kind, low, high = RANGES[setting]
    return type(value) in (int, kind) and low <= value <= high
