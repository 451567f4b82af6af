"""The small table at a pipeline's end."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from kaggle_seg import summary
from kaggle_seg.competition import as_tables, find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.output import write_json
from kaggle_seg.pages.outcome import outcome_lines
from kaggle_seg.splits.splitting import Split
from kaggle_seg.submission.table import write_submission

COMPETITION = find_competition()

SPLIT = Split(
    method="blocks",
    asked="auto",
    reason="",
    seed=0,
    guard=1,
    fold=0,
    folds=[["0", "1"], ["2", "3", "4", "5"]],
    validation=["0", "1"],
    excluded=["2"],
    clusters={str(number): "a" for number in range(6)},
    audit={},
    data={"root": "tiles", "fingerprint": "f"},
)


def interval(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.05, "high": mean + 0.05}


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "runs": ["north"],
        "stems": ["7", "8", "9"],
        "decision": {"rule": "threshold", "level": 121},
        "description": "threshold 0.473",
        "threshold": 0.473,
        "overrides": None,
        "quick": False,
        "demo": False,
        "empty_predictions": 0.25,
        "score": {"variant": "score_empty_one", "clusters": 33, "reliable": True, **interval(0.6)},
        "scores": {
            "score_empty_one": interval(0.6),
            "score_empty_zero": interval(0.5),
            "score_buildings": interval(0.55),
            "iou_empty_one": interval(0.8),
            "iou_empty_zero": interval(0.7),
        },
        **changes,
    }


def decided(root: Path, **changes: Any) -> Path:
    csv = root / "submissions" / "north.csv"
    csv.parent.mkdir(exist_ok=True)
    write_submission(csv, ["7", "8", "9"], ["1 4", "", ""], 4, 4, COMPETITION)
    write_json(csv.with_suffix(".json"), facts(**changes))
    write_json(root / "runs" / "north" / "split.json", dataclasses.asdict(SPLIT))
    (root / "runs" / "north" / "threshold.svg").touch()
    return csv


def test_the_table_tells_what_a_person_asks_first(output_root: Path) -> None:
    assert outcome_lines(decided(output_root)) == [
        "run                           north",
        "tiles                         3 for training, 2 for validation, 1 left out, 3 in the test",
        "score (empty tiles count 1)   0.600 (0.550 to 0.650)",
        "score (empty tiles count 0)   0.500 (0.450 to 0.550)",
        "score (tiles with buildings)  0.550 (0.500 to 0.600)",
        "IoU (empty tiles count 1)     0.800 (0.750 to 0.850)",
        "                              validation scores, with 95 % intervals",
        "decision                      threshold 0.473",
        "threshold                     0.473",
        "empty predictions             2 of 3 test tiles (66.7%); in validation 25.0%",
        "look at                       runs/north/threshold.svg",
        "                              submissions/north.csv",
    ]


def test_the_score_of_another_competition_has_its_name(output_root: Path) -> None:
    csv = decided(output_root)
    dice = dataclasses.replace(find_competition(), score="dice")
    (output_root / "runs" / "north" / "competition.toml").write_text(tomli_w.dumps(as_tables(dice)), encoding="utf-8")
    assert [line.partition("  ")[0] for line in outcome_lines(csv)[2:6]] == [
        "Dice (empty tiles count 1)",
        "Dice (empty tiles count 0)",
        "Dice (tiles with buildings)",
        "IoU (empty tiles count 1)",
    ]


def test_what_makes_scores_doubtful_is_said(output_root: Path) -> None:
    weak = {"variant": "score_empty_zero", "clusters": 3, "reliable": False, **interval(0.5)}
    cut = {"rule": "expected-IoU cut", "minimum_expected_iou": 0.5}
    text = "\n".join(outcome_lines(decided(output_root, demo=True, quick=True, score=weak, decision=cut)))
    assert "north (generated demo tiles, a --quick run: only a trial, not for upload)" in text
    assert "fewer than 20 bootstrap clusters (3): the intervals are unreliable" in text
    assert "IoU (empty tiles count 0)     0.700" in text
    assert "threshold                     each tile has its own" in text


def test_an_overridden_decision_is_named(output_root: Path) -> None:
    lines = outcome_lines(decided(output_root, description="threshold 0.420", overrides="threshold 0.473"))
    assert "decision                      threshold 0.420 (instead of threshold 0.473)" in lines


def test_scores_that_are_not_known_are_left_out(output_root: Path) -> None:
    csv = decided(output_root, score=None)
    record = {name: fact for name, fact in facts(score=None).items() if name not in ("scores", "empty_predictions")}
    write_json(csv.with_suffix(".json"), record)
    lines = outcome_lines(csv)
    assert "validation score   unknown: the validation tiles were not at hand" in lines
    assert "empty predictions  2 of 3 test tiles (66.7%)" in lines


def test_validation_without_buildings_has_no_score_of_theirs(output_root: Path) -> None:
    scores = {**facts()["scores"], "score_buildings": None}
    lines = outcome_lines(decided(output_root, scores=scores))
    assert "score (tiles with buildings)  no such tiles" in lines


def test_a_csv_from_elsewhere_has_no_summary(output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = decided(output_root)
    csv.with_suffix(".json").unlink()
    with pytest.raises(BadInput, match=r"north\.json"):
        outcome_lines(csv)
    assert summary.main(["north"]) == 2
    assert capsys.readouterr().err.startswith("error: submissions/north.json: not there")


def test_the_command_takes_a_bare_name(output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decided(output_root)
    assert summary.main(["north"]) == 0
    assert capsys.readouterr().out.startswith("run  ")


def test_the_curves_of_an_old_run_are_named_too(output_root: Path) -> None:
    csv = decided(output_root)
    (output_root / "runs" / "north" / "threshold.svg").rename(output_root / "runs" / "north" / "threshold.png")
    assert "look at                       runs/north/threshold.png" in outcome_lines(csv)
