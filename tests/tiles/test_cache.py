"""The cache: built whole or not at all, and reused while nothing changed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import Failure
from kaggle_seg.tiles import reading, storing
from kaggle_seg.tiles.cache import TileCache, open_cache

from .trees import LAYOUTS, SIDE, draw_image, draw_mask, make_tree, pillow, put, tiff

FIRST = find_competition()
SATBUILD = Path(__file__).resolve().parents[3] / "shared" / "data" / "satbuild"
OPEN = "import sys; from pathlib import Path; from kaggle_seg.tiles.cache import open_cache; "
OPEN += "from kaggle_seg.competition import find_competition; open_cache(Path(sys.argv[1]), find_competition())"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A faultless tree of 5 + 3 tiles."""
    return make_tree(tmp_path / "tree")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders built during a test."""
    built: list[Path] = []

    def build(listing: object, folder: Path) -> None:
        built.append(folder)
        storing.build(listing, folder)  # type: ignore[arg-type]

    monkeypatch.setattr("kaggle_seg.tiles.cache.build", build)
    return built


def assert_holds_tree(cache: TileCache, training: int = 5, test: int = 3) -> None:
    """The arrays are those that `make_tree` drew."""
    masks = cache.training.masks
    assert masks is not None and masks.dtype == np.uint8 and cache.test.masks is None
    np.testing.assert_array_equal(cache.training.images, [draw_image(number) for number in range(training)])
    np.testing.assert_array_equal(masks, [draw_mask(number) for number in range(training)])
    np.testing.assert_array_equal(cache.test.images, [draw_image(100 + number) for number in range(test)])
    assert (cache.height, cache.width) == (SIDE, SIDE)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays(tmp_path: Path, layout: str, output_root: Path) -> None:
    root = make_tree(tmp_path / "tree", layout, training=70, test=11)
    cache = open_cache(tmp_path, FIRST)
    assert_holds_tree(cache, 70, 11)
    images, _, tests = (Path(name) for name in LAYOUTS[layout])
    assert cache.data == root and cache.folder.parent.parent == output_root / "runs" / ".cache"
    assert cache.training.ids == [str(number) for number in range(70)]
    assert cache.test.stems == [tests.name.format(number) for number in range(11)]
    assert cache.training.paths[69] == f"{images.as_posix().format(69)}.tif"
    for array in (cache.training.images, cache.training.masks, cache.test.images):
        assert isinstance(array, np.memmap) and not array.flags.writeable


def test_mixed_formats_and_a_notice_of_dropped_alpha(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opaque = np.full((SIDE, SIDE, 1), 255, np.uint8)
    for number, suffix in ((1, "tif"), (2, "png")):
        (tree / f"train/images/img_{number}.tif").unlink()
        pixels = np.dstack([draw_image(number), opaque])
        content = pillow(pixels, "PNG") if suffix == "png" else tiff(pixels, extrasamples=["unassalpha"], compression="lzw")
        put(tree / f"train/images/img_{number}.{suffix}", content)
    put(tree / "train/masks/mask_3.tif", tiff(draw_mask(3)))
    assert_holds_tree(open_cache(tree, FIRST))
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "alpha channel was dropped, in 2 files such as train/images/img_1.tif" in said.err
    open_cache(tree, FIRST)
    assert capsys.readouterr().err == ""


def test_second_start_builds_nothing(tree: Path, builds: list[Path]) -> None:
    first = open_cache(tree, FIRST)
    second = open_cache(tree.parent, FIRST)
    assert len(builds) == 1 and second.fingerprint == first.fingerprint
    assert_holds_tree(second)


def test_a_touched_file_is_read_anew_and_the_old_cache_removed(tree: Path, builds: list[Path]) -> None:
    first = open_cache(tree, FIRST)
    os.utime(tree / "test/test_image_1.tif", ns=(1, 1))
    second = open_cache(tree, FIRST)
    assert len(builds) == 2 and second.fingerprint == first.fingerprint
    assert [path for path in first.folder.parent.iterdir() if path.is_dir()] == [second.folder]


@pytest.mark.parametrize("change", ["content", "more", "fewer", "renamed"])
def test_a_changed_tree_has_another_fingerprint(tree: Path, change: str) -> None:
    first = open_cache(tree, FIRST)
    path = tree / "test/test_image_1.tif"
    if change == "content":
        put(path, tiff(draw_image(55)))
        os.utime(path, ns=(1, 1))
    elif change == "more":
        put(tree / "test/test_image_9.tif", tiff(draw_image(55)))
    elif change == "fewer":
        path.unlink()
    else:
        path.rename(tree / "test/scene_1.tif")
    assert open_cache(tree, FIRST).fingerprint != first.fingerprint


def test_a_moved_tree_has_its_own_cache_and_the_same_fingerprint(tree: Path) -> None:
    first = open_cache(tree, FIRST)
    moved = open_cache(tree.rename(tree.with_name("moved")), FIRST)
    assert moved.fingerprint == first.fingerprint and moved.folder.parent != first.folder.parent


def test_verify_finds_contents_changed_behind_equal_size_and_time(
    tree: Path, builds: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    first = open_cache(tree, FIRST)
    assert open_cache(tree, FIRST, verify=True).fingerprint == first.fingerprint and len(builds) == 1
    assert capsys.readouterr().err == ""
    path = tree / "train/images/img_2.tif"
    before = path.stat()
    put(path, tiff(draw_image(77)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert open_cache(tree, FIRST).fingerprint == first.fingerprint
    second = open_cache(tree, FIRST, verify=True)
    assert "train/images/img_2.tif" in capsys.readouterr().err
    assert second.fingerprint != first.fingerprint
    np.testing.assert_array_equal(second.training.images[2], draw_image(77))


@pytest.mark.parametrize("damage", ["index", "array", "shorter"])
def test_a_damaged_cache_is_built_again(tree: Path, builds: list[Path], damage: str) -> None:
    folder = open_cache(tree, FIRST).folder
    if damage == "index":
        (folder / "index.json").write_text("{", encoding="utf-8")
    elif damage == "array":
        (folder / "training-masks.npy").unlink()
    else:
        os.truncate(folder / "test-images.npy", 500)
    assert_holds_tree(open_cache(tree, FIRST))
    assert len(builds) == 2


@pytest.mark.skipif(os.name == "nt", reason="folders have no such permission there")
def test_read_only_data(tree: Path) -> None:
    folders = [tree, *(path for path in tree.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        before = sorted(tree.rglob("*"))
        assert_holds_tree(open_cache(tree, FIRST))
        assert sorted(tree.rglob("*")) == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


def start(tree: Path, code: str = OPEN) -> subprocess.Popen[str]:
    """Opens the tree's cache in another process."""
    return subprocess.Popen([sys.executable, "-W", "error", "-c", code, str(tree)], stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_killed_build_leaves_nothing_in_the_way(tmp_path: Path, output_root: Path) -> None:
    root = make_tree(tmp_path / "tree", training=70)
    slow = OPEN.replace("open_cache(Path", "import time, kaggle_seg.tiles.reading as r; read = r.read_file; "
                        "r.read_file = lambda *a: (time.sleep(0.05), read(*a))[1]; open_cache(Path")  # fmt: skip
    process = start(root, slow)
    cache = output_root / "runs" / ".cache"
    deadline = time.monotonic() + 60
    while not list(cache.glob("*/*.part/*.npy")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(cache.glob("*/*.part"))
    assert_holds_tree(open_cache(root, FIRST), 70)
    assert not list(cache.glob("*/*.part"))


def test_builds_at_once_do_not_harm_each_other(tmp_path: Path, output_root: Path) -> None:
    root = make_tree(tmp_path / "tree", training=40)
    processes = [start(root) for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    assert_holds_tree(open_cache(root, FIRST), 40)
    assert len(list((output_root / "runs" / ".cache").glob("*/*/index.json"))) == 1


def test_ctrl_c_stops_at_once_and_leaves_nothing(tree: Path, output_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "read_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_cache(tree, FIRST)
    assert not list((output_root / "runs" / ".cache").glob("*/*/*"))


def test_a_full_disk_is_told_in_plain_words(tree: Path, output_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reading, "read_batch", full)
    with pytest.raises(Failure, match=r"the disk is full; make room, or set KSEG_ROOT"):
        open_cache(tree, FIRST)
    assert not list((output_root / "runs" / ".cache").glob("*/*/*"))


@pytest.mark.skipif(not SATBUILD.is_dir(), reason="the shared tiles are not here")
def test_satbuild() -> None:
    cache = open_cache(SATBUILD, FIRST)
    assert cache.training.images.shape == (1200, 256, 256, 3) and cache.test.images.shape == (240, 256, 256, 3)
    assert cache.training.masks is not None and cache.training.masks.shape == (1200, 256, 256)
    share = cache.training.masks.mean()
    assert abs(share - 0.146) < 0.001 and set(np.unique(cache.training.masks[:50])) == {0, 1}
    assert cache.test.stems[:2] == ["test_image_1", "test_image_2"]
