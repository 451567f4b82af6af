"""The stages, one after another, each as a child process; they meet only in files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from kaggle_seg.errors import BadInput
from kaggle_seg.output import output_root
from kaggle_seg.pipeline.children import ChildFailed, Children
from kaggle_seg.pipeline.environment import PROJECT, venv_python
from kaggle_seg.pipeline.options import Options

STAGES = ("split", "train", "predict", "tune", "decide", "inspect")
DEMO_EPOCHS = "12"  # the demo is to end within 4 minutes on two cores, and to show masks that a person finds right


def given_python(environment: Mapping[str, str]) -> str:
    """The interpreter that is taken as it is; "" where the pipeline makes an environment of its own."""
    if name := environment.get("KSEG_PYTHON", ""):
        return shutil.which(name) or name
    return shutil.which("python3") or sys.executable if "KAGGLE_KERNEL_RUN_TYPE" in environment else ""


def with_project(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment variables under which any interpreter finds this package."""
    others = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path and path != str(PROJECT)]
    return {**environment, "PYTHONPATH": os.pathsep.join([str(PROJECT), *others])}


def prepare_python(children: Children, given: str, extra: str, made: bool) -> str:
    """The interpreter of the stages, with all they need.

    Args:
        children: runs what is to be run; afterwards their environment variables are those of the stages.
        given: an interpreter that is taken as it is; "": that of .venv, which is made if need be.
        extra: the extra of setup.cfg that is needed.
        made: .venv is there already.

    Raises:
        ChildFailed: the given interpreter lacks packages, or the installation failed.
    """
    if given:
        children.run([given, "-m", "kaggle_seg.pipeline.missing", extra], "")
        return given
    if not made:
        making = [sys.executable, "-m", "kaggle_seg.pipeline.environment", ".venv", f"requirements/{extra}.txt"]
        children.run(making, "making .venv")
    for name in ("PYTHONPATH", "PYTHONHOME"):  # this package is installed there
        children.environment.pop(name, None)
    return str(venv_python(PROJECT / ".venv"))


@dataclass
class Pipeline:
    """The stages of one run.

    Attributes:
        options: what was asked for; `choose_data` fills in the data folder.
        children: runs the stages.
        python: the interpreter of the stages.
        run: the name of the run, once it is known.
        csv: the CSV as `decide` named it, once there is one.
    """

    options: Options
    children: Children
    python: str = ""
    run: str = ""
    csv: str = ""

    def choose_data(self) -> None:
        """Decides which tiles: those that are named, those that are there, the competition's, or demo tiles.

        Raises:
            BadInput: there are none, and demo tiles are not what was asked for.
            ChildFailed: the download failed.
        """
        options, root = self.options, output_root()
        if not options.data and not options.demo:
            there = root / "data"
            data = str(there) if there.is_dir() and any(there.iterdir()) else self.download(root)
            self.options = options = replace(options, data=data)
        if options.data:
            return
        if options.submit == "yes" or options.competition:
            raise BadInput("no tiles to predict; give --data, or Kaggle credentials for the download")
        if not options.demo:
            say(
                "No --data, no data/ folder, no Kaggle credentials: these are generated demo tiles, good only for trying "
                "this out."
            )
        self.draw_demo(root / "runs" / ".demo")

    def download(self, root: Path) -> str:
        """The folder of the competition's tiles; "" without credentials."""
        command = [self.python, "-m", "kaggle_seg.download", "--if-credentials", *self.competition]
        told = value_of("tiles", self.children.output(command, "download"))
        return str(root / told) if told else ""

    def draw_demo(self, folder: Path) -> None:
        """Draws demo tiles, if they are not there; without another wish their training is short."""
        options = replace(self.options, data=str(folder), demo=True)
        self.children.run([self.python, "-m", "kaggle_seg.demo", str(folder)], "demo", stdout=2)
        if not (options.bounded or options.quick or options.training):
            options = replace(options, epochs=DEMO_EPOCHS)
        self.options = options

    @property
    def competition(self) -> list[str]:
        return ["--competition", self.options.competition] if self.options.competition else []

    @property
    def anew(self) -> list[str]:
        return ["--restart"] if self.options.restart else []

    @property
    def training(self) -> list[str]:
        """The options of the training but for the run's name."""
        options = self.options
        given = [("--epochs", options.epochs), ("--minutes", options.minutes), ("--encoder", options.encoder)]
        arguments = ["--data", options.data, *(part for option in given if option[1] for part in option)]
        quick = ["--quick"] if options.quick else []
        return [*arguments, *quick, "--seed", options.seed, *options.training]

    def name_run(self) -> None:
        """Asks `train` for the name of the run; a wrong option of the training is told here, before anything runs."""
        named = ["--run", self.options.run] if self.options.run else []
        command = [self.python, "-m", "kaggle_seg.train", *self.training, *named, "--print-run-name"]
        self.run = self.children.output(command, "").strip()

    def run_stages(self) -> None:
        """Runs all stages. The report comes after the upload, with the public score in it, even if the upload failed.

        Raises:
            ChildFailed: a stage failed.
        """
        options, run = self.options, self.run
        tta = "none" if options.quick else "d4"
        split = ["--data", options.data, "--run", run, "--seed", options.seed, "--keep", *self.competition, *self.anew]
        self.stage("split", split)
        self.stage("train", [*self.training, "--run", run, *self.anew])
        self.stage("predict", [run, "--tta", tta, "--engine", options.engine])
        self.stage("tune", [run])
        file = self.decide()
        self.stage("inspect", [file])
        self.step("summary", [file])
        failed = self.upload(file)
        self.step("report", [run])
        if failed:
            raise failed

    def stage(self, name: str, arguments: Sequence[str]) -> None:
        self.announce(name)
        self.step(name, arguments)

    def step(self, name: str, arguments: Sequence[str]) -> None:
        self.children.run([self.python, "-m", f"kaggle_seg.{name}", *arguments], name)

    def announce(self, name: str) -> None:
        say(f"[{STAGES.index(name) + 1}/{len(STAGES)}] {name}", sys.stderr)

    def decide(self) -> str:
        """Writes the CSV; its path."""
        threshold = [] if self.options.threshold == "auto" else ["--threshold", self.options.threshold]
        self.announce("decide")
        told = self.children.output([self.python, "-m", "kaggle_seg.decide", self.run, *threshold], "decide")
        for line in told.splitlines():
            if not line.startswith("submission: "):
                say(line)
        self.csv = value_of("submission", told)
        return str(output_root() / "submissions" / Path(self.csv).name)

    def upload(self, file: str) -> ChildFailed | None:
        """Uploads the CSV if it is worth one of the day's few submissions; how the upload failed, if it did."""
        if self.options.submit == "no":
            return None
        try:
            self.step("submit", [file, "--once" if self.options.submit == "yes" else "--if-better"])
        except ChildFailed as failed:
            return failed
        return None


def say(line: str, stream: TextIO | None = None) -> None:
    """A line for a person, at once, so that it stays in order with what the stages say."""
    print(line, file=stream or sys.stdout, flush=True)


def value_of(key: str, told: str) -> str:
    """What the last line `key: value` of some output says; "" if there is none."""
    values = [line.removeprefix(f"{key}: ") for line in told.splitlines() if line.startswith(f"{key}: ")]
    return values[-1] if values else ""
