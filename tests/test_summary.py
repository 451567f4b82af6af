"""python -m kaggle_seg.summary"""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg import decide, tune
from kaggle_seg.summary import main
from tests.drawn_runs import draw_run, draw_tree


def test_it_sums_up_what_decide_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_run("drawn", draw_tree(tmp_path / "tiles"))
    assert tune.main(["drawn"]) == decide.main(["drawn"]) == 0
    capsys.readouterr()
    assert main(["drawn"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["run", "drawn"]
    assert lines[1].split(maxsplit=1)[1] == "12 for training, 48 for validation, 9 in the test"
    assert [line[:26] for line in lines[2:4]] == ["score (empty tiles count 1", "score (empty tiles count 0"]
    assert any(line.endswith("runs/drawn/threshold.svg") for line in lines)
    assert lines[-1].endswith("submissions/drawn.csv")


def test_a_csv_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drown"]) == 2
    assert "no CSV 'drown'" in capsys.readouterr().err
