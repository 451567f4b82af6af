"""A run of drawn tiles, and its submissions."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg import decide, tune
from tests.drawn_runs import draw_run


@pytest.fixture
def submissions(output_root: Path, tree: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder with drawn.csv, by the tuned decision, and low.csv, by a low threshold."""
    draw_run("drawn", tree)
    assert (
        tune.main(["drawn"]) == decide.main(["drawn"]) == decide.main(["drawn", "--threshold", "0.3", "--name", "low"]) == 0
    )
    capsys.readouterr()
    return output_root / "submissions"
