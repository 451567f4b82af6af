"""The run directory: stages, the lock, names, the competition, and the end of an orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kaggle_seg import locks
from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.output import write_atomic, write_json
from kaggle_seg.run_directory import Run, competition_of_runs, find_csv, find_run

HOLD = "import sys, time; from kaggle_seg.run_directory import Run; from pathlib import Path\n"
HOLD += "with Run(Path(sys.argv[1])).locked('train'): print('held', flush=True); time.sleep(60)"


@pytest.fixture
def run(output_root: Path) -> Run:
    return find_run("first", must_exist=False)


def test_a_stage_is_skipped_only_with_the_same_inputs_and_its_outputs_there(run: Run) -> None:
    def go(inputs: dict[str, int]) -> bool:
        with run.stage("tune", inputs, ["decision.json"]) as stage:
            if not stage.finished:
                write_json(run.decision_file, {})
            return stage.finished

    assert not go({"a": 1})
    assert go({"a": 1})
    assert not go({"a": 2})
    run.decision_file.unlink()
    assert not go({"a": 2})
    assert go({"a": 2})


def test_a_stage_that_fails_is_not_done_and_releases_the_run(run: Run) -> None:
    with pytest.raises(RuntimeError), run.stage("tune", {}, []):
        raise RuntimeError
    assert run.record("tune") is None
    with run.stage("tune", {}, []) as stage:
        assert not stage.finished
    record = run.record("tune")
    assert record is not None
    assert record["seconds"] >= 0
    assert record["peak_memory_mib"] is None or record["peak_memory_mib"] > 10


def hold(run: Run, **settings: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.folder)], stdout=subprocess.PIPE, text=True, env={**os.environ, **settings}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_start_names_the_holder(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(locks, "HOLDER_SECONDS", 0.2)
    holder = hold(run)
    try:
        told = rf"run first is held by process {holder.pid} \(train, since .*wait for it or end it"
        with pytest.raises(Failure, match=told), run.locked("predict"):
            pass
        assert "waiting" in capsys.readouterr().err
    finally:
        holder.kill()
        holder.communicate()
    with run.locked("predict"):
        pass


@pytest.mark.skipif(os.name == "nt", reason="no parents to watch")
def test_a_stage_ends_with_its_parent(run: Run) -> None:
    middle = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLD!r}, {str(run.folder)!r}])"
    parent = subprocess.Popen([sys.executable, "-c", middle], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    parent.stdout.readline()
    parent.send_signal(signal.SIGKILL)
    started = time.monotonic()
    parent.stdout.read()  # the orphan held the pipe's other end
    assert time.monotonic() - started < 10
    parent.communicate()
    with run.locked("predict"):
        pass


def test_a_run_is_found_by_name_and_by_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run.folder.mkdir(parents=True)
    assert find_run("first") == Run(run.folder.resolve())
    assert find_run(run.folder) == Run(run.folder.resolve())
    monkeypatch.chdir(run.folder.parent.parent)
    assert find_run("runs/first") == Run(run.folder.resolve())


def test_a_missing_run_is_told_with_those_that_there_are(run: Run) -> None:
    run.folder.mkdir(parents=True)
    run.split_file.write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"no run 'secnd' in runs \(there: first\)"):
        find_run("secnd")


@pytest.mark.parametrize("name", ("", "..", "-x"))
def test_a_name_that_names_no_folder_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="not a name for a run"):
        find_run(name, must_exist=False)


def test_a_run_that_says_nothing_of_its_competition_is_of_the_first_one(run: Run) -> None:
    assert run.competition() == find_competition()
    salt = find_competition("tgs-salt-identification-challenge")
    run.keep_competition(salt)
    assert run.competition() == run.competition(salt.slug) == salt
    with pytest.raises(BadInput, match="run first is for tgs-salt"):
        run.competition("ann-and-dl-image-segmentation")
    run.keep_competition(find_competition())
    assert run.competition() == find_competition() and not run.competition_file.exists()


def test_runs_for_different_competitions_are_not_combined(run: Run) -> None:
    other = find_run("second", must_exist=False)
    assert competition_of_runs([run, other]) == find_competition()
    other.keep_competition(find_competition("tgs-salt-identification-challenge"))
    with pytest.raises(BadInput, match="second: for another competition than first"):
        competition_of_runs([run, other])


def test_a_csv_is_found_by_path_and_by_bare_name(output_root: Path) -> None:
    path = output_root / "submissions" / "a.csv"
    write_atomic(path, "x")
    assert find_csv("a") == find_csv("a.csv") == find_csv(path) == path
    with pytest.raises(BadInput, match="no CSV 'b'"):
        find_csv("b")
