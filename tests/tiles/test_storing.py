"""What is wrong with a tree, of names and of contents, is told in one report that names every faulty file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.cache import open_cache
from kaggle_seg.tiles.storing import fingerprint, sweep

from .trees import draw_image, draw_mask, make_tree, put, tiff


def problems_of(folder: Path) -> list[str]:
    """The lines with which a tree is refused."""
    with pytest.raises(BadInput) as error:
        open_cache(folder, find_competition())
    return error.value.problems


FAULTS = {
    "train/images/img_0.tif": (b"", "an empty file (0 bytes)"),
    "train/images/img_1.tif": (tiff(draw_image(1))[:900], "truncated"),
    "train/images/img_2.tif": (tiff(draw_image(2, 24)), "24 x 24 pixels (height x width); wanted 32 x 32"),
    "train/images/img_3.tif": (tiff(draw_image(3).astype(np.uint16)), "16-bit RGB; wanted 8-bit RGB"),
    "train/images/img_4.tif": (tiff(np.stack([draw_image(4)] * 2)), "2 pages"),
    "train/masks/mask_0.tif": (tiff(draw_image(0)[..., 0]), "a mask of "),
    "train/masks/mask_1.tif": (tiff(draw_mask(1, 16)), "16 x 16 pixels (height x width); wanted 32 x 32"),
    "train/masks/mask_99.tif": (tiff(draw_mask(99)), "no image of id 99"),
    "train/masks/notes.txt": (b"text", "not an image by its name"),
    "test/test_image_0.tif": (b"GIF89a" + bytes(90), "not a TIFF, PNG or JPEG"),
    "test/test_image_1.tif": (tiff(np.dstack([draw_image(1), draw_image(1)[..., :1]])), "alpha channel that is not opaque"),
    "test/test_image_02.tif": (tiff(draw_image(2)), "the same id 2"),
}


@pytest.mark.parametrize("path", FAULTS)
def test_each_fault_alone(tmp_path: Path, path: str, output_root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = make_tree(tmp_path / "tree", training=8)
    content, reason = FAULTS[path]
    put(root / path, content)
    (line,) = problems_of(root)
    assert path in line and reason in line and ";" in line
    assert capfd.readouterr() == ("", "")
    assert not [found for found in (output_root / "runs/.cache").rglob("*") if found.is_file() and found.name != ".lock"]


def test_all_faults_in_one_report(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "tree", training=12)
    for path, (content, _) in FAULTS.items():
        put(root / path, content)
    lines = problems_of(root)
    assert len(lines) == len(FAULTS)
    for path, (_, reason) in FAULTS.items():
        (line,) = [line for line in lines if path in line]
        assert reason in line


def test_a_fault_that_comes_after_the_build_is_told(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    open_cache(tree, find_competition())
    put(tree / "test/notes.txt", b"text")
    assert problems_of(tree)[0].startswith("test/notes.txt: not an image by its name")


def test_a_tree_in_which_nothing_is_readable(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    files = [path for path in tree.rglob("*.tif") if put(path, b"junk")]
    assert len(problems_of(tree)) == len(files) == 13


def test_the_odd_size_is_told_even_when_it_comes_first(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    put(tree / "train/images/img_0.tif", tiff(draw_image(0, 48)))
    (line,) = problems_of(tree)
    assert line.startswith("train/images/img_0.tif: 48 x 48 pixels (height x width); wanted 32 x 32 as in 12 of 13 files")


def test_a_fingerprint_is_of_ids_stems_and_contents_wherever_they_lie() -> None:
    def index(folder: str, stem: str = "img_1") -> dict[str, dict[str, list[str]]]:
        training = {"ids": ["1"], "stems": [stem], "images": [f"{folder}/1.tif"], "masks": [f"{folder}/1.png"]}
        return {"training": training, "test": {"ids": [], "stems": [], "images": [], "masks": []}}

    def hashes(folder: str, content: str = "b") -> dict[str, str]:
        return {f"{folder}/1.tif": "a", f"{folder}/1.png": content}

    here = fingerprint(index("here"), hashes("here"))
    assert here == fingerprint(index("there"), hashes("there"))
    assert (
        len({here, fingerprint(index("here", "img_2"), hashes("here")), fingerprint(index("here"), hashes("here", "c"))})
        == 3
    )


def test_a_sweep_removes_the_folders_and_leaves_the_lock(tmp_path: Path) -> None:
    put(tmp_path / "old.1-2.part" / "array.npy", b"")
    put(tmp_path / ".lock", b"")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
