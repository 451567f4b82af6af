"""Tiles are counted by name, and measured by one header."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from kaggle_seg.pipeline.counting import SUFFIXES, TileCount, count_tiles, folder_bytes, image_size
from kaggle_seg.tiles import files
from tests.pipeline.drawn_records import draw_tiles

SIZE = (37, 300)  # height, width


def test_the_files_that_count_are_those_that_are_read() -> None:
    assert SUFFIXES == files.SUFFIXES


@pytest.mark.parametrize(
    ("training", "masks", "test"),
    [
        ("train/images", "train/masks", "test"),
        ("training/images/img", "training/masks/img", "test/images/img"),
        ("images", "masks", "test"),
    ],
)
def test_tiles_are_counted_in_every_layout(tmp_path: Path, training: str, masks: str, test: str) -> None:
    for place, count in ((training, 5), (masks, 5), (test, 3), (".hidden", 7), ("__MACOSX", 7)):
        (tmp_path / "data" / place).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", SIZE[::-1]).save(tmp_path / "data" / place / f"{number}.PNG")
    (tmp_path / "data" / training / "notes.txt").touch()
    assert count_tiles(tmp_path / "data") == TileCount(5, 3, *SIZE)


def test_a_folder_without_images_has_no_tiles(tmp_path: Path) -> None:
    assert count_tiles(tmp_path) == TileCount()
    assert TileCount().megapixels == 0


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "progressive.jpg", "a.tif", "big-endian.tif", "lzw.tif"])
def test_the_size_is_in_the_header(tmp_path: Path, name: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (*SIZE, 3), np.uint8)
    path = tmp_path / name
    if name == "big-endian.tif":
        tifffile.imwrite(path, pixels, byteorder=">", photometric="rgb")
    elif name == "lzw.tif":
        Image.fromarray(pixels).save(path, compression="tiff_lzw")
    else:
        Image.fromarray(pixels).save(path, **({"progressive": True} if name.startswith("progressive") else {}))
    assert image_size(path) == SIZE


@pytest.mark.parametrize("content", [b"", b"II*\0", b"MM\0*\0\0\0\x08\xff\xff", b"\xff\xd8\xff", b"\x89PNG", b"x" * 99])
def test_a_damaged_header_tells_no_size(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tif").write_bytes(content)
    assert image_size(tmp_path / "a.tif") is None
    assert count_tiles(tmp_path).training == 1


def test_bytes_of_a_folder(tmp_path: Path) -> None:
    draw_tiles(tmp_path / "tiles")
    (tmp_path / "tiles" / "a.npy").write_bytes(b"12345")
    assert folder_bytes(tmp_path, "*.npy") == 5
    assert folder_bytes(tmp_path / "nowhere", "*") == 0
