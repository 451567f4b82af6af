"""python -m kaggle_seg.decide"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kaggle_seg import decide, tune
from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.applying import Choice, open_test_maps
from kaggle_seg.decisions.record import Provenance
from kaggle_seg.decisions.rules import ExpectedIoUCut, Threshold, from_plain
from kaggle_seg.masks.maps import quantise
from kaggle_seg.masks.rle import decode
from kaggle_seg.output import file_hash, read_json, write_json
from kaggle_seg.run_directory import Run
from kaggle_seg.submission.deciding import checked_name, decide_and_write
from tests.drawn_runs import TEST, draw_masks, draw_run, predicted, write_maps

SEED = 5


@pytest.fixture
def run(tree: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    run = draw_run("drawn", tree, SEED)
    assert tune.main(["drawn"]) == 0
    capsys.readouterr()
    return run


@pytest.fixture
def folder(output_root: Path) -> Path:
    return output_root / "submissions"


def masks_in(path: Path) -> dict[str, np.ndarray]:
    with open(path, encoding="utf-8", newline="") as stream:
        return {row["ImageId"]: decode(row["EncodedPixels"], 32, 32) for row in csv.DictReader(stream)}


def test_the_csv_holds_the_decided_masks(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide.main(["drawn"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "submission: submissions/drawn.csv"
    rule = from_plain(read_json(run.decision_file)["decision"])
    expected = rule.masks(*quantise(predicted(draw_masks(TEST, seed=2), SEED + 1)))
    found = masks_in(folder / "drawn.csv")
    assert list(found) == [f"test_image_{tile}" for tile in range(TEST)]
    assert all(np.array_equal(found[f"test_image_{tile}"], expected[tile]) for tile in range(TEST))


def test_the_json_says_how_it_was_made(run: Run, tree: Path, folder: Path) -> None:
    assert decide.main(["drawn"]) == 0
    made, decision = read_json(folder / "drawn.json"), read_json(run.decision_file)
    assert made["sha256"] == file_hash(folder / "drawn.csv")
    assert made["runs"] == ["drawn"] and made["data"] == str(tree)
    assert made["stems"] == [f"test_image_{tile}" for tile in range(TEST)]
    assert made["fingerprint"] == read_json(run.split_file)["data"]["fingerprint"]
    for name in ("decision", "threshold", "description", "score", "scores"):
        assert made[name] == decision[name]
    assert (made["quick"], made["demo"], made["overrides"]) == (False, False, None)


def test_quick_runs_and_demo_tiles_are_marked(run: Run, tree: Path, folder: Path) -> None:
    run.settings_file.write_text("[data]\nquick = true\n", encoding="utf-8")
    write_json(tree / "demo.json", {})
    assert decide.main(["drawn"]) == 0
    made = read_json(folder / "drawn.json")
    assert made["quick"] and made["demo"]


def test_the_same_again_changes_nothing(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide.main(["drawn"]) == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    assert decide.main(["drawn"]) == 0
    assert "there already" in (said := capsys.readouterr().out) and said.endswith("submission: submissions/drawn.csv\n")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_threshold_overrides_and_says_so(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide.main(["drawn"]) == 0
    before = file_hash(folder / "drawn.csv")
    capsys.readouterr()
    assert decide.main(["drawn", "--threshold", "0.42"]) == 0
    said = capsys.readouterr().out
    tuned = read_json(run.decision_file)["description"]
    assert f"--threshold 0.42 overrides the tuned decision: {tuned}" in said
    assert said.endswith("submission: submissions/drawn-t0.420.csv\n")
    assert file_hash(folder / "drawn.csv") == before
    made = read_json(folder / "drawn-t0.420.json")
    assert made["threshold"] == 108 / 256 and made["overrides"] == tuned
    assert 0 <= made["score"]["low"] <= made["score"]["mean"] <= made["score"]["high"] <= 1
    truth = predicted(draw_masks(TEST, seed=2), SEED + 1)
    assert np.array_equal(masks_in(folder / "drawn-t0.420.csv")["test_image_3"], truth[3] >= 108 / 256)


def test_no_csv_is_ever_overwritten(run: Run, folder: Path) -> None:
    folder.mkdir()
    mine = {name: folder / name for name in ("drawn.csv", "drawn-t0.420.csv", "drawn-t0.420-2.csv")}
    for path in mine.values():
        path.write_text("mine\n", encoding="utf-8")
    assert decide.main(["drawn", "--threshold", "0.42"]) == 0
    assert all(path.read_text(encoding="utf-8") == "mine\n" for path in mine.values())
    assert not any(path.with_suffix(".json").exists() for path in mine.values())
    assert len(masks_in(folder / "drawn-t0.420-3.csv")) == TEST


def test_the_name_tells_the_rule(run: Run, folder: Path) -> None:
    maps = open_test_maps([run])
    for rule in (Threshold(128), Threshold(64), ExpectedIoUCut(0.5)):
        decide_and_write(maps, Choice(rule, None), "mine", Provenance(Path()), find_competition())
    assert sorted(path.name for path in folder.glob("*.csv")) == ["mine-cut0.50.csv", "mine-t0.250.csv", "mine.csv"]
    assert read_json(folder / "mine-cut0.50.json")["decision"]["minimum_expected_iou"] == 0.5


@pytest.mark.parametrize("moment", range(1, 7))
def test_a_kill_at_any_write_is_healed(
    run: Run, folder: Path, moment: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each file is renamed into place: stopped before one of the renames, the next start makes all there should be."""
    renames, rename = 0, Path.replace

    def stopped(self: Path, target: Path) -> Path:
        nonlocal renames
        renames += 1
        if renames == moment:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stopped)
        stopped_with = decide.main(["drawn"])
    assert stopped_with == (130 if moment <= renames else 0)
    assert decide.main(["drawn"]) == 0
    assert read_json(folder / "drawn.json")["sha256"] == file_hash(folder / "drawn.csv")
    assert sorted(path.name for path in folder.iterdir() if path.name != ".lock") == ["drawn.csv", "drawn.json"]
    assert capsys.readouterr().out.endswith("submission: submissions/drawn.csv\n")


def test_a_lost_json_is_written_again(run: Run, folder: Path) -> None:
    assert decide.main(["drawn"]) == 0
    (folder / "drawn.json").unlink()
    assert decide.main(["drawn"]) == 0
    assert read_json(folder / "drawn.json")["sha256"] == file_hash(folder / "drawn.csv")


def test_several_runs_are_averaged(run: Run, tree: Path, folder: Path, output_root: Path) -> None:
    draw_run("other", tree, seed=17)
    assert decide.main(["drawn", "other"]) == 0
    made = read_json(folder / "drawn+other.json")
    assert made["runs"] == ["drawn", "other"]
    together = read_json(output_root / "runs" / "drawn+other" / "decision.json")
    assert made["decision"] == together["decision"]
    mean = sum(predicted(draw_masks(TEST, seed=2), seed + 1) for seed in (SEED, 17)) / 2
    expected = from_plain(made["decision"]).masks(*quantise(mean.astype(np.float32)))
    found = np.stack(list(masks_in(folder / "drawn+other.csv").values()))
    assert (found != expected).mean() < 0.01  # a rounding apart


def test_what_several_were_tuned_for_stays(run: Run, tree: Path, folder: Path) -> None:
    draw_run("other", tree, seed=17)
    assert tune.main(["drawn", "other", "--empty-tile", "zero"]) == 0
    assert decide.main(["drawn", "other", "--name", "both"]) == 0
    assert read_json(folder / "both.json")["score"]["variant"] == "score_empty_zero"


def test_without_a_decision(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.decision_file.unlink()
    assert decide.main(["drawn"]) == 2
    assert "python -m kaggle_seg.tune drawn" in capsys.readouterr().err


def test_a_decision_for_other_maps_is_refused(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(run.folder / "validation")
    names = [str(number) for number in range(10, 58)]
    write_maps(run.folder / "validation", names, predicted(draw_masks(60, seed=1)[10:58], 99), "img")
    assert decide.main(["drawn"]) == 2
    assert "is of other maps" in capsys.readouterr().err


def test_maps_alone_are_enough(run: Run, tree: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(tree)
    assert decide.main(["drawn"]) == 0
    run.decision_file.unlink()
    shutil.rmtree(run.folder / "validation")
    assert decide.main(["drawn", "--threshold", "0.3", "--name", "low"]) == 0
    assert "score stays unknown" in capsys.readouterr().err
    assert read_json(folder / "low.json")["score"] is None


def test_runs_of_other_data_are_refused(run: Run, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = draw_run("other", tree, seed=17)
    split = read_json(other.split_file)
    split["data"]["fingerprint"] = "another"
    write_json(other.split_file, split)
    assert decide.main(["drawn", "other"]) == 2
    assert "only runs of the same data" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", ".hidden", "a\\b", "x.csv", "a:b"])
def test_names_that_name_no_csv(name: str) -> None:
    with pytest.raises(Exception, match="not a name for a CSV"):
        checked_name(name)


@pytest.mark.parametrize("name", ["unet-1+unet-2", "Übung 3", "x.y"])
def test_names_that_do(name: str) -> None:
    assert checked_name(name) == name


def test_a_damaged_decision_is_named(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.decision_file.write_text(json.dumps({"decision": {}}), encoding="utf-8")
    assert decide.main(["drawn"]) == 2
    assert "runs/drawn/decision.json: not as tuning writes it" in capsys.readouterr().err
