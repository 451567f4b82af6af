"""The README tells what is there: every module, every option, every command it names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kaggle_seg.__main__ import find_commands

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"python -m kaggle_seg\.(\w+)(.*)", README)


def test_the_map_names_every_module_and_no_other() -> None:
    named, room = set(), ""
    for line in README.partition("```\nkaggle_seg/\n")[2].partition("```")[0].splitlines():
        indent, name = len(line) - len(line.lstrip()), line.split()[0]
        room = room if indent == 4 else ""
        if name.endswith("/"):
            room = name
        else:
            named.add(room + name)
    package = PROJECT / "kaggle_seg"
    paths = [path.relative_to(package) for path in package.rglob("*.py") if not path.name.startswith("__")]
    assert named == {path.as_posix() for path in paths}, "one line for each module, in the README's map"


def test_every_command_is_in_the_map() -> None:
    for name in find_commands():
        assert f"{name}.py" in README


@pytest.mark.parametrize(("command", "words"), sorted({(name, rest.partition("  ")[0]) for name, rest in COMMANDS}))
def test_options_of_commands_exist(command: str, words: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", f"kaggle_seg.{command}", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    for option in re.findall(r"--[\w-]+", words):
        assert option in told.stdout, f"{command} has no {option}"


def test_options_of_the_pipeline_exist() -> None:
    script = (PROJECT / "run_pipeline.sh").read_text(encoding="utf-8")
    used = {option for line in re.findall(r"run_pipeline\.sh (.*)", README) for option in re.findall(r"--[\w-]+", line)}
    assert used
    for option in used:
        assert f"\n  {option} " in script, option


def test_links_and_files_are_there() -> None:
    for path in re.findall(r"\]\((?!https?://|#)([^)]+)\)", README):
        assert (PROJECT / path).exists(), path
    for path in re.findall(r"`((?:requirements|tests|kaggle_seg)/[\w./]*)`", README):
        assert (PROJECT / path).exists(), path
