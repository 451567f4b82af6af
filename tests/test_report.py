"""python -m kaggle_seg.report"""

from __future__ import annotations

import re
import shutil
import webbrowser
from dataclasses import replace
from pathlib import Path

import pytest

from kaggle_seg import tune
from kaggle_seg.competition import FIRST
from kaggle_seg.output import write_atomic
from kaggle_seg.remote.ledger import COMPLETE, Entry, Ledger
from kaggle_seg.report import main
from kaggle_seg.run_directory import Run
from tests.drawn_runs import draw_run, draw_training


@pytest.fixture
def run(tree: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A run with all that a pipeline leaves, but for an upload."""
    run = draw_training(draw_run("drawn", tree))
    assert tune.main(["drawn"]) == 0
    capsys.readouterr()
    return run


def page_of(run: Run) -> str:
    return (run.folder / "report.html").read_text(encoding="utf-8")


def notices(run: Run) -> list[str]:
    return re.findall(r'<p class="notice">Not shown: (.*)</p>', page_of(run))


def test_the_last_line_names_the_page(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drawn"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "page: runs/drawn/report.html"
    for words in ("Training loss and learning rate", "Ids of the tiles", "Score against threshold", "Reliability",
                  "The 12 best", "The 12 worst", "Time and memory", "8 (default: 16)"):  # fmt: skip
        assert words in page_of(run), words
    assert [line for line in notices(run) if "ledger.csv" not in line] == []
    assert len(notices(run)) == 1


def test_it_tells_what_each_rule_gains_and_why_one_was_chosen(run: Run, tree: Path) -> None:
    assert main(["drawn"]) == 0
    for words in ("gain over threshold 0.5", "beats rule 1, which follows from the score, by more than noise: +0.",
                  "These clusters count as 24.0 of equal size.", "the figures here are slightly too high"):  # fmt: skip
        assert words in page_of(run), words
    assert "unreliable" not in page_of(run)
    small = draw_run("small", tree, validation=range(0, 12))
    assert tune.main(["small"]) == main(["small"]) == 0
    (weak,) = re.findall(r'<p class="notice">(.*unreliable.*)</p>', page_of(small))
    assert weak == "Fewer than 20 bootstrap clusters (6): the intervals are unreliable."
    assert "stays: with so few bootstrap clusters nothing is tuned." in page_of(small)
    assert "No setting of it was tuned" in page_of(small) and "an unreliable interval" in page_of(small)


def test_the_same_run_gives_the_same_page(run: Run) -> None:
    assert main(["drawn"]) == 0
    first = page_of(run)
    assert main([str(run.folder)]) == 0
    assert page_of(run) == first


def test_the_page_can_be_opened(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert main(["drawn", "--open"]) == 0
    assert opened == [(run.folder / "report.html").as_uri()]


def test_a_run_that_is_not_there(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drown"]) == 2
    assert "no run 'drown'" in capsys.readouterr().err


def test_an_empty_run_tells_what_is_missing(output_root: Path) -> None:
    run = Run(output_root / "runs" / "empty")
    run.folder.mkdir(parents=True)
    assert main(["empty"]) == 0
    told = "\n".join(notices(run))
    for words in ("history.csv: not there", "split.json: not there", "kaggle_seg.predict", "run.toml: not there",
                  "no stage of this run", "no upload"):  # fmt: skip
        assert words in told, words
    assert "<script>" not in page_of(run)


def test_a_run_that_is_not_tuned_is_shown_at_one_half(tree: Path) -> None:
    run = draw_run("untuned", tree)
    assert main(["untuned"]) == 0
    assert "Nothing was tuned for these maps yet" in page_of(run)
    assert "threshold 0.500" in page_of(run)
    assert "Best and worst tiles" in page_of(run)


def test_without_its_tiles_the_rest_is_shown(run: Run, tree: Path) -> None:
    moved = tree.rename(tree.with_name("moved"))
    assert main(["drawn"]) == 0
    assert any("--data DIR" in line for line in notices(run))
    assert "Training loss" in page_of(run) and "Ids of the tiles" in page_of(run)
    assert "Best and worst tiles" not in page_of(run)
    assert main(["drawn", "--data", str(moved)]) == 0
    assert "Best and worst tiles" in page_of(run)


def test_without_test_maps_the_test_ids_come_from_the_tiles(run: Run) -> None:
    shutil.rmtree(run.folder / "test")
    assert main(["drawn"]) == 0
    assert "test: 9 tiles" in page_of(run)
    assert '"tiles": null, "scores"' in page_of(run)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("history.csv", "epoch,loss\n1,x\n", "history.csv: not a history"),
        ("history.csv", "epoch,loss,learning_rate,validation_iou,validation_score,seconds\n", "no epochs in it"),
        ("run.toml", "[network\n", "not a TOML file"),
        ("stages/train.json", "{", "train.json: not a JSON file"),
        ("split.json", "[]", "split.json: not a split"),
        ("decision.json", "{}", "decision.json: not as tuning writes it"),
        ("validation/sums-0000.npy", "x", "not a NumPy array"),
        ("../../submissions/ledger.csv", "a,b\n1,2\n", "ledger.csv: not a ledger"),
    ],
)
def test_a_damaged_file_is_told_in_its_place(run: Run, name: str, content: str, told: str) -> None:
    write_atomic(run.folder / name, content)
    assert main(["drawn"]) == 0
    assert any(told in line for line in notices(run)), notices(run)
    assert "Training" in page_of(run)


def test_uploads_are_shown_local_against_public(run: Run) -> None:
    ours = Entry(competition=FIRST, sha256="1", tag="1", run="drawn", file="drawn.csv", local_score="0.5", reference="7")
    theirs = replace(ours, sha256="2", tag="2", run="a + b", file="<b>.csv", local_score="0.4", reference="8")
    Ledger().record(replace(ours, public_score="0.45"), replace(theirs, status=COMPLETE))
    assert main(["drawn"]) == 0
    assert "1 of 2 uploads have both scores; the public score is on average -0.050 from the local one." in page_of(run)
    assert "drawn.csv (this run)" in page_of(run)
    assert "&lt;b&gt;.csv" in page_of(run) and "<b>.csv" not in page_of(run)


def test_uploads_without_a_public_score_are_listed(run: Run) -> None:
    ours = Entry(competition=FIRST, sha256="1", tag="1", run="a + drawn", file="drawn.csv", local_score="0.5", reference="7")
    Ledger().record(ours)
    assert main(["drawn"]) == 0
    assert "No upload has a public score yet." in page_of(run) and "drawn.csv (this run)" in page_of(run)


def test_few_tiles_are_enough(tree: Path) -> None:
    for count in (1, 2, 5):
        run = draw_run(f"few{count}", tree, validation=range(4, 4 + count))
        assert main([run.name]) == 0
        assert "Best and worst tiles" in page_of(run)


def test_no_validation_tiles(tree: Path) -> None:
    run = draw_run("none", tree, validation=range(0))
    assert main(["none"]) == 0
    assert any("no validation tiles" in line for line in notices(run))
