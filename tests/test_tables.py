"""Tables of TOML: every fault named at once, types and choices, differences."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg import tables
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput


def test_every_unknown_key_is_named_with_the_known_ones() -> None:
    given = {"network": {"base_filter": 8, "depth": 2, "width": 3}}
    with pytest.raises(BadInput) as caught:
        tables.from_tables(RunSettings, given, "run.toml")
    assert len(caught.value.problems) == 2
    assert "run.toml: unknown key 'base_filter' (known: stem, base_filters," in caught.value.problems[0]


plain = st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.integers(), max_size=2)


@given(st.sampled_from([NetworkSettings, TrainingSettings]), st.data())
def test_any_value_is_of_its_type_or_named(kind: type, data: st.DataObject) -> None:
    hints = get_type_hints(kind)
    key = data.draw(st.sampled_from(sorted(hints)))
    value = data.draw(plain | st.sampled_from(get_args(hints[key]) or (0,)))
    if get_args(hints[key]):
        fits = value in get_args(hints[key])
    else:
        fits = isinstance(value, hints[key] if hints[key] is not float else (int, float))
        fits = fits and (isinstance(value, bool) is (hints[key] is bool))
    try:
        settings = tables.from_tables(kind, {key: value}, "run.toml")
    except BadInput as error:
        (problem,) = error.problems
        assert not fits
        assert problem.startswith(f"run.toml: {key} = {value!r}, wanted ")
    else:
        assert fits
        assert getattr(settings, key) is value


def test_a_whole_number_is_a_number() -> None:
    assert tables.from_tables(TrainingSettings, {"learning_rate": 1, "minutes": 20}, "x").minutes == 20


def test_missing_keys_take_their_defaults() -> None:
    assert tables.from_tables(RunSettings, {"network": {"depth": 2}}, "x").network == NetworkSettings(depth=2)


def test_differences_name_the_settings() -> None:
    old = RunSettings()
    new = RunSettings(NetworkSettings(depth=5), dataclasses.replace(old.training, seed=3))
    assert tables.differences(old, old) == []
    assert tables.differences(old, new) == ["network.depth: 3 -> 5", "training.seed: 0 -> 3"]


def test_a_damaged_toml_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("a = = 1", encoding="utf-8")
    with pytest.raises(BadInput, match=r"run\.toml: not a TOML file"):
        tables.read_toml(tmp_path / "run.toml")
