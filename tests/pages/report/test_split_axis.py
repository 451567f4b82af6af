"""The report's axis of ids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.pages.plot import WIDTH
from kaggle_seg.pages.report.split_axis import LEFT, as_ranges, describe_split, id_axis, runs_of, split_lanes
from kaggle_seg.splits.splitting import Split

LANES = st.sampled_from(["training", "validation", "test"])


def split(**changes: Any) -> Split:
    facts: dict[str, Any] = {
        "method": "blocks",
        "asked": "auto",
        "reason": "the ids follow the ground",
        "seed": 0,
        "guard": 0,
        "fold": 0,
        "folds": [],
        "validation": ["3", "4"],
        "excluded": [],
        "clusters": {str(number): "a" for number in range(8)},
        "audit": {},
        "data": {},
    }
    return Split(**{**facts, **changes})


def test_each_tile_lies_in_one_lane() -> None:
    lanes = split_lanes(split(excluded=["2", "5"]), ["100", "101"])
    assert lanes == {
        "training": ["0", "1", "6", "7"],
        "validation": ["3", "4"],
        "test": ["100", "101"],
        "left out": ["2", "5"],
    }
    assert "left out" not in split_lanes(split(), [])


@settings(deadline=None)
@given(st.dictionaries(LANES, st.sets(st.integers(0, 9999), min_size=1), min_size=1))
def test_the_axis_has_room_for_every_id(ids: dict[str, set[int]]) -> None:
    axis = id_axis({name: [str(number) for number in numbers] for name, numbers in ids.items()})
    assert axis.numbered and 1 <= len(axis.rows) <= 10
    span = max(map(max, ids.values())) - min(map(min, ids.values())) + 1
    scale = (WIDTH - LEFT - 4) / max(50, -(-span // 10))
    for path, numbers in zip(axis.paths, ids.values(), strict=True):
        pieces = re.findall(r"M([\d.]+) [\d.]+h([\d.]+)v", path.d)
        assert sum(float(width) for _, width in pieces) >= len(numbers) * scale - 0.1 * len(pieces)
        assert all(float(left) >= LEFT and float(left) + float(width) <= WIDTH for left, width in pieces)


@settings(deadline=None)
@given(st.sets(st.integers(0, 500)))
def test_ranges_name_every_id_once(numbers: set[int]) -> None:
    text = as_ranges(runs_of(sorted(numbers)))
    ends = [[int(end) for end in part.split("-")] for part in text.split()]
    assert [number for low, *high in ends for number in range(low, (high or [low])[0] + 1)] == sorted(numbers)


def test_ids_without_numbers_are_placed_in_order() -> None:
    axis = id_axis({"training": ["north 10", "north 9"], "test": ["south"]})
    assert not axis.numbered
    assert [row[2] for row in axis.table.rows] == ["0-1", "2"]


def test_the_audit_is_told_as_ranges() -> None:
    audit = {"validation": 0.25, "test": 0.5, "pairs": {"beside": 3, "below": 4, "copies": 1}, "overlaps": [0, 12]}
    words = " ".join(describe_split(split(audit=audit, guard=1, excluded=["2"])))
    for said in (
        "blocks (chosen automatically)",
        "7 pairs of neighbours (overlap 0 and 12 pixels), 1 copies",
        "25.0% of the validation",
        "50.0% of the test tiles",
        "1 tiles within 1 ids",
    ):
        assert said in words, said
    assert "there are no test tiles" in " ".join(describe_split(split(audit={**audit, "test": None})))


@pytest.mark.parametrize("audit", [{}, {"validation": 0.1}])
def test_a_split_without_an_audit(audit: dict[str, Any], tmp_path: Path) -> None:
    assert "no audit" in describe_split(split(audit=audit))[-1]
