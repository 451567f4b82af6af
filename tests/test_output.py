"""Where output goes, and writes that are whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kaggle_seg import output
from kaggle_seg.errors import BadInput
from kaggle_seg.output import file_hash, read_json, shown, write_atomic, write_json


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_atomic(path, "old\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, "new\n")
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["a.txt"]
    assert path.read_bytes() == b"old\n"


def test_outputs_of_a_kaggle_notebook_go_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KSEG_ROOT")
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    monkeypatch.chdir(tmp_path)
    assert output.output_root() == tmp_path
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE")
    assert (output.output_root() / "setup.cfg").exists()


def test_paths_are_shown_from_where_a_person_stands(output_root: Path, tmp_path: Path) -> None:
    assert shown(output_root / "runs" / "first" / "run.toml") == "runs/first/run.toml"
    elsewhere = Path(tmp_path.anchor) / "elsewhere" / "a.csv"
    assert shown(elsewhere) == str(elsewhere)


def test_json_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a.json", {"café": [1, 0.5, None]})
    assert read_json(tmp_path / "new" / "a.json") == {"café": [1, 0.5, None]}
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadInput, match=r"b\.json: not a JSON file .* delete it and start its stage again"):
        read_json(tmp_path / "b.json")


def test_a_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
