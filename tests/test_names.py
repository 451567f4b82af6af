"""One name for one module, a test module for each, no file too long, and no circle of imports."""

from __future__ import annotations

import ast
import graphlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaggle_seg.__main__ import find_commands

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "kaggle_seg"
MOST_LINES, MOST_LINES_OF_A_COMMAND = 250, 120
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.stem != "__init__"
}
ROOMS = {".".join(path.parent.relative_to(PACKAGE).parts): path for path in sorted(PACKAGE.glob("*/**/__init__.py"))}
COMMANDS = set(find_commands())

TESTED_ELSEWHERE = {
    "download": "remote/test_download.py, beside the stand-in for Kaggle that it needs",
    "submit": "remote/test_submit.py, beside the stand-in for Kaggle that it needs",
}
"""Modules without a test module of their name, and which tests hold them instead."""


def imports_of(module: str, path: Path) -> Iterator[str]:
    """The modules and rooms of the package that a file imports, in functions too, but not for its types alone."""

    def visit(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from visit(other)
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            package = ["kaggle_seg", *module.split(".")][: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    for name in visit(ast.parse(path.read_text(encoding="utf-8"))):
        top, _, rest = name.partition(".")
        if top == "kaggle_seg":
            while rest and rest not in MODULES and rest not in ROOMS:
                rest = rest.rpartition(".")[0]
            if rest:
                yield rest


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_two_modules_share_a_name() -> None:
    """A command and what it is about, in a room or as one, may."""
    places = defaultdict(list)
    for name in [*MODULES, *ROOMS]:
        if name != "__main__" and name not in COMMANDS:
            places[name.rpartition(".")[2]].append(name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_module_is_named_after_what_it_is_about() -> None:
    last = {name.rpartition(".")[2] for name in [*MODULES, *ROOMS]}
    assert not last & {"utils", "helpers", "common", "misc", "tools", "base", "core"}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_a_test_module_of_its_name(module: str) -> None:
    """The tests of kaggle_seg/room/module.py are tests/room/test_module.py."""
    room, _, name = module.rpartition(".")
    own = PROJECT / "tests" / room.replace(".", "/") / f"test_{name.strip('_')}.py"
    named = own.is_file() != (module in TESTED_ELSEWHERE)
    assert named, f"{own.relative_to(PROJECT)} should be there, or {module} in TESTED_ELSEWHERE"


def test_what_is_tested_elsewhere_is_there() -> None:
    assert TESTED_ELSEWHERE.keys() <= MODULES.keys()
    assert all(TESTED_ELSEWHERE.values())


@pytest.mark.parametrize("module", MODULES)
def test_no_file_is_long(module: str) -> None:
    most = MOST_LINES_OF_A_COMMAND if module.removesuffix(".__main__") in COMMANDS else MOST_LINES
    assert lines_of(MODULES[module]) <= most, f"{lines_of(MODULES[module])} lines, at most {most}"


def test_no_test_file_is_long() -> None:
    lengths = {path.relative_to(PROJECT).as_posix(): lines_of(path) for path in (PROJECT / "tests").rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_imports_make_no_circle() -> None:
    """Inside a room, too, and by imports in functions; for types alone a module may name another."""
    graph = {name: set(imports_of(name, path)) - {name} for name, path in MODULES.items()}
    graph |= {name: set(imports_of(f"{name}.__init__", path)) - {name} for name, path in ROOMS.items()}
    try:
        list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_a_command(module: str) -> None:
    """But for the room of a command, which is its own."""
    own = module.partition(".")[0]
    imported = {name for name in imports_of(module, MODULES[module]) if name.partition(".")[0] != own}
    assert not {name for name in imported if name in COMMANDS or name.partition(".")[0] in COMMANDS}
