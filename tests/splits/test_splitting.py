"""split.json, written and read. How a run gets one: tests/test_split.py."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.output import write_json
from kaggle_seg.splits.splitting import read_split
from tests.splits.drawn_surveys import raster, split


def test_a_split_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = split(raster(10, 10, set()))
    write_json(tmp_path / "split.json", dataclasses.asdict(made))
    assert read_split(tmp_path / "split.json") == made


def test_a_split_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    made = split(raster(6, 6, set()), "scenes", folds=2)
    content = dataclasses.asdict(made)
    content["units"] = content.pop("clusters")
    write_json(tmp_path / "split.json", content)
    assert read_split(tmp_path / "split.json") == made


@pytest.mark.parametrize("content", ["{", "[]", '{"method": "scenes"}', None])
def test_what_is_no_split_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "split.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=r"split\.json"):
        read_split(path)
