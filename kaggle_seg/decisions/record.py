"""What the records say: `decision.json` of a run, and the JSON beside a CSV, as typed objects.

Both keep a rule and its validation scores by metric variant, of which one was maximised; a decision also keeps the other
candidates. `record_files` reads and writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kaggle_seg.competition import FIRST
from kaggle_seg.decisions.rules import Rule
from kaggle_seg.masks.scores import MetricVariant


@dataclass(frozen=True)
class Estimate:
    """A mean over tiles and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __format__(self, digits: str) -> str:
        """The mean and, in brackets, the interval; with three decimals, unless a format such as "+.4f" says otherwise.

        >>> f"{Estimate(0.5, 0.4, 0.6)} and {Estimate(0.5, 0.4, 0.6):.1f}"
        '0.500 (0.400 to 0.600) and 0.5 (0.4 to 0.6)'
        """
        return f"{self.mean:{digits or '.3f'}} ({self.interval(digits)})"

    def interval(self, digits: str = "") -> str:
        """The interval alone.

        >>> Estimate(0.5, 0.4, 0.6).interval("+.2f")
        '+0.40 to +0.60'
        """
        return " to ".join(format(number, digits or ".3f") for number in (self.low, self.high))

    def __str__(self) -> str:
        return format(self)


Estimates = Mapping[MetricVariant, Estimate | None]
"""Scores by metric variant; None where no tile counts."""


@dataclass(frozen=True)
class Candidate:
    """A rule in the setting that all tiles chose.

    Attributes:
        rule: the rule.
        by_variant: its cross-fitted scores.
        empty_share: share of the validation tiles for which nothing is predicted, 0 to 1.
        gain: over threshold 0.5, in the variant that was maximised, paired by tiles; None in an old record.
    """

    rule: Rule
    by_variant: Estimates
    empty_share: float
    gain: Estimate | None = None


@dataclass(frozen=True)
class Difference:
    """How much higher the rule of the name `rule` scores than that of the name `than`, paired by tiles.

    Since there is a principled rule, `than` is "principled rule"; older records have each pair of rules.
    """

    rule: str
    than: str
    by: Estimate


@dataclass(frozen=True)
class Scores:
    """The cross-fitted validation scores of a rule, and the tiles they are of; None is for what an old record lacks.

    Attributes:
        variant: the metric variant that was maximised.
        score: the score in that variant.
        by_variant: the scores in all variants.
        reliable: whether there are enough clusters for the intervals to be relied on.
        clusters: how many bootstrap clusters the tiles are of.
        effective_clusters: as how many clusters of equal size these count.
        empty_share: share of the tiles for which nothing is predicted, 0 to 1.
        tiles, tiles_with_buildings: how many there are.
        parts: into how many parts the clusters were dealt; with one, nothing could be left out.
    """

    variant: MetricVariant
    score: Estimate
    by_variant: Estimates
    reliable: bool = True
    clusters: int | None = None
    empty_share: float | None = None
    tiles: int | None = None
    tiles_with_buildings: int | None = None
    parts: int | None = None
    effective_clusters: float | None = None


@dataclass(frozen=True)
class Decision:
    """What `decision.json` says.

    Attributes:
        rule: the one that was chosen.
        scores: its validation scores.
        candidates: the principled rule, then the tuned ones, simplest first; in an old record only those.
        differences: what each tuned rule scores more than the principled one.
        runs: the names of the runs it was tuned for; several are averaged.
        maps: what tells their validation maps from others.
        seconds: how long tuning took.
        reason: why the rule was chosen, a key of `describing.REASONS`; empty in an old record and for a given threshold.
    """

    rule: Rule
    scores: Scores
    candidates: tuple[Candidate, ...]
    differences: tuple[Difference, ...]
    runs: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    seconds: float = 0.0
    reason: str = ""

    @property
    def place(self) -> int | None:
        """The place of the chosen one among the candidates, of equal ones the first; None where it is not among them."""
        return next((place for place, one in enumerate(self.candidates) if one.rule == self.rule), None)


@dataclass(frozen=True)
class Provenance:
    """How a CSV was made, as the JSON beside it says; what that does not say is empty.

    Attributes:
        file: the CSV.
        sha256: of its bytes.
        competition: the slug.
        runs: the names of the runs that were averaged.
        rule: made its masks.
        description: the rule, as people read it.
        scores: the rule's validation scores.
        overrides: the tuned rule, for people, where a threshold was given in its place.
        stems: of its tiles' files; the CSV's image ids but for a suffix.
        shape: height and width of its masks.
        data, fingerprint: the folder of its tiles, and what tells them from others.
        quick, demo: whether it was made by --quick, of demo tiles.
    """

    file: Path
    sha256: str = ""
    competition: str = FIRST
    runs: tuple[str, ...] = ()
    rule: Rule | None = None
    description: str = ""
    scores: Scores | None = None
    overrides: str = ""
    stems: tuple[str, ...] | None = None
    shape: tuple[int, int] | None = None
    data: str = ""
    fingerprint: str = ""
    quick: bool = False
    demo: bool = False

    @property
    def threshold(self) -> float | None:
        """The effective threshold; None where each tile has its own, or nothing is known."""
        return self.rule.threshold if self.rule else None

    @property
    def score(self) -> Estimate | None:
        """The validation score that was maximised."""
        return self.scores.score if self.scores else None

    @property
    def variant(self) -> MetricVariant | None:
        """What that score counts."""
        return self.scores.variant if self.scores else None
