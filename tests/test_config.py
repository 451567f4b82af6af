"""Settings: to TOML and back, unknown keys, ranges, differences, names."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import get_type_hints

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg import config, tables, train
from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.output import write_atomic
from kaggle_seg.run_directory import Run
from tests.drawn_runs import draw_run, draw_tree

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
    text = tomli_w.dumps(tables.to_tables(settings))
    assert tables.from_tables(RunSettings, tomllib.loads(text), "run.toml") == settings
    assert config.problems(settings) == []


WRONG = {
    "network": {
        "depth": "three",
        "stem": "quarter",
        "residual": 1,
        "base_filters": True,
        "dropout": "0",
        "convs_per_level": 2.0,
        "upsampling": ["bilinear"],
    },
    "training": 5,
}


def test_wrong_types_and_unknown_choices_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(tomli_w.dumps(WRONG), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        config.read_settings(path)
    assert caught.value.problems == [
        f"{path}: depth = 'three', wanted a whole number; mend it",
        f"{path}: stem = 'quarter', wanted one of half, full; mend it",
        f"{path}: residual = 1, wanted true or false; mend it",
        f"{path}: base_filters = True, wanted a whole number; mend it",
        f"{path}: dropout = '0', wanted a number; mend it",
        f"{path}: convs_per_level = 2.0, wanted a whole number; mend it",
        f"{path}: upsampling = ['bilinear'], wanted one of transposed, bilinear; mend it",
        f"{path}: training = 5, wanted a table; mend it",
    ]


def test_a_faulty_run_is_refused_in_plain_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = draw_run("faulty", draw_tree(tmp_path / "tiles"))
    write_atomic(run.settings_file, tomli_w.dumps(WRONG))
    assert train.main(["--run", "faulty"]) == 2
    errors = capsys.readouterr().err
    assert "run.toml: depth = 'three', wanted a whole number; mend it" in errors and "8 problems" in errors


@given(st.sets(st.sampled_from(sorted(get_type_hints(NetworkSettings)))))
def test_keys_that_an_old_record_lacks_mean_the_old_behaviour(lacking: set[str]) -> None:
    before = {"depth": 4, "residual": True, "upsampling": "bilinear"}
    written = dataclasses.asdict(NetworkSettings(depth=2, residual=False, base_filters=4))
    record = {"network": {key: value for key, value in written.items() if key not in lacking}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(config.OLD_VALUES, "network", before)
        read = config.with_old_values("run", record)["network"]
    for key in written:
        if key not in lacking:
            assert read[key] == written[key]
        else:
            assert read.get(key, "today's default") == before.get(key, "today's default")


def test_an_old_run_is_read_with_the_old_behaviour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(config.OLD_VALUES, "training", {"seed": 7, "epochs": 3})
    path = tmp_path / "run.toml"
    path.write_text("[network]\ndepth = 2\n[training]\nepochs = 5\n", encoding="utf-8")
    assert config.read_settings(path) == RunSettings(NetworkSettings(depth=2), TrainingSettings(epochs=5, seed=7))
    path.write_text("[network]\ndepth = 2\n", encoding="utf-8")
    assert config.read_settings(path).training == TrainingSettings(epochs=3, seed=7)


def test_a_stage_of_an_old_record_is_done_if_the_behaviour_is_the_old_one(
    output_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(output_root / "runs" / "old")
    with run.stage("predict", {"tta": "d4", "settings": {"network": {"depth": 2}}}, []) as stage:
        assert not stage.finished
    monkeypatch.setitem(config.OLD_VALUES, "predict", {"tiling": "whole"})
    monkeypatch.setitem(config.OLD_VALUES, "network", {"encoder": "none"})
    for encoder, finished in (("none", True), ("lite0", False)):
        inputs = {"tta": "d4", "tiling": "whole", "settings": {"network": {"depth": 2, "encoder": encoder}}}
        with run.stage("predict", inputs, []) as stage:
            assert stage.finished is finished


def test_no_old_value_is_of_a_key_that_is_unknown() -> None:
    known = {"network": NetworkSettings, "training": TrainingSettings}
    for table, values in config.OLD_VALUES.items():
        if table in known:
            tables.from_tables(known[table], values, f"OLD_VALUES[{table!r}]")


def test_all_settings_out_of_range_are_named_at_once() -> None:
    wrong = RunSettings(NetworkSettings(depth=0, dropout=1.0), TrainingSettings(epochs=3, minutes=2, learning_rate=-1))
    lines = config.problems(wrong)
    assert [line.split()[0] for line in lines] == ["--depth", "--dropout", "--learning-rate", "--epochs"]
    assert "--depth 0: wanted 1 to 6" in lines


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
    lite = config.default_run_name(tmp_path / folder, NetworkSettings(encoder="efficientnet-lite0"), quick)
    assert lite == name.replace("unet16", "efficientnet-lite0")


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_bytes(b"\xef\xbb\xbf[network]\ndepth = 2\n")
    assert config.read_settings(tmp_path / "run.toml").network.depth == 2


def test_an_encoder_has_levels_of_its_own() -> None:
    plain, lite = NetworkSettings(), NetworkSettings(encoder="efficientnet-lite0")
    assert config.problems(RunSettings(lite)) == []
    shaped = dataclasses.replace(lite, depth=2, stem="full", encoder_weights="none", encoder_training="frozen")
    assert [line.split()[0] for line in config.problems(RunSettings(shaped))] == ["--stem", "--depth", "--encoder-weights"]
    (line,) = config.problems(RunSettings(dataclasses.replace(plain, encoder_weights="none", decoder_filters=32)))
    assert line.startswith("--encoder-weights, --decoder-filters: of no use without an encoder")
