"""The generated demo tiles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from kaggle_seg.errors import BadInput
from kaggle_seg.output import file_hash
from kaggle_seg.synthetic.demo_tiles import COLUMNS, MARKER, TREE, DemoTiles, draw_tiles, is_demo, write_demo

SMALL = DemoTiles(training=14, test=3, seed=5, size=32)


def content(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_tree_is_the_one_of_the_description(tmp_path: Path) -> None:
    assert write_demo(tmp_path / "demo", SMALL)
    tree = tmp_path / "demo" / TREE
    assert {path.name for path in (tree / "train" / "images").iterdir()} == {f"img_{n}.tif" for n in range(14)}
    assert {path.name for path in (tree / "train" / "masks").iterdir()} == {f"mask_{n}.tif" for n in range(14)}
    assert {path.name for path in (tree / "test").iterdir()} == {f"test_image_{n}.tif" for n in range(3)}
    image = tifffile.imread(tree / "train" / "images" / "img_0.tif")
    mask = tifffile.imread(tree / "train" / "masks" / "mask_0.tif")
    assert image.shape == (32, 32, 3)
    assert image.dtype == np.uint8
    assert mask.shape == (32, 32)
    assert set(np.unique(mask)) <= {0, 255}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        write_demo(tmp_path / name, DemoTiles(14, 3, seed, 32))
    assert content(tmp_path / "one") == content(tmp_path / "two")
    first, other = content(tmp_path / "one"), content(tmp_path / "three")
    assert all(first[name] != other[name] for name in first if "images" in name)


def test_tiles_of_one_scene_are_neighbours() -> None:
    tiles = [image.astype(int) for image, _ in draw_tiles(COLUMNS + 1, 64, (1,))]

    def step_across(left: np.ndarray, right: np.ndarray) -> float:
        return float(np.abs(left[:, -1] - right[:, 0]).mean())

    inside = float(np.abs(np.diff(tiles[0], axis=1)).mean())
    assert step_across(tiles[0], tiles[1]) < 1.5 * inside
    assert float(np.abs(tiles[0][-1] - tiles[COLUMNS][0]).mean()) < 1.5 * inside
    assert step_across(tiles[0], tiles[2]) > 1.5 * inside


def test_scenes_are_varied_and_some_tiles_are_empty() -> None:
    tiles = list(draw_tiles(96, 128, (0, 0)))
    shares = np.array([mask.mean() for _, mask in tiles])
    assert 0.05 < shares.mean() < 0.25
    assert 0.05 < (shares == 0).mean() < 0.5
    grounds = [image[~mask].mean(axis=0) for image, mask in tiles[::12]]
    assert np.ptp(grounds, axis=0).min() > 30


def test_a_second_call_draws_nothing(tmp_path: Path) -> None:
    write_demo(tmp_path / "demo", SMALL)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "demo").rglob("*")}
    assert not write_demo(tmp_path / "demo", SMALL)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "demo").rglob("*")}


def test_an_empty_folder_is_filled_and_anything_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert write_demo(tmp_path / "empty", SMALL)
    with pytest.raises(BadInput, match="other demo tiles"):
        write_demo(tmp_path / "empty", DemoTiles(14, 3, 6, 32))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="no demo tiles"):
        write_demo(tmp_path / "mine", SMALL)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_all_values_out_of_range_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        write_demo(tmp_path / "demo", DemoTiles(0, -1, -2, 8))
    assert [problem.split()[0] for problem in refused.value.problems] == ["--training", "--test", "--seed", "--size"]
    assert not list(tmp_path.glob("*demo*"))


def test_the_marker_is_known_from_the_folder_and_from_the_tree(tmp_path: Path) -> None:
    write_demo(tmp_path / "demo", SMALL)
    assert (tmp_path / "demo" / MARKER).is_file()
    assert is_demo(tmp_path / "demo")
    assert is_demo(tmp_path / "demo" / TREE)
    assert not is_demo(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_kill_leaves_no_half_folder(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "kaggle_seg.demo", str(folder), "--size", "32", "--training", "3000", "--test", "3"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as drawing:
        unfinished = tmp_path / ".demo.part" / TREE / "train" / "images"
        deadline = time.monotonic() + 60
        while not unfinished.is_dir() or not any(unfinished.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        drawing.send_signal(signal.SIGKILL)
    assert not folder.exists()
    assert write_demo(folder, SMALL)
    assert len(list((folder / TREE / "train" / "images").iterdir())) == 14
    assert not (tmp_path / ".demo.part").exists()
