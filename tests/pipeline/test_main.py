"""The command itself: how it is called, and under which Python."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kaggle_seg.pipeline.__main__ import main


def test_another_python_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert main(["--help"]) == 2
    assert capsys.readouterr().err == f"error: {sys.executable} is Python 3.10.4; this needs 3.11, 3.12 or 3.13\n"


def test_it_runs_through_the_package() -> None:
    command = [sys.executable, "-m", "kaggle_seg", "pipeline", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert told.startswith("usage: python -m kaggle_seg.pipeline [OPTION]...")


def test_it_is_named_as_it_was_typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KSEG_COMMAND", "./run_pipeline.sh")
    assert main(["--quik"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "See ./run_pipeline.sh --help"
