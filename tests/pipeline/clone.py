"""A copy of the project whose stages are stand-ins, and everything else the real thing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
BASH = str(shutil.which("bash"))
STAGES = ["split", "train", "predict", "tune", "decide", "inspect"]

# every command is this: it writes down how it was called, and can be told to wait or to fail
STAND_IN = """
import json, os, pathlib, sys, time
name = pathlib.Path(__file__).stem
if "--print-run-name" in sys.argv:
    sys.exit("no such option" if "--wrong" in sys.argv else print("drawn-unet8"))
with open(os.environ["CALLS"], "a") as stream:
    parent = os.environ["KSEG_PARENT"] == str(os.getppid())
    stream.write(json.dumps({"name": name, "words": sys.argv[1:], "pid": os.getpid(), "parent": parent}) + "\\n")
print(f"progress of {name}", file=sys.stderr)
print(f"result of {name}", flush=True)
if os.environ.get("WAITS") == name:
    try:
        while os.environ["KSEG_PARENT"] == str(os.getppid()):
            time.sleep(0.1)
    except KeyboardInterrupt:
        sys.exit(130)
if os.environ.get("PAUSES") == name:
    time.sleep(1)
if name == "decide":
    print("submission: submissions/drawn.csv")
if os.environ.get("FAILS") == name:
    sys.exit(int(os.environ.get("CODE", "1")))
"""


class Clone:
    """A copy of the script in a project of its own whose commands are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a clone"
        self.calls_file = folder / "calls.jsonl"
        shutil.copytree(PROJECT / "requirements", self.folder / "requirements")
        for name in ("run_pipeline.sh", "setup.cfg", "pyproject.toml"):
            shutil.copy(PROJECT / name, self.folder / name)
        package = self.folder / "kaggle_seg"
        for name in ("pipeline", "competitions"):
            shutil.copytree(PROJECT / "kaggle_seg" / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (PROJECT / "kaggle_seg").glob("*.py"):
            shutil.copy(path, package / path.name)
        for name in ("demo", "download", *STAGES, "summary", "submit", "report"):
            (self.folder / "kaggle_seg" / f"{name}.py").write_text(STAND_IN, encoding="utf-8")
        self.environment = {**os.environ, "CALLS": str(self.calls_file), "KSEG_PYTHON": sys.executable}
        self.environment.pop("KSEG_ROOT", None)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str, cwd: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        script = subprocess.Popen(
            [BASH, str(self.folder / "run_pipeline.sh"), *options],
            cwd=cwd or self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(script)
        return script

    def end(self) -> None:
        """Leaves no process behind, also when a test failed."""
        for script in self.started:
            script.kill()
            script.communicate()

    def run(self, *options: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        started = self.start(*options, cwd=cwd, **environment)
        out, err = started.communicate(timeout=120)
        return subprocess.CompletedProcess(started.args, started.returncode, out, err)

    @property
    def calls(self) -> list[dict[str, Any]]:
        if not self.calls_file.exists():
            return []
        return [json.loads(line) for line in self.calls_file.read_text(encoding="utf-8").splitlines()]

    def words(self, name: str) -> list[str]:
        """How a command was called, the last time."""
        return [call["words"] for call in self.calls if call["name"] == name][-1]

    def wait_for(self, name: str) -> int:
        """The process id of a command, once it was called."""
        deadline = time.monotonic() + 60
        while not (found := [call["pid"] for call in self.calls if call["name"] == name]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return int(found[0])
