"""Finding a tree of tiles and pairing its files, by names alone."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.dataset import Listing, TileFile, find_dataset, pair
from kaggle_seg.tiles.layout import find_layout

from .trees import LAYOUTS, make_tree, put

FIRST = find_competition()
SATBUILD = Path(__file__).resolve().parents[3] / "shared" / "data" / "satbuild"


def problems_of(folder: Path) -> list[str]:
    """The lines with which a tree is refused."""
    with pytest.raises(BadInput) as error:
        find_dataset(folder, FIRST)
    return error.value.problems


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path: Path, layout: str) -> None:
    images, masks, tests = LAYOUTS[layout]
    dataset = find_dataset(make_tree(tmp_path / "tree", layout, training=12, test=11), FIRST)
    assert dataset.root == tmp_path / "tree"
    assert [tile.id for tile in dataset.training] == [str(number) for number in range(12)]
    assert [tile.id for tile in dataset.test] == [str(number) for number in range(11)]
    last, test = dataset.training[-1], dataset.test[-1]
    assert (last.stem, last.image) == (Path(images.format(11)).name, f"{images.format(11)}.tif")
    assert last.mask == f"{masks.format(11)}.tif"
    assert (test.stem, test.image, test.mask) == (
        Path(tests.format(10)).name,
        f"{tests.format(10)}.tif",
        None,
    )
    assert dataset.images_of(dataset.test)[test.stem] == dataset.root / test.image


def test_hidden_folders_and_other_folders_are_not_read(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree")
    make_tree(tmp_path / ".hidden")
    make_tree(tmp_path / "__MACOSX")
    put(root / "holdout_masks" / "test_mask_0.tif", b"never looked at")
    put(root / "train" / "more" / "img_99.tif", b"never looked at")
    put(root / "train" / "images" / "inside" / "img_99.tif", b"never looked at")
    dataset = find_dataset(tmp_path, FIRST)
    assert len(dataset.training) == 5 and len(dataset.test) == 3


@pytest.mark.parametrize("missing", ["train/images", "train/masks", "test"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_missing_and_empty_folders_are_one_line_each(tmp_path: Path, missing: str, how: str) -> None:
    root = make_tree(tmp_path)
    for path in (root / missing).iterdir():
        path.unlink()
    if how == "missing":
        (root / missing).rmdir()
    (line,) = problems_of(root)
    assert line.startswith(f"{missing}: {'no such folder' if how == 'missing' else 'no tiles in this folder'}; wanted")


def test_all_problems_of_names_at_once(tmp_path: Path) -> None:
    root = make_tree(tmp_path)
    (root / "train/masks/mask_2.tif").unlink()
    (root / "train/images/img_4.tif").unlink()
    put(root / "train/images/img_01.png", b"another 1")
    put(root / "train/images/readme.md", b"text")
    put(root / "test/sample_submission.csv", b"text")
    put(root / "test/7.jpg", b"image")
    put(root / "test/image_7.tif", b"image")
    assert problems_of(root) == [
        "test/7.jpg, test/image_7.tif: the same id 7; wanted each id once; rename or remove all but one",
        "test/sample_submission.csv: not an image by its name; wanted .tif, .tiff, .png, .jpg, .jpeg; move it away",
        "train/images/img_01.png, train/images/img_1.tif: the same id 1; wanted each id once; rename or remove all but one",
        "train/images/img_2.tif: no mask of id 2; wanted one; add it, or remove the image",
        "train/images/readme.md: not an image by its name; wanted .tif, .tiff, .png, .jpg, .jpeg; move it away",
        "train/masks/mask_4.tif: no image of id 4; wanted one; add it, or remove the mask",
    ]


def test_files_of_the_system_are_ignored(tmp_path: Path) -> None:
    root = make_tree(tmp_path)
    for name in ("._img_0.tif", ".DS_Store", "Thumbs.db", "desktop.ini"):
        put(root / "train/images" / name, b"of the system")
        put(root / "test" / name, b"of the system")
    assert len(find_dataset(root, FIRST).training) == 5


def test_upper_case_extensions_and_names_without_numbers(tmp_path: Path) -> None:
    put(tmp_path / "images/north.v2.TIF", b"")
    put(tmp_path / "masks/2.png", b"")
    put(tmp_path / "images/east.JPEG", b"")
    put(tmp_path / "masks/east.Tiff", b"")
    put(tmp_path / "test/west.jpg", b"")
    dataset = find_dataset(tmp_path, FIRST)
    assert [(tile.id, tile.stem) for tile in dataset.training] == [("2", "north.v2"), ("east", "east")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs the right to make links there")
def test_linked_folders_and_files(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree")
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    (root / "test/9.tif").symlink_to(root / "test/test_image_0.tif")
    assert len(find_dataset(tmp_path / "link", FIRST).test) == 4
    (tmp_path / "link" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert find_layout(tmp_path / "link").root == root


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read all")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    root = make_tree(tmp_path)
    (root / "test").chmod(0)
    try:
        assert problems_of(root)[0].startswith("test: Permission denied")
    finally:
        (root / "test").chmod(0o755)


@given(ids=st.sets(st.integers(0, 500), min_size=1), masks=st.sets(st.integers(0, 500), min_size=1), seed=st.integers(0, 99))
def test_every_file_is_paired_or_told(ids: set[int], masks: set[int], seed: int) -> None:
    listing = Listing(Path("root"), FIRST)
    listing.images = [TileFile(f"images/img_{number}.tif", 1, 1) for number in ids]
    listing.masks = [TileFile(f"masks/mask_{number:04d}.tif", 1, 1) for number in masks]
    random.Random(seed).shuffle(listing.images)
    dataset, problems = pair(listing)
    assert [int(tile.id) for tile in dataset.training] == sorted(ids & masks) and not dataset.test
    told = {line.split(":")[0] for line in problems}
    paired = {path for tile in dataset.training for path in (tile.image, tile.mask)}
    assert told | paired == {file.path for file in [*listing.images, *listing.masks]}
    assert not told & paired


@pytest.mark.skipif(not SATBUILD.is_dir(), reason="the shared tiles are not here")
def test_satbuild() -> None:
    dataset = find_dataset(SATBUILD, FIRST)
    assert (dataset.root.resolve(), len(dataset.training), len(dataset.test)) == (SATBUILD.resolve(), 1200, 240)
    assert all(tile.mask and "holdout" not in tile.mask for tile in dataset.training)
