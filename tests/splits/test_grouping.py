"""What stays together: runs of ids, scenes, and groups from a CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.splits.grouping import by_groups, chance, consecutive, gap_lengths
from tests.splits.drawn_surveys import raster, split, survey

IDS = ["1", "2", "3", "10"]
TEST_RUNS = {*range(30, 42), *range(100, 120), *range(205, 208), *range(300, 317)}


def test_runs_are_as_long_as_those_of_the_test_tiles() -> None:
    tiles = raster(20, 20, TEST_RUNS)
    assert gap_lengths(tiles.training, tiles.test) == [12, 20, 3, 17]
    made = split(tiles)
    assert (made.method, made.asked) == ("blocks", "auto") and "ids follow the ground" in made.reason
    for part in made.folds:
        assert max(len(run) for run in consecutive(part)) <= 20
    assert abs(made.audit["validation"] - made.audit["test"]) < 0.15
    assert len(split(tiles, "random").validation) and split(tiles, "random").audit["validation"] > 0.95


def test_clusters_of_runs_are_at_most_eight_consecutive_ids() -> None:
    made = split(raster(20, 20, TEST_RUNS), "blocks")
    rows: dict[str, list[int]] = {}
    for name, cluster in made.clusters.items():
        rows.setdefault(cluster, []).append(int(name))
    assert all(len(ids) <= 8 and ids == list(range(ids[0], ids[-1] + 1)) for ids in rows.values())
    assert made.clusters["0"].startswith("0 to ")


@pytest.mark.parametrize("guard", [1, 3, 21])
def test_a_guard_keeps_ids_apart(guard: int) -> None:
    tiles = raster(20, 20, TEST_RUNS)
    made = split(tiles, guard=guard)
    validation = {int(name) for name in made.validation}
    for name in tiles.training:
        near = min(abs(int(name) - number) for number in validation)
        assert (name in made.excluded) == (0 < near <= guard)
    assert made.audit["validation"] <= split(tiles).audit["validation"]
    assert guard < 21 or made.audit["validation"] == 0.0, "the rows above and below are out of reach as well"


def test_a_guard_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="leaves no tile to train on"):
        split(raster(5, 5, set()), "blocks", guard=30)


def test_scenes_too_large_for_half_a_fold_are_cut_across() -> None:
    tiles = raster(40, 10, set())
    made = split(tiles, "scenes")
    sizes = np.unique(list(made.clusters.values()), return_counts=True)[1]
    assert sizes.tolist() == [40] * 10
    assert made.audit["validation"] < 0.6, "a sweep from end to end touches few tiles"


def test_two_tiles_are_of_one_scene_by_a_test_tile() -> None:
    tiles = survey(range(8), [8], [(0, 8), (5, 8)])
    clusters = split(tiles, "scenes", folds=2).clusters
    assert clusters["0"] == clusters["5"] == "scene 0" and clusters["1"] == "scene 1"


def test_what_looks_random_is_the_same_on_every_machine() -> None:
    assert chance(7, "img", 3).hex() == "a00c25646499b11f"


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "groups.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tiles_are_named_by_id_or_file(tmp_path: Path, encoding: str, end: str) -> None:
    rows = ["tile,group", "img_1.tif,north", "2,south", "", "img_3, north", "0010,Turin"]
    grouping = by_groups(IDS, write(tmp_path, end.join(rows), encoding), find_competition())
    assert grouping.blocks == [[0, 2], [1], [3]]
    assert grouping.clusters == ["north", "south", "north", "Turin"]


def test_all_faulty_rows_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "tile,group\n1,a\n1,b\n77,a\n2,\n3\n3,a,b\n")
    with pytest.raises(BadInput) as told:
        by_groups(IDS, path, find_competition())
    lines = [line.removeprefix(f"{path} ").removeprefix(f"{path}: ") for line in told.value.problems]
    assert lines == [
        "row 3: tile 1 was given before; remove one of the rows",
        "row 4: '77' is no training tile; remove the row or correct the name",
        "row 5: tile 2 has no group; give it one",
        "row 6: 1 field; wanted 2, tile and group",
        "row 7: 3 fields; wanted 2, tile and group",
        "no row for tile 2; add one",
        "no row for tile 3; add one",
        "no row for tile 10; add one",
    ]


@pytest.mark.parametrize("text", ["", "\n", "id;scene\n1;a\n", "1,a\n2,b\n"])
def test_the_header_is_wanted(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="wanted the header tile,group"):
        by_groups(IDS, write(tmp_path, text), find_competition())


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="give --groups a CSV"):
        by_groups(IDS, tmp_path / "none.csv", find_competition())
    (tmp_path / "groups.csv").write_bytes(b"tile,group\n\xff\xfe,a\n")
    with pytest.raises(BadInput, match="not a CSV in UTF-8"):
        by_groups(IDS, tmp_path / "groups.csv", find_competition())


def test_tiles_whose_ids_are_whole_stems_are_named_by_id_or_file(tmp_path: Path) -> None:
    salt = find_competition("tgs-salt-identification-challenge")
    path = write(tmp_path, "tile,group\n000e218f21,a\n00950d1621.png,b\nv1.2,a\n")
    assert by_groups(["000e218f21", "00950d1621", "v1.2"], path, salt).clusters == ["a", "b", "a"]
