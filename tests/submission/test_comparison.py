"""A submission compared with another one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.inspect import main
from kaggle_seg.submission.comparison import agreement, compare
from kaggle_seg.submission.table import Submission
from tests.submission.drawn_csvs import COMPETITION, SIDE, draw, iou, write


def test_agreement_is_the_iou_of_each_pair(tmp_path: Path) -> None:
    one, other = draw(0), draw(1)
    other[8] = one[8]
    paths = write(tmp_path, "a", one), write(tmp_path, "b", other)
    found = compare(*(Submission.read(path, COMPETITION) for path in paths))
    assert found.ious == pytest.approx([iou(*pair) for pair in zip(one, other, strict=True)])
    assert found.emptied == ("t_0", "t_3", "t_6")
    assert found.filled == ("t_1", "t_4", "t_7")
    assert found.alone == 0
    assert agreement(*paths, COMPETITION) == pytest.approx(found.ious.mean())


def test_tiles_keep_the_order_of_the_first(tmp_path: Path) -> None:
    for name, stems in (("a", ["t_10", "t_9", "t_2"]), ("b", ["t_2", "t_10", "t_9"])):
        rows = [",".join(COMPETITION.columns), *(f"{stem},1 5,{SIDE},{SIDE}" for stem in stems)]
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    first, second = (Submission.read(tmp_path / f"{name}.csv", COMPETITION) for name in "ab")
    assert compare(first, second).stems == ("t_10", "t_9", "t_2")


def test_tiles_that_only_one_has_or_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a", draw(0)), write(tmp_path, "b", draw(1), first=2)
    text = second.read_text(encoding="utf-8").replace("t_3,", "t_3,x")
    second.write_text(text, encoding="utf-8", newline="\n")
    found = compare(Submission.read(first, COMPETITION), Submission.read(second, COMPETITION))
    assert found.stems == ("t_2", *(f"t_{number}" for number in range(4, 9)))
    assert found.alone == 11 - 6


def test_masks_of_another_size_are_not_compared(output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = output_root / "submissions"
    write(folder, "a", draw(0))
    write(folder, "b", np.zeros((3, 8, 8), bool), side=8)
    assert main(["a", "--against", "b"]) == 2
    assert "16 x 16, submissions/b.csv 8 x 8" in capsys.readouterr().err


def test_inspect_tells_what_changed(output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = output_root / "submissions"
    write(folder, "a", draw(0))
    write(folder, "b", draw(1))
    assert main(["a", "--against", "b"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.startswith("against            submissions/b.csv: 9 tiles in common, mean agreement 0.") for line in lines
    )
    assert "  became empty     3 (t_0, t_3, t_6)" in lines
    assert main(["a", "--against", "a"]) == 0
    assert "  changed          0 tiles" in capsys.readouterr().out.splitlines()
