"""The list of commands, and how fast each of them answers."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kaggle_seg
from kaggle_seg.__main__ import FIRST, find_commands, main

COMMANDS = sorted(find_commands())


def quickest(words: list[str], enough: float, attempts: int = 5) -> tuple[float, subprocess.CompletedProcess[str]]:
    """The shortest of several runs; stops at the first that is quick enough.

    Processor time counts, for the machine may be busy with other things; where the system does not tell it, the clock does.
    """
    shortest = float("inf")
    for _ in range(attempts):
        before, started = os.times(), time.monotonic()
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=60)
        after = os.times()
        spent = after.children_user - before.children_user + after.children_system - before.children_system
        shortest = min(shortest, spent or time.monotonic() - started)
        if shortest < enough:
            break
    return shortest, done


def test_every_command_is_listed_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert sorted(name for name, _ in lines) == COMMANDS
    assert all(len(summary) > 20 for _, summary in lines)
    assert [name for name, _ in lines][: len(FIRST)] == list(FIRST)


def test_a_command_is_what_has_a_main() -> None:
    folder = Path(kaggle_seg.__path__[0])
    for path in [*folder.glob("*.py"), *folder.glob("*/__main__.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        runs_by_itself = any(isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in tree.body)
        name = path.stem if path.parent == folder else path.parent.name
        assert runs_by_itself == (name in [*COMMANDS, "__main__"]), path.name


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspekt"]) == 2
    assert capsys.readouterr().err == "error: no command 'inspekt'; did you mean 'inspect'?\n"
    assert main(["xyz"]) == 2
    assert "there are: pipeline, demo" in capsys.readouterr().err


def test_a_command_runs_through_the_package(tmp_path: Path) -> None:
    words = ["-m", "kaggle_seg", "demo", str(tmp_path / "demo"), "--size", "32", "--training", "2", "--test", "1"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("demo tiles drawn: 2 for training")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_answers_at_once(command: str) -> None:
    seconds, done = quickest(["-m", f"kaggle_seg.{command}", "--help"], 0.3)
    assert done.returncode == 0
    assert "usage" in done.stdout.lower()
    assert seconds < 0.3


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_the_command_as_typed_and_each_default_once(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"kaggle_seg.{command}", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    told = " ".join(done.stdout.replace("│", " ").split())
    assert told.startswith(f"usage: python -m kaggle_seg.{command} ")
    assert not re.search(r"\(default: [^()]*\) \(default:", told)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_is_refused_at_once(command: str) -> None:
    seconds, done = quickest(["-m", f"kaggle_seg.{command}", "--no-such-option"], 0.5)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert seconds < 0.5


def test_the_list_of_commands_answers_at_once() -> None:
    seconds, done = quickest(["-m", "kaggle_seg"], 0.3)
    assert done.returncode == 0
    assert seconds < 0.3
