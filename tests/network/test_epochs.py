"""All epochs: the network learns, and a stopped one goes on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kaggle_seg.config import RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.masks import scores
from kaggle_seg.network import backup, epochs, machine
from kaggle_seg.network.backup import Progress
from kaggle_seg.network.epochs import train_network
from kaggle_seg.network.trainer import TrainingTiles
from kaggle_seg.run_directory import Run
from tests.network.small_training import EPOCHS, SETTINGS, assert_same, history


class Killed(BaseException):
    """Stands for a kill: nothing in the code under test catches it."""


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
        train_network(run, SETTINGS, tiles, stop)
    progress = train_network(run, SETTINGS, tiles)
    assert progress.epoch == EPOCHS
    assert_same(run, uninterrupted)


def test_a_card_that_holds_the_tiles_trains_alike(
    uninterrupted: Run, tiles: TrainingTiles, make_run: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, but for the GPU: the same tiles, order and flips; sums are rounded in another order."""
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    run = make_run("card")
    train_network(run, SETTINGS, tiles)
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
    train_network(run, settings, tiles)
    one, two = history(run)
    assert float(two["loss"]) < float(one["loss"])
    with np.load(backup.latest(run.folder / "backup") / "state.npz") as state:  # type: ignore[operator]
        assert any(array.shape == () and array == 2.0**15 for array in state.values())


# what is killed, at which call of it, and the epoch that is kept
MOMENTS = (
    (backup, "write_json", 2, 1),
    (np, "savez", 4, 1),
    (Path, "rename", 2, 2),
    (epochs, "save_model", 2, 2),
    (epochs, "write_atomic", 2, 2),
)


@pytest.mark.parametrize(
    ("where", "name", "call", "kept"), MOMENTS, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_kill_at_any_write_of_an_epochs_end_costs_at_most_that_epoch(
    where: Any,
    name: str,
    call: int,
    kept: int,
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
            train_network(run, SETTINGS, tiles)
    assert backup.latest(run.folder / "backup") == run.folder / "backup" / f"epoch-{kept:04d}"
    train_network(run, SETTINGS, tiles)
    assert_same(run, uninterrupted)
    assert [path.name for path in (run.folder / "backup").iterdir()] == [f"epoch-{EPOCHS:04d}"]


def test_a_loss_that_is_not_finite_stops_the_run_naming_step_and_tiles(
    tiles: TrainingTiles, make_run: Callable[[str], Run]
) -> None:
    wild = RunSettings(SETTINGS.network, TrainingSettings(epochs=2, batch_size=4, learning_rate=1e38, precision="float32"))
    with pytest.raises(Failure, match=r"the loss is (nan|inf) at step \d+ of epoch \d, on tiles \d+, \d+"):
        train_network(make_run("wild"), wild, tiles)


def test_minutes_become_epochs_once_and_give_the_bits_of_a_run_of_as_many_epochs(
    tiles: TrainingTiles, make_run: Callable[[str], Run]
) -> None:
    timed = RunSettings(
        SETTINGS.network, TrainingSettings(minutes=0.02, batch_size=4, statistics_batches=2, precision="float32")
    )
    run = make_run("timed")
    progress = train_network(run, timed, tiles)
    assert progress.epochs >= 1
    counted = RunSettings(
        SETTINGS.network, TrainingSettings(epochs=progress.epochs, batch_size=4, statistics_batches=2, precision="float32")
    )
    other = make_run("counted")
    train_network(other, counted, tiles)
    assert_same(run, other)


def test_a_damaged_resume_state_is_named(tiles: TrainingTiles, make_run: Callable[[str], Run]) -> None:
    run = make_run("damaged")
    train_network(run, RunSettings(SETTINGS.network, TrainingSettings(epochs=1, batch_size=8, precision="float32")), tiles)
    (run.folder / "backup" / "epoch-0001" / "state.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadInput, match=r"epoch-0001.*damaged.*--restart"):
        train_network(run, SETTINGS, tiles)
