"""What version 0.1.0 wrote stays of use: its runs, its CSVs, its names."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kaggle_seg import decide, inspect, predict, report, split, train, tune
from kaggle_seg.output import file_hash

from .conftest import HERE
from .make import SPLIT, TRAIN

PROJECT = HERE.parents[1]
CSVS = {
    "first": ["first"],
    "second": ["second"],
    "first+second": ["first", "second"],
    "dice": ["dice"],
    "first-t0.420": ["first", "--threshold", "0.42"],
}
RUNS = {"first": ("1",), "second": ("10",), "dice": ("3", "--competition", "roofs.toml")}
"""Each run with its seed and, where it has one, its competition."""


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def content(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("[!.]*") if file.is_file()}


@pytest.mark.parametrize("name", CSVS)
def test_deciding_anew_finds_the_csv_there(old: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide.main(CSVS[name]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == f"submission: submissions/{name}.csv"
    assert "there already, with the same bytes" in said
    assert {path.name for path in (old / "submissions").glob("*.csv")} == {*(f"{name}.csv" for name in CSVS), "ledger.csv"}


@pytest.mark.parametrize("name", CSVS)
def test_a_csv_made_anew_has_the_same_bytes(old: Path, name: str) -> None:
    for path in (old / "submissions").iterdir():
        path.unlink()
    assert decide.main([*CSVS[name], "--name", "anew"]) == 0
    assert (old / "submissions" / "anew.csv").read_bytes() == (HERE / "submissions" / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("run", RUNS)
def test_finished_stages_are_done(
    old: Path, run: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(old)
    before = content(old / "runs" / run)
    seed, *competition = RUNS[run]
    assert split.main(["--data", str(old / "tiles"), "--run", run, *SPLIT, *competition]) == 0
    assert "split: unchanged, skipped" in capsys.readouterr().out
    assert train.main(["--run", run, *TRAIN, "--seed", seed]) == 0
    assert "train: done before" in capsys.readouterr().err
    assert predict.main([run]) == 0
    assert "predict: done before" in capsys.readouterr().err
    assert content(old / "runs" / run) == before


def test_a_half_done_training_goes_on_or_says_what_to_do(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--run", "half-done", *TRAIN, "--epochs", "30"]
    code, said = train.main(command), capsys.readouterr().err
    if code:
        assert code == 2
        (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
        assert "--restart" in line
        code = train.main([*command, "--restart"])
    assert code == 0
    assert (old / "runs" / "half-done" / "history.csv").read_text(encoding="utf-8").splitlines()[-1].startswith("30,")


@pytest.mark.parametrize("name", ["first", "second", "first+second", "dice"])
def test_a_decision_stays_while_its_curves_are_drawn_again(old: Path, name: str) -> None:
    holder = old / "runs" / name
    before = (holder / "decision.json").read_bytes()
    (holder / "threshold.png").unlink(missing_ok=True)
    assert tune.main(name.split("+")) == 0
    assert (holder / "threshold.svg").exists()
    assert (holder / "decision.json").read_bytes() == before
    csv_before = file_hash(old / "submissions" / f"{name}.csv")
    assert decide.main([*name.split("+"), "--name", "tuned-again"]) == 0
    assert file_hash(old / "submissions" / "tuned-again.csv") == csv_before


@pytest.mark.parametrize("name", ["first", "second", "first+second", "dice"])
def test_a_decision_that_was_deleted_is_made_by_the_rules_of_this_version(
    old: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (old / "runs" / name / "decision.json").unlink()
    assert tune.main(name.split("+")) == 0
    decision = json.loads((old / "runs" / name / "decision.json").read_text(encoding="utf-8"))
    assert decision["reason"] == "few clusters" and len(decision["candidates"]) == 1
    assert decision["decision"]["rule"] == ("expected-IoU cut or empty" if name == "dice" else "expected-IoU cut")
    assert "nothing is tuned" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")
def test_the_pipeline_goes_on_where_the_old_one_ended(old: Path) -> None:
    options = ("--data", str(old / "tiles"), "--run", "first", "--no-submit")
    done = subprocess.run(
        [str(PROJECT / "run_pipeline.sh"), *options, "--", *TRAIN, "--seed", "1"],
        env=os.environ | {"KSEG_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "submission: submissions/first.csv"
    model, maps = "runs/first/model.keras", "runs/first/test/levels-0000.npy"
    assert all((old / file).read_bytes() == (HERE / file).read_bytes() for file in (model, maps, "submissions/first.csv"))


def test_a_tuned_run_is_done(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = content(old / "runs" / "first")
    assert tune.main(["first"]) == 0
    told = capsys.readouterr()
    assert "tune: done before" in told.err
    assert told.out.splitlines()[-1].endswith("(runs/first/decision.json, runs/first/threshold.png)")
    assert content(old / "runs" / "first") == before


def test_a_tuned_decision_is_not_tuned_again(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (old / "runs" / "second" / "decision.json").read_bytes()
    assert tune.main(["second"]) == 0
    assert "expected-IoU cut" in last_line(capsys)
    after = json.loads((old / "runs" / "second" / "decision.json").read_text(encoding="utf-8"))
    assert after["score"]["mean"] == json.loads(before)["score"]["mean"]


@pytest.mark.parametrize("name", CSVS)
def test_a_csv_is_inspected(old: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([name]) == 0
    assert f"submissions/{name}.csv: valid" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["first", "second", "first+second", "dice"])
@pytest.mark.parametrize("part", ["--html", "--validation"])
def test_a_gallery_of_an_old_csv(old: Path, name: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([name, part]) == 0
    page = old / last_line(capsys).removeprefix("page: ")
    shown = page.read_text(encoding="utf-8")
    assert ("test_image_7" if part == "--html" else "img_39") in shown


@pytest.mark.parametrize("run", RUNS)
def test_a_report_of_an_old_run(old: Path, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main([run]) == 0
    page = (old / last_line(capsys).removeprefix("page: ")).read_text(encoding="utf-8")
    mean = json.loads((old / "runs" / run / "decision.json").read_text(encoding="utf-8"))["score"]["mean"]
    assert f"{mean:.3f}" in page
    assert ("Dice (empty tiles count 1)" in page) == (run == "dice")


def test_a_contact_sheet_and_a_comparison_of_old_csvs(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main(["first", "--against", "second", "--png"]) == 0
    assert (old / "submissions" / "first.png").exists()


def test_an_old_run_is_known_by_its_own_competition(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune.main(["dice", "--competition", "ann-and-dl-image-segmentation"]) == 2
    assert "roofs" in capsys.readouterr().err


def test_tiles_in_another_place_are_named(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.move(old / "tiles", old / "moved")
    assert report.main(["first", "--data", str(old / "moved")]) == 0
    assert inspect.main(["first", "--data", str(old / "moved"), "--html"]) == 0


def test_the_files_say_what_they_always_said() -> None:
    """The names that were saved then are in the files; whoever mends them there blinds the tests above."""
    second = json.loads((HERE / "runs" / "second" / "decision.json").read_text(encoding="utf-8"))
    assert second["decision"].keys() == {"rule", "silence"} and "competition_one" in second["scores"]
    assert second["score"]["units"] == 19
    assert "units" in json.loads((HERE / "runs" / "first" / "split.json").read_text(encoding="utf-8"))
    with open(HERE / "submissions" / "ledger.csv", encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["local_reading"] == "competition_one" and row["public_score"] == "0.64797"
