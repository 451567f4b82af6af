"""The README and the pages it leads to tell what is there: modules, options, commands, links, figures."""

from __future__ import annotations

import ast
import configparser
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
    map_ = README.partition("\nkaggle_seg/ ")[2].partition("\ndocs/")[0]
    named = re.findall(r"^  ([a-z_]+(?:\.py|/)(?: [a-z_]+\.py)*)", map_, re.MULTILINE)
    modules = {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}
    rooms = {f"{room.name}/" for room in ROOMS if room.parent == PACKAGE}
    assert sorted(" ".join(named).split()) == sorted(modules | rooms), "each room and each module at the top once"


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


PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), PROJECT / "tests" / "old_version" / "README.md"])
MEASURED = """
.0004 .0009 .0012 .0017 .0025 .0041 .0056 .0064 .009 .0151 .0231 .0235 .053 .135 .178 .209 .222 .223 .268 .279 .281 .282
.297 .304 .307 .312 .327 .340 .341 .344 .347 .350 .369 .383 .399 .404 .418 .420 .428 .429 .433 .450 .459 .466 .468 .476
.516 .611 .646 .977 .9963 .9976 .9984 .9985 .9988 .125 .104 .148 .91 .96 .94 .24 .16 .58 .59 .76 1.03 1.09 1.14 .33 5.1 6.4
1.3 1.4 1.5 1.6 1.7 1.73 1.82 2.09 2.17 2.2 2.35 2.4 2.7 3.4 3.7 4.2 5.5 7.2 7.9 8.1 9.5 158 1.8 13.3 426 1311 885 127
48.3 64.7 47.2 62.9 13.8 96.8 81.7 93.2 396 409 506 619 425 2.3 102 114 432 431 658 821 322 327 367 311 316 357 184 161
268 185 120
"""
"""What the README of version 0.1.0 said was measured; nothing of it gets lost."""


def test_the_readme_is_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 180


def test_results_are_one_table_of_ten_lines() -> None:
    results = README.partition("## Results\n")[2].partition("\n## ")[0]
    rows = [line for line in results.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 10, "head, rule and ten lines"


def test_every_figure_is_still_in_the_docs() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in PROJECT.glob("docs/*.md"))
    there = set(re.findall(r"(?<![\w.])\d*\.\d+(?![\w.])|(?<![\w.])\d+(?![\w.])", text.replace(". ", " ")))
    assert set(MEASURED.split()) <= there


def test_figures_of_the_readme_are_those_of_the_docs() -> None:
    """A figure that is measured anew changes in both."""
    results = README.partition("## Results\n")[2].partition("\n## ")[0]
    text = "".join(path.read_text(encoding="utf-8") for path in PROJECT.glob("docs/*.md"))
    for figure in re.findall(r"(?<![\w.])\d*\.\d+(?!\w)", results):
        assert figure in text, figure


def test_this_version_is_in_the_changelog() -> None:
    settings = configparser.ConfigParser()
    settings.read(PROJECT / "setup.cfg", encoding="utf-8")
    versions = re.findall(r"^## (.+)$", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == settings["metadata"]["version"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_and_files_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"\]\((?!https?://|#)([^)]+)\)", text):
        assert (page.parent / path).exists(), path
    for path in re.findall(r"`((?:requirements|tests|kaggle_seg|docs)/[\w./-]*)`", text):
        assert (PROJECT / path).exists(), path
    for command, module in re.findall(r"python -m (kaggle_seg|tests\.benchmarks)(?:\.(\w+))?", text):
        folder = PROJECT / command.replace(".", "/")
        assert (folder / module).is_dir() or (folder / f"{module or '__main__'}.py").is_file(), f"{command}.{module}"


def test_every_page_is_reached_from_the_readme() -> None:
    for page in PROJECT.glob("docs/*"):
        assert f"docs/{page.name}" in README, page.name
    assert "CHANGELOG.md" in README
