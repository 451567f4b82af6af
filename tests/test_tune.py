"""python -m kaggle_seg.tune"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.masks.scores import competition_scores, overlaps
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.tune import main
from tests.drawn_runs import draw_masks, draw_run, predicted, write_maps


def decision_of(run: Run) -> dict:
    return json.loads(run.decision_file.read_text(encoding="utf-8"))


def test_a_run_is_tuned(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drawn"]) == 0
    decision = decision_of(run)
    assert [candidate["decision"]["rule"] for candidate in decision["candidates"]] == [
        "expected-IoU cut",
        "threshold",
        "cleaned threshold",
        "expected-IoU cut",
    ]
    assert decision["tiles"] == 48 and decision["tiles_with_buildings"] == 36
    assert decision["score"]["clusters"] == decision["score"]["effective_clusters"] == 24 and decision["score"]["reliable"]
    assert all(candidate["gain"]["low"] <= candidate["gain"]["mean"] for candidate in decision["candidates"])
    score = decision["score"]
    assert 0 <= score["low"] <= score["mean"] <= score["high"] <= 1
    assert {"score_empty_one", "score_empty_zero", "score_buildings", "iou_empty_one"} <= set(decision["scores"])
    assert len(decision["differences"]) == 3 and decision["seconds"] >= 0
    said = capsys.readouterr().out
    assert "48 validation tiles, 36 with buildings, in 24 bootstrap clusters (scenes, groups or pieces of ids)" in said
    assert "\nthese clusters count as 24.0 of equal size\n" in said and "\ngain over threshold 0.5 " in said
    place = [candidate["decision"] for candidate in decision["candidates"]].index(decision["decision"]) + 1
    assert decision["reason"] == "better" and f"\nrule {place} beats rule 1, which follows from the score" in said
    assert f"  {decision['description']}\n" in said.partition("* ")[2] and "unreliable" not in said
    assert "decision: " in said.splitlines()[-1] and "runs/drawn/decision.json" in said.splitlines()[-1]
    assert ElementTree.parse(run.folder / "threshold.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_an_unchanged_run_is_skipped(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drawn"]) == 0
    first, said = run.decision_file.read_bytes(), capsys.readouterr().out
    assert main(["drawn"]) == 0
    again = capsys.readouterr()
    assert "done before" in again.err and again.out == said
    assert run.decision_file.read_bytes() == first


@pytest.mark.parametrize("change", ["maps", "empty tiles", "picture"])
def test_a_changed_run_is_tuned_anew(run: Run, change: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drawn"]) == 0
    options = []
    if change == "maps":
        shutil.rmtree(run.folder / "validation")
        truth = draw_masks(60, seed=1)[10:58]
        write_maps(run.folder / "validation", [str(number) for number in range(10, 58)], predicted(truth, 99), "img")
    elif change == "picture":
        (run.folder / "threshold.svg").unlink()
    else:
        options = ["--empty-tile", "zero"]
    capsys.readouterr()
    assert main(["drawn", *options]) == 0
    assert "done before" not in capsys.readouterr().err
    assert (run.folder / "threshold.svg").exists()


def test_a_threshold_is_scored_alone(run: Run) -> None:
    assert main(["drawn", "--threshold", "0.42"]) == 0
    decision = decision_of(run)
    assert decision["decision"] == {"rule": "threshold", "level": 108}
    assert decision["threshold"] == 108 / 256 and len(decision["candidates"]) == 1
    truth = draw_masks(60, seed=1)[10:58]
    expected = competition_scores(*overlaps(predicted(truth, 5) >= 108 / 256, truth), "one", range(10, 20)).mean()
    assert decision["score"]["mean"] == pytest.approx(expected)


def test_the_metric_variant_can_be_chosen(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drawn", "--score", "iou", "--empty-tile", "zero"]) == 0
    decision = decision_of(run)
    assert decision["score"]["variant"] == "iou_empty_zero"
    assert decision["score"]["mean"] == decision["scores"]["iou_empty_zero"]["mean"]
    assert "\nIoU (empty tiles count 0) " in capsys.readouterr().out


def test_several_runs_are_tuned_together(run: Run, tree: Path, output_root: Path) -> None:
    draw_run("other", tree, seed=17)
    assert main(["drawn"]) == main(["drawn", "other"]) == 0
    together = json.loads((output_root / "runs" / "drawn+other" / "decision.json").read_text(encoding="utf-8"))
    assert together["runs"] == ["drawn", "other"]
    assert together["scores"]["iou_buildings"]["mean"] > decision_of(run)["scores"]["iou_buildings"]["mean"]


def test_runs_of_other_tiles_are_refused(run: Run, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_run("apart", tree, validation=range(8, 56))
    assert main(["drawn", "apart"]) == 2
    assert "runs/apart/validation: not the tiles of runs/drawn/validation (4 ids" in capsys.readouterr().err


def test_few_clusters_are_called_unreliable(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_run("small", tree, validation=range(0, 12))
    assert main(["small"]) == 0
    assert "fewer than 20 bootstrap clusters (6)" in (said := capsys.readouterr().out) and "unreliable" in said


def test_tiles_that_are_gone_can_be_named(run: Run, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved = tree.rename(tree.with_name("moved"))
    assert main(["drawn"]) == 2
    assert "--data DIR" in capsys.readouterr().err
    assert main(["drawn", "--data", str(moved)]) == 0


def test_tiles_that_have_changed_are_refused(run: Run, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(tree / "masks" / "mask_11.png")
    assert main(["drawn"]) == 2
    assert "changed since" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "no run named"),
        (["nothing"], "no run 'nothing'"),
        (["drawn", "--threshold", "1"], "between 0 and 1"),
        (["drawn", "drawn"], "named twice"),
    ],
)
def test_wrong_use(run: Run, argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert words in capsys.readouterr().err


def test_without_maps(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(run.folder / "validation")
    assert main(["drawn"]) == 2
    assert "kaggle_seg.predict" in capsys.readouterr().err


def test_maps_of_tiles_that_are_not_there(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(run.folder / "validation")
    write_maps(run.folder / "validation", ["10", "999"], predicted(draw_masks(2, seed=1), 5), "img")
    assert main(["drawn"]) == 2
    assert "1 of 2 validation tiles are missing" in capsys.readouterr().err


def test_one_cluster_leaves_nothing_to_tune_on(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_run("tiny", tree, validation=range(2, 4))
    assert main(["tiny"]) == 0
    assert "nothing is tuned" in (said := capsys.readouterr().out) and "clusters (1)" in said
    assert decision_of(find_run("tiny"))["decision"] == {"rule": "expected-IoU cut", "minimum_expected_iou": 0.5}


def test_no_validation_tiles(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_run("none", tree, validation=range(0))
    assert main(["none"]) == 2
    assert "no validation tiles" in capsys.readouterr().err
