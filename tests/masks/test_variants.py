"""The names of metric variants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.variants import VARIANTS, MetricVariant, parse_variant

KEYS = ["score_empty_one", "score_empty_zero", "score_buildings", "iou_empty_one", "iou_empty_zero", "iou_buildings"]
OLD_NAMES = ["competition_one", "competition_zero", "competition_buildings", "iou_one", "iou_zero", "iou_buildings"]


def test_every_variant_has_its_key() -> None:
    assert [variant.key for variant in VARIANTS] == KEYS


@pytest.mark.parametrize("names", [KEYS, OLD_NAMES])
def test_new_and_old_names_are_read(names: list[str]) -> None:
    assert [parse_variant(name) for name in names] == list(VARIANTS)


@pytest.mark.parametrize(
    "name", ["", "score", "competition_", "iou_two", "score_one", "Score_empty_one", "competition_None"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(BadInput, match="score_empty_one, "):
        parse_variant(name)


@pytest.mark.parametrize(("score", "name"), [("iou_steps", "score"), ("iou", "IoU"), ("dice", "Dice")])
def test_people_read_one_name_everywhere(score: str, name: str) -> None:
    competition = replace(find_competition(), score=score)  # type: ignore[arg-type]
    assert [variant.label(competition) for variant in VARIANTS] == [
        f"{name} (empty tiles count 1)",
        f"{name} (empty tiles count 0)",
        f"{name} (tiles with buildings)",
        "IoU (empty tiles count 1)",
        "IoU (empty tiles count 0)",
        "IoU (tiles with buildings)",
    ]


def test_a_variant_can_be_told_apart_and_collected() -> None:
    assert len({*VARIANTS, MetricVariant("iou", "one")}) == 6
