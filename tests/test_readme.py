"""The README tells what is there: every module, every option, every command it names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kaggle_seg.__main__ import find_commands

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"python -m kaggle_seg\.(\w+)(.*)", README)


PACKAGE = PROJECT / "kaggle_seg"
ROOMS = sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)


def test_the_map_names_every_room_and_top_module_and_no_other() -> None:
    map_ = README.partition("```\nkaggle_seg/\n")[2].partition("```")[0]
    named = {line.split()[0] for line in map_.splitlines()}
    modules = {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}
    rooms = {f"{room.name}/" for room in ROOMS if room.parent == PACKAGE}
    assert named == modules | rooms, "one line for each room and each module at the top, in the README's map"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(PACKAGE).as_posix())
def test_a_room_tells_each_of_its_modules_in_a_line(room: Path) -> None:
    told = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    named = {line.split()[0] for line in told.splitlines()[2:] if line and not line.startswith(" ")}
    modules = {path.stem for path in room.glob("*.py") if path.stem != "__init__"}
    rooms = {f"{path.parent.name}/" for path in room.glob("*/__init__.py")}
    assert named == modules | rooms, f"one line for each module, in the docstring of {room.name}/__init__.py"


def test_every_command_is_in_the_map() -> None:
    for name in find_commands():
        assert f"{name}.py" in README or f"{name}/ " in README


@pytest.mark.parametrize(("command", "words"), sorted({(name, rest.partition("  ")[0]) for name, rest in COMMANDS}))
def test_options_of_commands_exist(command: str, words: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", f"kaggle_seg.{command}", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    for option in re.findall(r"--[\w-]+", words):
        assert option in told.stdout, f"{command} has no {option}"


def test_options_of_the_pipeline_exist() -> None:
    command = [sys.executable, "-m", "kaggle_seg.pipeline", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    used = {option for line in re.findall(r"run_pipeline\.sh (.*)", README) for option in re.findall(r"--[\w-]+", line)}
    assert used
    for option in used:
        assert re.search(rf"^  (-h, )?{option}\b(?!-)", told, re.MULTILINE), option


def test_links_and_files_are_there() -> None:
    for path in re.findall(r"\]\((?!https?://|#)([^)]+)\)", README):
        assert (PROJECT / path).exists(), path
    for path in re.findall(r"`((?:requirements|tests|kaggle_seg)/[\w./]*)`", README):
        assert (PROJECT / path).exists(), path
