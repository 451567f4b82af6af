"""`python -m kaggle_seg`: the commands, a line each; `python -m kaggle_seg COMMAND ...` runs one."""

from __future__ import annotations

import ast
import difflib
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from kaggle_seg.errors import BadInput, report_errors

# as the pipeline runs them
FIRST = ("pipeline", "demo", "split", "train", "predict", "tune", "decide", "inspect", "summary", "submit", "report")


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Lists the commands, or runs the one that is named."""
    words = list(sys.argv[1:] if argv is None else argv)
    commands = find_commands()
    if not words or words[0] in ("-h", "--help"):
        print(overview(commands))
        return 0
    name, *rest = words
    if name not in commands:
        near = difflib.get_close_matches(name, commands, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(commands)}"
        raise BadInput(f"no command {name!r}; {hint}")
    sys.argv = [name, *rest]
    runpy.run_module(f"kaggle_seg.{name}", run_name="__main__", alter_sys=True)
    return 0


def find_commands() -> dict[str, str]:
    """The modules and packages here that have a `main`, with the first line of its docstring; nothing is imported."""
    commands, here = {}, Path(__file__).parent
    for path in sorted([*here.glob("[a-z]*.py"), *here.glob("[a-z]*/__main__.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            name = path.stem if path.parent == here else path.parent.name
            commands[name] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return {name: commands[name] for name in (*FIRST, *commands) if name in commands}


def overview(commands: dict[str, str]) -> str:
    """What a person reads who does not know the commands."""
    width = max(len(name) for name in commands)
    lines = [f"  {name:<{width}}  {summary}" for name, summary in commands.items()]
    return "\n".join(
        [
            "From a folder of satellite tiles to a scored Kaggle submission. `pipeline` runs the stages in order;",
            "on Linux and macOS, ./run_pipeline.sh finds a Python for it and starts it.",
            "",
            *lines,
            "",
            "python -m kaggle_seg.COMMAND --help tells the options of each.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
