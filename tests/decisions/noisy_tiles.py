"""Draws masks, and maps that are right for most pixels, for the tests of search and tuning; and tunes on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.decisions.record import Estimate
from kaggle_seg.decisions.rules import Rule, Threshold
from kaggle_seg.decisions.tuning import Tuned, tune
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.masks.scores import MetricVariant

SIZE = 32
FIRST = find_competition()
OWN, EMPTY_ZERO = MetricVariant("competition", "one"), MetricVariant("competition", "zero")


def stored(folder: Path, probabilities: np.ndarray) -> MapStore:
    ids = [str(number) for number in range(len(probabilities))]
    store = MapStore.create(folder, ids, ids, SIZE, SIZE, shard=16)
    for rows in store.missing_shards():
        store.write_shard(rows.start // 16, *quantise(probabilities[rows]))
    return store


def noisy_tiles(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Masks of one rectangle each, every fifth empty, and probabilities that are right for most pixels."""
    random = np.random.default_rng(seed)
    truth = np.zeros((count, SIZE, SIZE), bool)
    for tile in range(count):
        top, left = random.integers(2, SIZE // 2, 2)
        truth[tile, top : top + random.integers(6, 16), left : left + random.integers(6, 16)] = tile % 5 > 0
    noise = random.normal(0, 0.22, truth.shape)
    return np.clip(np.where(truth, 0.7, 0.2) + noise, 0, 1).astype(np.float32), truth


def treacherous_tiles(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Every other tile has a building at 0.65; the rest have none, but as large a patch at 0.7 in a doubtful surround."""
    probabilities, truth = np.zeros((2, count, SIZE, SIZE), np.float32)
    probabilities[::2, 4:20, 4:20], truth[::2, 4:20, 4:20] = 0.65, 1
    probabilities[1::2] = 0.3
    probabilities[1::2, 4:20, 4:20] = 0.7
    jitter = np.random.default_rng(4).uniform(-0.02, 0.02, probabilities.shape)
    return np.clip(probabilities + jitter, 0, 1).astype(np.float32), truth > 0


def tuned(
    folder: Path,
    probabilities: np.ndarray,
    truth: np.ndarray,
    per_cluster: int = 2,
    variant: MetricVariant = OWN,
    fixed: Threshold | None = None,
    competition: Competition = FIRST,
) -> Tuned:
    clusters = [f"piece {tile // per_cluster}" for tile in range(len(truth))]
    return tune(stored(folder, probabilities), lambda tiles: truth[tiles], clusters, variant, competition, fixed)


def rules_of(result: Tuned) -> list[Rule]:
    return [candidate.rule for candidate in result.decision.candidates]


def score_of(result: Tuned, place: int, variant: MetricVariant) -> Estimate:
    """The score of a candidate."""
    score = result.decision.candidates[place].by_variant[variant]
    assert score is not None
    return score
