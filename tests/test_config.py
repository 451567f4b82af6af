"""Settings: to TOML and back, unknown keys, ranges, differences, names."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg import config
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput

networks = st.builds(
    NetworkSettings,
    stem=st.sampled_from(("half", "full")),
    base_filters=st.integers(1, 1024),
    depth=st.integers(1, 6),
    dropout=st.floats(0, 0.99),
    residual=st.booleans(),
)
trainings = st.builds(
    TrainingSettings, epochs=st.integers(0, 9999), learning_rate=st.floats(1e-9, 10), seed=st.integers(0, 2**32 - 1)
)


@given(networks, trainings)
def test_settings_survive_toml(network: NetworkSettings, training: TrainingSettings) -> None:
    settings = RunSettings(network, training)
    text = tomli_w.dumps(config.to_tables(settings))
    assert config.from_tables(RunSettings, tomllib.loads(text), "run.toml") == settings
    assert config.problems(settings) == []


def test_every_unknown_key_is_named_with_the_known_ones() -> None:
    tables = {"network": {"base_filter": 8, "depth": 2, "width": 3}}
    with pytest.raises(BadInput) as caught:
        config.from_tables(RunSettings, tables, "run.toml")
    assert len(caught.value.problems) == 2
    assert "run.toml: unknown key 'base_filter' (known: stem, base_filters," in caught.value.problems[0]


def test_missing_keys_take_their_defaults() -> None:
    assert config.from_tables(RunSettings, {"network": {"depth": 2}}, "x").network == NetworkSettings(depth=2)


def test_all_settings_out_of_range_are_named_at_once() -> None:
    wrong = RunSettings(NetworkSettings(depth=0, dropout=1.0), TrainingSettings(epochs=3, minutes=2, learning_rate=-1))
    lines = config.problems(wrong)
    assert [line.split()[0] for line in lines] == ["--depth", "--dropout", "--learning-rate", "--epochs"]
    assert "--depth 0: wanted 1 to 6" in lines


def test_differences_name_the_settings() -> None:
    old = RunSettings()
    new = RunSettings(NetworkSettings(depth=5), dataclasses.replace(old.training, seed=3))
    assert config.differences(old, old) == []
    assert config.differences(old, new) == ["network.depth: 3 -> 5", "training.seed: 0 -> 3"]


@pytest.mark.parametrize(
    ("folder", "quick", "name"),
    [
        ("satbuild", False, "satbuild-unet16"),
        ("my tiles (2)", True, "my-tiles-2-unet16-quick"),
        ("…", False, "tiles-unet16"),
    ],
)
def test_a_runs_name_comes_from_folder_and_network(tmp_path: Path, folder: str, quick: bool, name: str) -> None:
    assert config.default_run_name(tmp_path / folder, NetworkSettings(base_filters=16), quick) == name


def test_a_damaged_toml_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("a = = 1", encoding="utf-8")
    with pytest.raises(BadInput, match=r"run\.toml: not a TOML file"):
        config.read_toml(tmp_path / "run.toml")
