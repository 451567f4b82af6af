"""Competitions: those that ship, those that a person describes, and every fault of a description."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli_w

from kaggle_seg.competition import FOLDER, Competition, as_tables, find_competition, read_competition, recorded
from kaggle_seg.errors import BadInput

SHIPPED = sorted(path.stem for path in FOLDER.glob("*.toml"))


def test_without_a_name_it_is_the_first_one() -> None:
    assert find_competition() == find_competition(" ") == find_competition("ann-and-dl-image-segmentation")


@pytest.mark.parametrize("slug", SHIPPED)
def test_what_ships_is_found_by_slug_and_by_address_and_survives_toml(slug: str, tmp_path: Path) -> None:
    found = find_competition(slug)
    assert found.slug == slug
    for address in (f"https://www.kaggle.com/competitions/{slug}/rules", f"kaggle.com/c/{slug}", f" {slug} "):
        assert find_competition(address) == found
    copy = tmp_path / "copy.toml"
    copy.write_text(tomli_w.dumps(as_tables(found)), encoding="utf-8")
    assert find_competition(str(copy)) == found


def test_the_four_that_ship() -> None:
    assert SHIPPED == [
        "airbus-ship-detection",
        "ann-and-dl-image-segmentation",
        "carvana-image-masking-challenge",
        "tgs-salt-identification-challenge",
    ]
    for slug in SHIPPED:
        works = slug in ("ann-and-dl-image-segmentation", "tgs-salt-identification-challenge")
        if works:
            find_competition(slug).need_stages()
        else:
            with pytest.raises(BadInput, match="its CSV can be read"):
                find_competition(slug).need_stages()


def test_ids_by_number_or_by_stem() -> None:
    assert find_competition().tile_id("test_image_068") == "68"
    assert find_competition("tgs-salt-identification-challenge").tile_id("000e218f21") == "000e218f21"


def test_the_test_ids_of_the_first_are_1234() -> None:
    first = find_competition()
    ids = [
        str(number)
        for low, _, high in (part.partition("-") for part in first.test_ids.split())
        for number in range(int(low), int(high) + 1)
    ]
    assert len(ids) == 1234 and first.has_test_ids(ids) and not first.has_test_ids(ids[1:])


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="airbus-ship-detection, ann-and-dl"):
        find_competition("titanic")
    with pytest.raises(BadInput, match="no such file"):
        find_competition("mine.toml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense = 1", "unknown key 'nonsense'"),
        ('columns = ["id"]', "2 or 4 names"),
        ("columns = [1, 2]", "2 or 4 names"),
        ('pixel_order = "diagonals"', "one of ('columns', 'rows')"),
        ('score = "f2"', "one of ('iou_steps', 'iou', 'dice')"),
        ("iou_steps = [10, 20]", "from 1 to 19"),
        ("iou_steps = []", "from 1 to 19"),
        ("height = -1", "height = -1"),
        ("height = true", "height = True"),
        ("width = 10.5", "width = 10.5"),
        ("id_suffix = 3", "id_suffix = 3"),
        ("not TOML", "not a TOML file"),
    ],
)
def test_a_fault_in_a_description_is_named(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'slug = "mine"\n{line}\n', encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_competition(path)
    assert said in str(error.value) and str(path) in str(error.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('nonsense = 1\nscore = "f2"\n', encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_competition(path)
    assert len(error.value.problems) == 3  # the slug is missing too


def test_a_description_of_two_lines_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('slug = "mine"\ncolumns = ["id", "predicted"]\n', encoding="utf-8")
    assert read_competition(path) == Competition(slug="mine", columns=("id", "predicted"), test_ids="")


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('slug = "mine"\n', encoding="utf-8-sig")
    assert read_competition(path) == Competition(slug="mine")


def test_records_say_nothing_of_the_first_one() -> None:
    salt = find_competition("tgs-salt-identification-challenge")
    assert recorded(find_competition()) == {} and recorded(salt) == {"competition": as_tables(salt)}
