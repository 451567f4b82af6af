"""The command that draws demo tiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg import demo

SMALL = ["--size", "32", "--training", "4", "--test", "2"]


def test_it_says_what_it_drew_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"
    assert demo.main([str(folder), *SMALL]) == 0
    assert capsys.readouterr().out == f"demo tiles drawn: 4 for training, 2 for the test, in {folder}\n"
    assert demo.main([str(folder), *SMALL]) == 0
    assert capsys.readouterr().out.startswith("demo tiles were there already: ")


def test_other_tiles_in_the_folder_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main([str(tmp_path / "demo"), *SMALL]) == 0
    capsys.readouterr()
    assert demo.main([str(tmp_path / "demo"), *SMALL, "--seed", "1"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert "holds other demo tiles" in told.err
