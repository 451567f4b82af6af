"""Training: it learns, and a stopped one goes on as if it had never stopped."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.masks import scores
from kaggle_seg.network import backup, fold, machine
from kaggle_seg.network.averages import Statistics, copy_averages
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.fold import TrainingTiles
from kaggle_seg.network.training import train_fold
from kaggle_seg.run_directory import Run

EPOCHS = 3
SETTINGS = RunSettings(
    NetworkSettings(base_filters=4, depth=1, convs_per_level=1, dropout=0.2),
    TrainingSettings(epochs=EPOCHS, batch_size=1, learning_rate=3e-2, statistics_batches=8, precision="float32"),
)


class Killed(BaseException):
    """Stands for a kill: nothing in the code under test catches it."""


@pytest.fixture(scope="module")
def tiles() -> TrainingTiles:
    """Bright rectangles on dark noise."""
    random = np.random.default_rng(0)
    masks = np.zeros((20, 24, 24), np.uint8)
    for mask in masks[2:]:
        top, left = random.integers(2, 12, 2)
        mask[top : top + 9, left : left + 9] = 1
    images = random.integers(0, 90, (20, 24, 24, 3)) + 120 * masks[..., None]
    return TrainingTiles(images.astype(np.uint8), masks, [str(n) for n in range(20)], np.arange(14), np.arange(14, 20))


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[[str], Run]:
    def make(name: str) -> Run:
        (tmp_path / name).mkdir()
        return Run(tmp_path / name)

    return make


def weights(run: Run) -> list[np.ndarray]:
    return keras.models.load_model(run.model_file, safe_mode=True).get_weights()


def history(run: Run) -> list[dict[str, str]]:
    with open(run.folder / "history.csv", encoding="utf-8") as stream:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def uninterrupted(tiles: TrainingTiles, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(tmp_path_factory.mktemp("uninterrupted"))
    train_fold(run, SETTINGS, tiles)
    return run


def assert_same(run: Run, other: Run) -> None:
    assert history(run) == history(other)
    for found, wanted in zip(weights(run), weights(other), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_it_learns(uninterrupted: Run) -> None:
    rows = history(uninterrupted)
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert float(rows[-1]["loss"]) < 0.75 * float(rows[0]["loss"])
    assert float(rows[-1]["learning_rate"]) < 3e-3


def test_the_reported_score_is_that_of_the_kept_model(uninterrupted: Run, tiles: TrainingTiles) -> None:
    progress, _, _ = backup.load(backup.latest(uninterrupted.folder / "backup"))  # type: ignore[arg-type]
    model = keras.models.load_model(uninterrupted.model_file)
    predicted = model.predict_on_batch(tiles.images[tiles.validation])[..., 0] >= 0
    intersection, union = scores.overlaps(predicted, tiles.masks[tiles.validation])
    best = progress.history[progress.best_epoch - 1]
    score = scores.competition_scores(intersection, union, "one", range(10, 20)).mean()
    assert best["validation_score"] == pytest.approx(score, abs=1e-9)
    assert best["validation_iou"] == pytest.approx(scores.ious(intersection, union, "one").mean(), abs=1e-9)


@pytest.mark.parametrize("stopped_after", (1, 2))
def test_a_stopped_training_ends_with_the_same_bits(
    stopped_after: int, uninterrupted: Run, tiles: TrainingTiles, make_run: Callable[[str], Run]
) -> None:
    run = make_run("stopped")

    def stop(progress: Progress) -> None:
        if progress.epoch == stopped_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_fold(run, SETTINGS, tiles, stop)
    progress = train_fold(run, SETTINGS, tiles)
    assert progress.epoch == EPOCHS
    assert_same(run, uninterrupted)


def test_a_card_that_holds_the_tiles_trains_alike(
    uninterrupted: Run, tiles: TrainingTiles, make_run: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, but for the GPU: the same tiles, order and flips; sums are rounded in another order."""
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    run = make_run("card")
    train_fold(run, SETTINGS, tiles)
    for found, wanted in zip(history(run), history(uninterrupted), strict=True):
        assert float(found["loss"]) == pytest.approx(float(wanted["loss"]), rel=1e-2)
        assert float(found["validation_iou"]) == pytest.approx(float(wanted["validation_iou"]), abs=0.05)


@pytest.mark.parametrize("card", (False, True))
def test_float16_is_trained_with_a_scaled_loss(
    card: bool, tiles: TrainingTiles, make_run: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "has_gpu", lambda: card)
    settings = replace(SETTINGS, training=replace(SETTINGS.training, precision="mixed_float16", epochs=2))
    run = make_run("half")
    train_fold(run, settings, tiles)
    one, two = history(run)
    assert float(two["loss"]) < float(one["loss"])
    with np.load(backup.latest(run.folder / "backup") / "state.npz") as state:  # type: ignore[operator]
        assert any(array.shape == () and array == 2.0**15 for array in state.values())


MOMENTS = (
    (backup, "write_json", 2),
    (np, "savez", 4),
    (Path, "rename", 2),
    (fold, "save_model", 2),
    (fold, "write_atomic", 2),
)


@pytest.mark.parametrize(("where", "name", "call"), MOMENTS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_kill_at_any_write_of_an_epochs_end_costs_at_most_that_epoch(
    where: Any,
    name: str,
    call: int,
    uninterrupted: Run,
    tiles: TrainingTiles,
    make_run: Callable[[str], Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, real, calls = make_run("killed"), getattr(where, name), 0

    def killing(*values: Any, **settings: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and name == "write_json":
            raise Killed
        result = real(*values, **settings)
        if calls == call:  # after it, where the next step is another's
            raise Killed
        return result

    with monkeypatch.context() as patch:
        patch.setattr(where, name, killing)
        with pytest.raises(Killed):
            train_fold(run, SETTINGS, tiles)
    found = backup.latest(run.folder / "backup")
    assert found is not None
    assert found.name >= "epoch-0001"
    train_fold(run, SETTINGS, tiles)
    assert_same(run, uninterrupted)
    assert [path.name for path in (run.folder / "backup").iterdir()] == [f"epoch-{EPOCHS:04d}"]


def test_a_loss_that_is_not_finite_stops_the_run_naming_step_and_tiles(
    tiles: TrainingTiles, make_run: Callable[[str], Run]
) -> None:
    wild = RunSettings(SETTINGS.network, TrainingSettings(epochs=2, batch_size=4, learning_rate=1e38, precision="float32"))
    with pytest.raises(Failure, match=r"the loss is (nan|inf) at step \d+ of epoch \d, on tiles \d+, \d+"):
        train_fold(make_run("wild"), wild, tiles)


def test_minutes_become_epochs_once_and_give_the_bits_of_a_run_of_as_many_epochs(
    tiles: TrainingTiles, make_run: Callable[[str], Run]
) -> None:
    timed = RunSettings(
        SETTINGS.network, TrainingSettings(minutes=0.02, batch_size=4, statistics_batches=2, precision="float32")
    )
    run = make_run("timed")
    progress = train_fold(run, timed, tiles)
    assert progress.epochs >= 1
    counted = RunSettings(
        SETTINGS.network, TrainingSettings(epochs=progress.epochs, batch_size=4, statistics_batches=2, precision="float32")
    )
    other = make_run("counted")
    train_fold(other, counted, tiles)
    assert_same(run, other)


def test_a_damaged_resume_state_is_named(tiles: TrainingTiles, make_run: Callable[[str], Run]) -> None:
    run = make_run("damaged")
    train_fold(run, RunSettings(SETTINGS.network, TrainingSettings(epochs=1, batch_size=8, precision="float32")), tiles)
    (run.folder / "backup" / "epoch-0001" / "state.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadInput, match=r"epoch-0001.*damaged.*--restart"):
        train_fold(run, SETTINGS, tiles)


def test_averages_are_the_exponential_ones_and_leave_the_trained_weights() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    averaged = keras.models.clone_model(model)
    seen = []
    for _ in range(3):
        model.train_on_batch(np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32))
        seen.append(np.array(model.get_weights()[0]))
    copy_averages(model, averaged)
    np.testing.assert_array_equal(model.get_weights()[0], seen[-1])
    np.testing.assert_allclose(averaged.get_weights()[0], 0.25 * seen[0] + 0.25 * seen[1] + 0.5 * seen[2], rtol=1e-5)


def test_statistics_are_the_mean_of_the_batches() -> None:
    from kaggle_seg.network.layers import FusedBatchNormalization

    model = keras.Sequential([keras.Input((4, 4, 2)), FusedBatchNormalization(momentum=0.9)])
    random = np.random.default_rng(1)
    batches = [random.normal(size, 1 + size, (2, 4, 4, 2)).astype(np.float32) for size in range(3)]
    Statistics(model).measure(iter(batches))
    layer = model.layers[0]
    means = [batch.mean((0, 1, 2)) for batch in batches]
    variances = [batch.var((0, 1, 2), ddof=1) for batch in batches]
    np.testing.assert_allclose(layer.moving_mean, np.mean(means, 0), atol=0.02)
    np.testing.assert_allclose(layer.moving_variance, np.mean(variances, 0), rtol=0.02)
    assert layer.momentum == 0.9
