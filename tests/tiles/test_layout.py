"""Where the tiles lie: a layout found from any folder above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.tiles.layout import find_layout

from .trees import LAYOUTS, make_tree, put


def problems_of(folder: Path) -> list[str]:
    """The lines with which a folder is refused."""
    with pytest.raises(BadInput) as error:
        find_layout(folder)
    return error.value.problems


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("above", [0, 1, 3, 5])
def test_found_from_any_folder_above(tmp_path: Path, layout: str, above: int) -> None:
    root = make_tree(tmp_path.joinpath("top", *"abcde"[:above], "Classification_Dataset"), layout)
    put(tmp_path / "top" / "notes" / "readme.txt", b"nothing")
    assert find_layout(root.parents[above - 1] if above else root).root == root


def test_not_looked_for_too_far_down(tmp_path: Path) -> None:
    make_tree(tmp_path.joinpath(*"abcdef"))
    (line,) = problems_of(tmp_path)
    assert "no tiles at or below it; wanted a folder with train/images" in line


def test_too_many_folders_are_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kaggle_seg.tiles.layout.MOST_FOLDERS", 10)
    for number in range(12):
        (tmp_path / str(number)).mkdir()
    assert "more than 10 folders below it" in problems_of(tmp_path)[0]


def test_two_trees_are_ambiguous_and_both_are_named(tmp_path: Path) -> None:
    make_tree(tmp_path / "one")
    make_tree(tmp_path / "other" / "deeper", "kaggle")
    (line,) = problems_of(tmp_path)
    assert str(tmp_path / "one/train/images") in line and str(tmp_path / "other/deeper/training/images") in line


def test_two_layouts_in_one_folder_are_ambiguous(tmp_path: Path) -> None:
    make_tree(tmp_path, "plain")
    make_tree(tmp_path, "kaggle")
    assert "more than one set of tiles" in problems_of(tmp_path)[0]


def test_a_whole_tree_beside_a_stray_images_folder(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    root = make_tree(tmp_path / "tree")
    assert find_layout(tmp_path).root == root


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_no_folder(tmp_path: Path, kind: str) -> None:
    if kind == "file":
        put(tmp_path / "data", b"zip")
    expected = {"missing": "no such folder; check the path", "file": "a file; unpack it"}[kind]
    assert problems_of(tmp_path / "data")[0].startswith(f"{tmp_path / 'data'}: {expected}")
