"""Groups of tiles from a CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.splits.groups import by_groups

IDS = ["1", "2", "3", "10"]


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "groups.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tiles_are_named_by_id_or_file(tmp_path: Path, encoding: str, end: str) -> None:
    rows = ["tile,group", "img_1.tif,north", "2,south", "", "img_3, north", "0010,Turin"]
    grouping = by_groups(IDS, write(tmp_path, end.join(rows), encoding))
    assert grouping.blocks == [[0, 2], [1], [3]]
    assert grouping.clusters == ["north", "south", "north", "Turin"]


def test_all_faulty_rows_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "tile,group\n1,a\n1,b\n77,a\n2,\n3\n3,a,b\n")
    with pytest.raises(BadInput) as told:
        by_groups(IDS, path)
    lines = [line.removeprefix(f"{path} ").removeprefix(f"{path}: ") for line in told.value.problems]
    assert lines == [
        "row 3: tile 1 was given before; remove one of the rows",
        "row 4: '77' is no training tile; remove the row or mend the name",
        "row 5: tile 2 without a group; give it one",
        "row 6: 1 fields; wanted 2, tile and group",
        "row 7: 3 fields; wanted 2, tile and group",
        "no row for tile 2; add one",
        "no row for tile 3; add one",
        "no row for tile 10; add one",
    ]


@pytest.mark.parametrize("text", ["", "\n", "id;scene\n1;a\n", "1,a\n2,b\n"])
def test_the_header_is_wanted(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="wanted the header tile,group"):
        by_groups(IDS, write(tmp_path, text))


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="give --groups a CSV"):
        by_groups(IDS, tmp_path / "none.csv")
    (tmp_path / "groups.csv").write_bytes(b"tile,group\n\xff\xfe,a\n")
    with pytest.raises(BadInput, match="not a CSV in UTF-8"):
        by_groups(IDS, tmp_path / "groups.csv")
