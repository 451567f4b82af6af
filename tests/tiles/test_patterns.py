"""Datasets: tiles that lie where a competition's TOML file says; masks as images, or as run lengths in a CSV."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.tiles.cache import open_cache
from kaggle_seg.tiles.dataset import find_dataset

SALT = find_competition("tgs-salt-identification-challenge")
TABLE = replace(SALT, masks="train.csv")
STEMS = ["000e218f21", "00950d1621", "ff00021", "7", "007"]  # alike by the numbers that end them


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Five training tiles and two test tiles of 10 × 13 pixels, masks both ways (in 16 bits); the first mask is empty."""
    random = np.random.default_rng(5)
    masks = random.random((len(STEMS), 10, 13)) < 0.4
    masks[0] = False
    root = tmp_path / "data" / "salt"
    for folder in ("train/images", "train/masks", "test/images"):
        (root / folder).mkdir(parents=True)
    for stem, mask in zip(STEMS, masks, strict=True):
        Image.fromarray(random.integers(0, 256, (10, 13, 3), np.uint8)).save(root / "train/images" / f"{stem}.png")
        Image.fromarray(65535 * mask.astype(np.uint16)).save(root / "train/masks" / f"{stem}.png")
    for stem in ("aa01", "bb01"):
        Image.fromarray(random.integers(0, 256, (10, 13, 3), np.uint8)).save(root / "test/images" / f"{stem}.png")
    rows = [f"{stem},{text}" for stem, text in zip(STEMS, rle.encode(masks), strict=True)]
    (root / "train.csv").write_text("\n".join(["id,rle_mask", *rows]) + "\n", encoding="utf-8", newline="\n")
    return tmp_path / "data"


def test_tiles_pair_by_their_whole_stems(tree: Path) -> None:
    found = find_dataset(tree, SALT)
    assert found.root == tree / "salt"
    assert sorted(tile.id for tile in found.training) == sorted(STEMS)
    assert [tile.stem for tile in found.test] == ["aa01", "bb01"]


def test_masks_from_a_csv_are_the_masks_from_images(tree: Path) -> None:
    images, table = open_cache(tree, competition=SALT), open_cache(tree, competition=TABLE)
    assert images.training.ids == table.training.ids and images.folder != table.folder
    assert images.training.masks is not None and table.training.masks is not None
    assert (np.asarray(images.training.masks) == np.asarray(table.training.masks)).all()
    assert not table.training.masks[table.training.ids.index(STEMS[0])].any()
    assert (images.height, images.width) == (10, 13)


def test_a_changed_csv_is_noticed(tree: Path) -> None:
    path = tree / "salt" / "train.csv"
    before, facts = open_cache(tree, competition=TABLE), path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace("000e218f21,", "000e218f21,1 130"), encoding="utf-8")
    assert open_cache(tree, competition=TABLE).fingerprint != before.fingerprint
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("1 130", "1 129"), encoding="utf-8")  # as long as before
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    changed = open_cache(tree, competition=TABLE)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert open_cache(tree, verify=True, competition=TABLE).fingerprint != changed.fingerprint


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("000e218f21,", "000e218f21,1 131", "train.csv#000e218f21: "),
        ("000e218f21,", "another,", "train.csv#another: no image of id another"),
    ],
)
def test_a_faulty_row_is_named(old: str, new: str, said: str, tree: Path) -> None:
    path = tree / "salt" / "train.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput) as error:
        open_cache(tree, competition=TABLE)
    assert any(problem.startswith(said) for problem in error.value.problems)


def test_what_is_missing_is_named(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="train/images"):
        find_dataset(tmp_path / "data" / "salt" / "test", SALT)
    (tree / "salt" / "train.csv").unlink()
    with pytest.raises(BadInput, match=r"train\.csv: cannot be read"):
        find_dataset(tree, TABLE)


def test_a_competition_of_which_only_the_csv_is_known_says_so(tree: Path) -> None:
    with pytest.raises(BadInput, match="GIF masks"):
        find_dataset(tree, find_competition("carvana-image-masking-challenge"))
    with pytest.raises(BadInput, match="single ships"):
        open_cache(tree, competition=find_competition("airbus-ship-detection"))


def test_patterns_of_ones_own(tree: Path) -> None:
    mine = Competition(slug="mine", images="salt/train/*/*7.png", masks="salt/train/masks/*7.png", test="salt/test/*/*.png")
    with pytest.raises(BadInput, match="the same id 7"):
        find_dataset(tree, mine)
