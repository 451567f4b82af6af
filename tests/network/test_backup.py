"""The resume state: what is saved is what is loaded, the latest alone, and damage is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.network import backup
from kaggle_seg.network.backup import Progress

STATE = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(2.0**15, np.float32), np.array([7, 8], np.uint32)]


def test_what_is_saved_is_what_is_loaded_and_one_epoch_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    assert backup.latest(folder) is None
    for epoch in (9, 10):
        progress = Progress(epochs=12, epoch=epoch, best_epoch=9, best_score=0.25, history=[{"epoch": epoch, "loss": 0.5}])
        backup.save(folder, progress, STATE, STATE[:1])
    assert [path.name for path in folder.iterdir()] == ["epoch-0010"]
    found, state, best = backup.load(folder / "epoch-0010")
    assert found == progress
    for values, saved in ((state, STATE), (best, STATE[:1])):
        assert [value.dtype for value in values] == [value.dtype for value in saved]
        assert all(map(np.array_equal, values, saved))


def test_a_half_written_epoch_is_not_taken_up(tmp_path: Path) -> None:
    backup.save(tmp_path / "backup", Progress(epochs=12, epoch=1), STATE, STATE)
    (tmp_path / "backup" / ".epoch-0002.part").mkdir()
    assert backup.latest(tmp_path / "backup") == tmp_path / "backup" / "epoch-0001"


@pytest.mark.parametrize("name", ["state.npz", "best.npz", "progress.json"])
def test_damage_is_named_with_the_remedy(name: str, tmp_path: Path) -> None:
    backup.save(tmp_path / "backup", Progress(epochs=12, epoch=1), STATE, STATE)
    path = tmp_path / "backup" / "epoch-0001" / name
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadInput, match="epoch-0001"):
        backup.load(path.parent)
