"""Too little disk is told before anything is written: needed, free, where, and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from kaggle_seg.errors import Failure
from kaggle_seg.pipeline import disk
from kaggle_seg.pipeline.counting import TileCount
from tests.pipeline.drawn_records import write

TILES = TileCount(training=1000, test=500, height=1000, width=1000)


def size_of(needs: list[disk.Need], purpose: str) -> float:
    return next(need.size for need in needs if need.purpose == purpose)


def test_needs_follow_from_the_tiles(tmp_path: Path) -> None:
    needs = disk.run_needs(tmp_path, None, TILES)
    assert size_of(needs, "arrays of the tiles") == 1000 * 4e6 + 500 * 3e6
    assert size_of(needs, "probability maps") == 700 * (1e6 + 1024)


def test_what_is_written_is_not_needed_again(tmp_path: Path, output_root: Path) -> None:
    home = output_root / "runs" / ".cache" / "tiles-1234"
    write(home / "5678" / "index.json", {"data": str((tmp_path / "data" / "tiles").resolve())})
    (home / "5678" / "training-images.npy").write_bytes(bytes(1000))
    run = output_root / "runs" / "one"
    (run / "test").mkdir(parents=True)
    (run / "test" / "levels-0000.npy").write_bytes(bytes(100))
    before, now = disk.run_needs(tmp_path / "elsewhere", None, TILES), disk.run_needs(tmp_path / "data", run, TILES)
    assert size_of(before, "arrays of the tiles") - size_of(now, "arrays of the tiles") == 1000
    assert size_of(before, "probability maps") - size_of(now, "probability maps") == 100


def test_an_environment_that_is_half_there_needs_the_other_half(tmp_path: Path) -> None:
    whole = disk.total(disk.environment_needs(tmp_path / ".venv", "cpu"))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "part").write_bytes(bytes(5000))
    assert whole - disk.total(disk.environment_needs(tmp_path / ".venv", "cpu")) == 5000
    assert disk.total(disk.environment_needs(tmp_path / ".venv", "gpu")) > whole


def leave_free(monkeypatch: pytest.MonkeyPatch, free: float) -> None:
    class Usage:
        def __init__(self, *_: Any) -> None:
            self.free = free

    monkeypatch.setattr(shutil, "disk_usage", Usage)


def test_enough_disk_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_free(monkeypatch, 5e9)
    disk.check_disk([disk.Need("maps", 4.9e9, tmp_path)])


def test_too_little_disk_is_one_line(tmp_path: Path, output_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_free(monkeypatch, 4e9)
    with pytest.raises(Failure) as error:
        disk.check_disk(disk.run_needs(tmp_path, None, TILES))
    assert str(error.value) == (
        f"too little disk: about 6.3 GB needed, 4.0 GB free in {output_root} (arrays of the tiles 5.5 GB, probability maps "
        "0.7 GB, network and pages 0.1 GB); make room there, or set KSEG_ROOT to a folder on another disk"
    )
    needs = [*disk.environment_needs(tmp_path / ".venv", "cpu"), *disk.run_needs(tmp_path, None, TILES)]
    with pytest.raises(Failure, match=r"environment 2\.\d GB, downloads .* make room there$"):
        disk.check_disk(needs)
