"""Fixtures that several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def output_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs, submissions and data of a test lie in its own folder; nothing reads the caller's environment."""
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setenv("KSEG_ROOT", str(root))
    for name in ("KAGGLE_KERNEL_RUN_TYPE", "KSEG_PYTHON", "KSEG_PARENT"):
        monkeypatch.delenv(name, raising=False)
    return root
