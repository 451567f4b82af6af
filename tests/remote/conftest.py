"""The stand-in for Kaggle, a machine that reaches nothing else, CSVs to upload, and `submit` as a person starts it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tyro

from kaggle_seg import submit
from kaggle_seg.competition import find_competition
from kaggle_seg.errors import report_errors
from kaggle_seg.remote.ledger import COMPLETE, Entry, Ledger
from kaggle_seg.remote.refusals import Timeouts
from kaggle_seg.submission.table import write_submission

from .kaggle_server import KEY, SLUG, TOKEN, KaggleServer

# What a person starts, with pauses that suit a test.
PROGRAM = """
import sys
from kaggle_seg import errors, submit
from kaggle_seg.remote.refusals import Timeouts
sys.exit(errors.report_errors(lambda argv: submit.run(submit.Command(csv="a.csv"), Timeouts(settling=1.5, pause=0.05)))())
"""
# The same, which kills itself when it has written the ledger so many times: before the new file takes the old one's place.
DEADLY = """
import os, pathlib, signal
replace, left = pathlib.Path.replace, [{count}]
def deadly(self, target):
    if pathlib.Path(target).name == "ledger.csv":
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
pathlib.Path.replace = deadly
"""

COMPETITION = find_competition()


@dataclass
class Clock:
    """A clock that goes on only when somebody sleeps, and no sleep takes any time."""

    time: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timeouts(clock: Clock) -> Timeouts:
    """The usual timeouts, on the clock that needs no time."""
    return Timeouts(answer=20.0, sleep=clock.sleep, clock=clock.now)


@pytest.fixture
def server() -> Iterator[KaggleServer]:
    with KaggleServer() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, server: KaggleServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory, and an environment in which the client finds the stand-in and nothing else."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("KAGGLE_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    return folder


@pytest.fixture
def token(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture
def make_csv(output_root: Path) -> Callable[..., Path]:
    """Writes a CSV of three 16 × 16 tiles into submissions/, with the JSON beside it."""

    def make(
        name: str = "a.csv", score: float | None = 0.39, runs: Sequence[str] = ("7 3", "", "1 256"), **facts: Any
    ) -> Path:
        path, stems = output_root / "submissions" / name, ["1", "2", "3"]
        sha256 = write_submission(path, stems, list(runs), 16, 16, COMPETITION)
        record = {"runs": ["houses"], "decision": {"rule": "threshold", "level": 107}, "threshold": 0.418, "stems": stems}
        record |= {"data": "", "fingerprint": "", "sha256": sha256, "quick": False, "demo": False}
        if score is not None:
            interval = {"mean": score, "low": score - 0.02, "high": score + 0.02}
            record["score"] = {"score": "competition", "empty_tile": "one", **interval}
        path.with_suffix(".json").write_text(json.dumps(record | facts), encoding="utf-8")
        return path

    return make


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it said, on one line."""
        return " ".join((self.out + self.err).split())


@pytest.fixture
def run_submit(timeouts: Timeouts, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`python -m kaggle_seg.submit ...`, in this process, with pauses that take no time; no secret may be printed."""

    def run(*argv: str, timeouts: Timeouts = timeouts) -> Outcome:
        @report_errors
        def main(argv: Sequence[str] | None = None) -> int:
            config = (tyro.conf.FlagCreatePairsOff,)
            return submit.run(tyro.cli(submit.Command, args=argv, config=config), timeouts)

        code = main(argv)
        said = capfd.readouterr()
        for secret in (TOKEN, KEY, "SIGNED"):
            assert secret not in said.out + said.err
        return Outcome(code, said.out, said.err)

    return run


def assert_agree(server: KaggleServer) -> None:
    """The ledger and Kaggle tell the same: every submission of ours has one row, and no row has a submission it has not."""
    rows = {entry.reference: entry for entry in Ledger().entries() if entry.uploaded}
    ours = {str(item["ref"]): item for item in server.submissions if "[kseg " in item["description"]}
    assert rows.keys() == ours.keys()
    tags = [(entry.competition, entry.tag) for entry in Ledger().entries()]
    assert len(tags) == len(set(tags))
    for reference, item in ours.items():
        assert rows[reference].marker in item["description"]
        assert rows[reference].sha256 == item["sha256"]
        assert rows[reference].status in (item["status"].lower(), "pending")
        assert rows[reference].public_score in (item.get("publicScore", ""), "")
    descriptions = [item["description"] for item in ours.values()]
    assert len(descriptions) == len(set(descriptions)), "a CSV was submitted twice"


def start(program: str = PROGRAM) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> int:
    """Waits until a process has ended by itself."""
    with process:
        said = b"".join(process.communicate(timeout=60))
    assert b"Traceback" not in said, said.decode()
    return process.returncode


def row(number: int, local: float, public: float) -> Entry:
    """A scored row."""
    return Entry(
        time=f"2026-01-{number:02d}T10:00:00Z",
        competition=SLUG,
        file=f"submissions/{number}.csv",
        sha256=f"{number:064x}",
        tag=f"{number:012x}",
        local_score=f"{local:.5f}",
        local_low=f"{local - 0.02:.5f}",
        local_high=f"{local + 0.02:.5f}",
        metric_variant="score_empty_one",
        reference=str(100 + number),
        status=COMPLETE,
        public_score=f"{public:.5f}",
    )


def archive_of(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
