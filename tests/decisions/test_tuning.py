"""Three rules compete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaggle_seg.decisions import candidates
from kaggle_seg.decisions.candidates import Objective, cleaned_thresholds, levels_around, measure
from kaggle_seg.decisions.rules import CleanedThreshold, ExpectedIoUCut, Threshold, best_cuts
from kaggle_seg.decisions.tuning import Tuned, tune
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.masks.scores import competition_scores, ious, overlaps

SIZE = 32


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


def tuned(folder: Path, probabilities: np.ndarray, truth: np.ndarray, per_unit: int = 2, **options: Any) -> Tuned:
    units = [f"piece {tile // per_unit}" for tile in range(len(truth))]
    return tune(stored(folder, probabilities), lambda tiles: truth[tiles], units, **options)


def test_silence_wins_where_it_pays(tmp_path: Path) -> None:
    result = tuned(tmp_path, *treacherous_tiles(60))
    assert isinstance(result.chosen.rule, ExpectedIoUCut)
    assert 0.4 < result.chosen.rule.silence < 0.65
    reading = result.chosen.scores["competition_one"]
    assert reading is not None and reading.mean == 1
    simple = result.contenders[0].scores["competition_one"]
    assert simple is not None and simple.mean <= 0.5
    assert result.chosen.empty_share == 0.5


def test_silence_does_not_pay_where_nothing_is_worth_nothing(tmp_path: Path) -> None:
    result = tuned(tmp_path, *treacherous_tiles(60), objective=Objective("competition", "zero"))
    assert type(result.chosen.rule) is Threshold
    assert result.chosen.scores["competition_zero"] == result.contenders[2].scores["competition_zero"]


def test_the_simplest_rule_stands_where_none_beats_it(tmp_path: Path) -> None:
    _, truth = noisy_tiles(60)
    clear = np.where(truth, 0.9, 0.1).astype(np.float32)
    result = tuned(tmp_path, clear, truth)
    assert type(result.chosen.rule) is Threshold
    assert 90 < result.chosen.rule.level < 166  # the middle of all that do
    assert [contender.values.mean() for contender in result.contenders] == [1, 1, 1]


def test_cleaning_wins_over_speckles(tmp_path: Path) -> None:
    _, truth = noisy_tiles(80)
    clear = np.where(truth, 0.9, 0.1)
    random = np.random.default_rng(1)
    clear[random.random(truth.shape) < 0.01] = 0.9
    result = tuned(tmp_path, clear.astype(np.float32), truth)
    assert type(result.chosen.rule) is CleanedThreshold
    assert result.chosen.rule.minimum_area > 0


def test_scores_are_those_of_the_masks(tmp_path: Path) -> None:
    """A fixed threshold's scores, by way of masks and plain sums."""
    probabilities, truth = noisy_tiles(45)
    result = tuned(tmp_path, probabilities, truth, fixed=Threshold(140))
    intersection, union = overlaps(probabilities >= 140 / 256, truth)
    has_buildings = truth.any(axis=(1, 2))
    expected = {
        "competition_one": competition_scores(intersection, union).mean(),
        "competition_zero": competition_scores(intersection, union, "zero").mean(),
        "competition_buildings": competition_scores(intersection, union)[has_buildings].mean(),
        "iou_one": ious(intersection, union).mean(),
        "iou_zero": ious(intersection, union, "zero").mean(),
        "iou_buildings": ious(intersection, union)[has_buildings].mean(),
    }
    assert {name: estimate and estimate.mean for name, estimate in result.chosen.scores.items()} == pytest.approx(expected)
    assert result.curves["competition_one"][139] == pytest.approx(expected["competition_one"])
    assert len(result.contenders) == 1 and result.chosen.rule == Threshold(140)


def test_candidates_do_what_their_rules_do(tmp_path: Path) -> None:
    probabilities, truth = noisy_tiles(12)
    probabilities[3] = 0
    store = stored(tmp_path, probabilities)
    levels, sums = quantise(probabilities)
    measured = measure(store, lambda tiles: truth[tiles])
    assert np.array_equal(measured.cuts, best_cuts(levels, sums)[0])
    cleaned = cleaned_thresholds(store, lambda tiles: truth[tiles], [100, 150])
    assert len(cleaned.rules) == 30
    for settings in (measured.thresholds(), measured.cuts_and_silence(), cleaned):
        met, joined = settings.overlaps(slice(None))
        for column in range(0, len(settings.rules), 7):
            intersection, union = overlaps(settings.rules[column].masks(levels, sums), truth)
            assert np.array_equal(met[:, column], intersection)
            assert np.array_equal(joined[:, column], union)


def test_blocks_of_tiles_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probabilities = np.random.default_rng(3).random((23, SIZE, SIZE), np.float32)
    truth = probabilities + np.random.default_rng(4).random((23, SIZE, SIZE)) > 1.2
    whole = tuned(tmp_path, probabilities, truth)
    monkeypatch.setattr(candidates, "AT_ONCE", 5)
    blockwise = tuned(tmp_path, probabilities, truth)
    assert whole.plain() == blockwise.plain()
    for reading, curve in whole.curves.items():
        assert blockwise.curves[reading] == pytest.approx(curve, abs=1e-12)


def test_scores_are_cross_fitted(tmp_path: Path) -> None:
    """One unit is unlike the others: with it left out, the others choose a threshold that fails on it."""
    truth = np.zeros((20, SIZE, SIZE), bool)
    truth[:, 8:24, 8:24] = True
    probabilities = np.where(truth, 0.9, 0.7).astype(np.float32)  # 0.8 is right
    probabilities[:2] = np.where(truth[:2], 0.5, 0.1)  # 0.3 is right
    result = tuned(tmp_path, probabilities, truth)
    assert result.contenders[0].values.tolist() == [0.0] * 2 + [1.0] * 18
    assert result.parts == 10


def test_too_few_units_say_so(tmp_path: Path) -> None:
    probabilities, truth = noisy_tiles(16)
    few = tuned(tmp_path / "few", probabilities, truth, per_unit=4)
    assert (few.units, few.parts, few.reliable) == (4, 4, False)
    alone = tuned(tmp_path / "alone", probabilities, truth, per_unit=16)
    assert (alone.units, alone.parts, alone.reliable) == (1, 1, False)


def test_without_any_building(tmp_path: Path) -> None:
    result = tuned(tmp_path, np.full((4, SIZE, SIZE), 0.1, np.float32), np.zeros((4, SIZE, SIZE), bool))
    assert result.chosen.scores["competition_buildings"] is None
    assert result.chosen.empty_share == 1 and result.tiles_with_buildings == 0
    json.dumps(result.plain(), allow_nan=False)


def test_the_same_maps_give_the_same_decision(tmp_path: Path) -> None:
    probabilities, truth = noisy_tiles(30)
    first, second = (tuned(tmp_path / name, probabilities, truth).plain() for name in "ab")
    assert json.dumps(first) == json.dumps(second)
    assert {"decision", "threshold", "score", "scores", "contenders", "differences"} <= set(first)
    assert len(first["contenders"]) == len(first["differences"]) == 3


def test_levels_around_share_a_lattice() -> None:
    assert levels_around(90) == levels_around(100) == [64, 80, 96, 112, 128]
    for level in range(1, 256):
        assert all(1 <= near <= 255 for near in levels_around(level))
        assert min(abs(near - level) for near in levels_around(level)) <= 8
