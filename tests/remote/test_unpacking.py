"""Archives that are not to be trusted, and archives inside archives."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from kaggle_seg.errors import Failure
from kaggle_seg.remote import unpacking

from .conftest import archive_of


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("images/passwd")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("../outside.txt", b"x")], "leads out of the folder"),
        ([("a/../../outside.txt", b"x")], "leads out of the folder"),
        ([("/outside.txt", b"x")], "leads out of the folder"),
        ([("C:/outside.txt", b"x")], "leads out of the folder"),
        ([("..\\outside.txt", b"x")], "leads out of the folder"),
        ([(link(), b"/etc/passwd")], "a link"),
        ([("a.tif", b"x"), ("A.TIF", b"y")], "twice"),
        ([("bomb", bytes(100 << 20))], "claim to become"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_archive_with_a_trap_is_not_unpacked(
    entries: list[tuple[str | zipfile.ZipInfo, bytes]], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "trap.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [("good.txt", b"good"), *entries]:
            archive.writestr(name, content)
    with pytest.raises(Failure, match=said):
        unpacking.unpack(path, tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists() and not (tmp_path / "outside.txt").exists()


def test_archives_inside_the_archive_are_unpacked_into_folders_of_their_names(tmp_path: Path) -> None:
    path = tmp_path / "outer.zip"
    path.write_bytes(
        archive_of(
            {
                "train.zip": archive_of({"images/1.png": b"a", "masks/1.png": b"b"}),
                "whole.zip": archive_of({"whole/2.png": b"c"}),
                "train.csv": b"id\n",
            }
        )
    )
    assert unpacking.unpack(path, tmp_path / "unpacked") == 4
    unpacked = sorted(file.relative_to(tmp_path / "unpacked").as_posix() for file in (tmp_path / "unpacked").rglob("*.*"))
    assert unpacked == ["train.csv", "train/images/1.png", "train/masks/1.png", "whole/2.png"]
