"""What the files of a run tell its report."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.pages.report.run_facts import ledger_plot, ledger_table, read_history, settings_tables, stage_table, uploads
from kaggle_seg.remote.ledger import Entry
from kaggle_seg.run_directory import Run
from tests.drawn_runs import draw_training

HEADER = "epoch,loss,learning_rate,validation_iou,validation_score,seconds\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("epoch,loss\n1,1.5\n", "not a history of epochs"),
        (HEADER + "1,x,0,0,0,0\n", "not a history of epochs"),
        (HEADER + "1,1.5,0.1,0.2\n", "an incomplete one"),
        (HEADER, "no epochs in it"),
        ("", "not a history of epochs"),
    ],
)
def test_a_damaged_history_is_told(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "history.csv").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=told):
        read_history(tmp_path / "history.csv")


def test_a_history_is_read_with_columns_that_are_not_known_yet(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(HEADER.replace("seconds", "seconds,energy") + "1,1.5,0.1,0.2,0.3,30,7\n", encoding="utf-8")
    assert read_history(path) == [
        {"epoch": 1, "loss": 1.5, "learning_rate": 0.1, "validation_iou": 0.2, "validation_score": 0.3, "seconds": 30}
    ]


def test_settings_name_the_default_they_differ_from(output_root: Path) -> None:
    run = draw_training(Run(output_root / "runs" / "drawn"))
    rows = [row for table in settings_tables(run) for row in table.rows]
    assert "8 (default: 16)" in dict(rows).values()
    assert ("tta", "d4") in rows
    assert "model" not in dict(rows), "a hash tells a person nothing"
    assert [row[0] for row in stage_table(run).rows] == ["train", "predict", "together"]


def test_uploads_of_a_run_are_told_apart(output_root: Path) -> None:
    run = Run(output_root / "runs" / "a")
    entries = [
        Entry(
            competition=find_competition().slug,
            sha256="1",
            tag="1",
            run="a + b",
            file="a.csv",
            local_score="0.5",
            public_score="0.25",
            reference="1",
        ),
        Entry(
            competition=find_competition().slug, sha256="2", tag="2", run="c", file="c.csv", local_score="0.5", reference="2"
        ),
    ]
    assert [row[1] for row in ledger_table(entries, run).rows] == ["a.csv (this run)", "c.csv"]
    plot = ledger_plot(entries, run)
    assert plot and plot.summary.startswith("1 of 2 uploads have both scores")
    assert ledger_plot(entries[1:], run) is None
    with pytest.raises(BadInput, match="no upload to a-slug"):
        uploads("a-slug")
