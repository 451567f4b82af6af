"""The options of the pipeline. All of them are checked here, and all that is wrong is said, before anything is installed."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from kaggle_seg.config import Encoder, Engine
from kaggle_seg.errors import BadInput

NUMBER, NONZERO = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+"), re.compile(r"[1-9]")

# name, placeholder of the value (a switch has none), help
GROUPS = {
    "tiles": (
        ("--data", "DIR", "the folder of tiles (default: data/ if there is one; else the competition's tiles, downloaded "
         "with your Kaggle credentials; else generated demo tiles)"),
        ("--competition", "WHICH", "another competition, by slug, address or TOML file (see kaggle_seg/competitions/)"),
        ("--run", "NAME", "the name of the run (default: made from the data folder and the network)"),
        ("--demo", "", "use generated demo tiles even if there are others; trains 12 epochs unless you say otherwise"),
    ),
    "training": (
        ("--epochs", "N", "train N epochs"),
        ("--minutes", "N", "train for about N minutes"),
        ("--until", "HH:MM", "finish everything by this time of day, today or tomorrow; the training gets what the other "
         "stages leave"),
        ("--seed", "N", "seed of the split, the first weights and the order of the tiles (default: 0)"),
        ("--encoder", "NAME", "train a decoder on a network of ImageNet, such as efficientnet-lite0 (default: none)"),
        ("--quick", "", "a small network, few epochs, at most 1500 training tiles: a look at everything within 4 minutes"),
        ("--restart", "", "forget what this run has trained, and train anew"),
    ),
    "masks": (
        ("--threshold", "X", "mask = probability >= X, with 0 < X < 1; auto: the rule that does best in validation "
         "(default)"),
        ("--engine", "E", "what predicts: auto (default), keras, openvino or int8; see python -m kaggle_seg.predict "
         "--help"),
    ),
    "upload": (
        ("--submit", "", "upload the CSV to Kaggle in any case (default: if it is a full run on the competition's tiles "
         "and its local score beats all uploads)"),
        ("--no-submit", "", "upload nothing"),
    ),
    "other": (("--help", "", "show this text"),),
}  # fmt: skip
VALUED = [name for group in GROUPS.values() for name, placeholder, _ in group if placeholder]
SWITCHES = [name for group in GROUPS.values() for name, placeholder, _ in group if not placeholder]
DESCRIPTION = """\
From a folder of tiles to a checked submission CSV. The first start installs
what is needed into .venv; every start skips what is done and takes up where the
last one stopped. Results go to runs/ and submissions/."""
EPILOG = """\
Options after -- go to the training (see python -m kaggle_seg.train --help).

example: {program} --data my-tiles --minutes 20 -- --loss dice

Exit code: 0 done, 1 something failed, 2 wrong use or faulty input, 130 stopped
by Ctrl-C. KSEG_PYTHON=python3 uses that interpreter as it is: no .venv, no
network."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for. Values are kept as they were typed; "" is an option that was not given.

    Attributes:
        submit: "yes", "no" or "if-better".
        training: the options that go to the training.
    """

    data: str = ""
    competition: str = ""
    run: str = ""
    threshold: str = "auto"
    epochs: str = ""
    minutes: str = ""
    until: str = ""
    seed: str = "0"
    engine: str = "auto"
    encoder: str = ""
    quick: bool = False
    demo: bool = False
    restart: bool = False
    submit: str = "if-better"
    training: tuple[str, ...] = ()

    @property
    def bounded(self) -> bool:
        """Whether the command line says how long to train."""
        return bool(self.epochs or self.minutes or self.until)


def read_options(arguments: Sequence[str], program: str, environment: Mapping[str, str] = os.environ) -> Options:
    """The options on a command line. `--help` prints the help and ends the process.

    Args:
        arguments: the words behind the program's name.
        program: how the pipeline was called, for the help.
        environment: the environment variables.

    Raises:
        BadInput: everything that is wrong with them, a line each.
    """
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    joined, problems = join_values(arguments[:end])
    values, others = make_parser(program).parse_known_args(joined)
    given = {name: value for name, value in vars(values).items() if value}
    options = Options(**given, training=tuple(arguments[end + 1 :]))
    problems += [not_understood(other) for other in others]
    problems += check_tiles(options) + check_training(options) + check_masks(options) + check_interpreter(environment)
    if problems:
        raise BadInput([*problems[:-1], f"{problems[-1]}\nSee {program} --help"])
    return options


def join_values(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Joins options and their values; finds options without their value, and switches with one.

    argparse takes a value that begins with a dash for an option, and stops at the first problem.

    >>> join_values(["--run", "-x", "--quick=3", "--seed"])
    (['--run=-x'], ['--quick takes no value; write --quick', '--seed: a value is missing'])
    """
    joined, problems, rest = [], [], list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in VALUED:
            if not equals and rest and not rest[0].startswith("--"):
                value = rest.pop(0)
            if value:
                joined.append(f"{name}={value}")
            else:
                problems.append(f"{name}: a value is missing")
        elif name in SWITCHES and equals:
            problems.append(f"{name} takes no value; write {name}")
        else:
            joined.append(f"{name}{equals}{value}")
    return joined, problems


def make_parser(program: str) -> argparse.ArgumentParser:
    """The parser."""
    parser = argparse.ArgumentParser(
        prog=program,
        usage=f"{program} [OPTION]... [-- OPTION-OF-TRAIN]...",
        description=DESCRIPTION,
        epilog=EPILOG.format(program=program),
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=23, width=80),
        allow_abbrev=False,
        add_help=False,
    )
    for title, group in GROUPS.items():
        section = parser.add_argument_group(title)
        for name, placeholder, text in group:
            if name == "--help":
                section.add_argument("-h", name, action="help", help=text)
            elif name in ("--submit", "--no-submit"):
                section.add_argument(
                    name, dest="submit", action="store_const", const="yes" if name == "--submit" else "no", help=text
                )
            elif placeholder:
                section.add_argument(name, metavar=placeholder, help=text)
            else:
                section.add_argument(name, action="store_true", help=text)
    return parser


def not_understood(argument: str) -> str:
    """What to say of something that is no option."""
    if not argument.startswith("-"):
        return f"{argument!r}: not understood; options begin with --"
    name = argument.partition("=")[0]
    near = difflib.get_close_matches(name, [*VALUED, *SWITCHES], 1)
    hint = f"did you mean {near[0]}? Options" if near else "options"
    return f"{name}: no such option; {hint} of the training go after --"


def check_tiles(options: Options) -> list[str]:
    """What is wrong with the options that choose tiles, run and upload."""
    problems = []
    if options.data and not Path(options.data).is_dir():
        problems.append(f"--data {options.data}: no such folder")
    if options.data and options.demo:
        problems.append("--data and --demo exclude each other; give one")
    if options.demo and options.competition:
        problems.append("--demo and --competition exclude each other; demo tiles belong to no competition")
    if options.demo and options.submit == "yes":
        problems.append("--demo and --submit exclude each other; demo tiles are never uploaded")
    if options.run.startswith("-") or options.run in (".", ".."):
        problems.append(f"--run {options.run}: not a name for a run; use letters, digits, '-', '_' and '.'")
    return problems


def check_training(options: Options) -> list[str]:
    """What is wrong with the options of the training."""
    problems = []
    if options.epochs and not (re.fullmatch(r"[0-9]{1,9}", options.epochs) and NONZERO.search(options.epochs)):
        problems.append(f"--epochs {options.epochs}: wanted a whole number from 1")
    if options.minutes and not (NUMBER.fullmatch(options.minutes) and NONZERO.search(options.minutes)):
        problems.append(f"--minutes {options.minutes}: wanted a number above 0")
    if options.until and not re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", options.until):
        problems.append(f"--until {options.until}: wanted a time of day, as 23:30")
    if options.encoder and options.encoder not in get_args(Encoder):
        problems.append(f"--encoder {options.encoder}: wanted one of {', '.join(get_args(Encoder))}")
    if not re.fullmatch(r"[0-9]{1,9}", options.seed):
        problems.append(f"--seed {options.seed}: wanted a whole number from 0")
    bounds = [name for name in ("epochs", "minutes", "until") if getattr(options, name)]
    if len(bounds) > 1:
        problems.append(f"{' and '.join(f'--{name}' for name in bounds)} exclude each other; give one")
    beyond = [word for word in options.training if re.fullmatch(r"--(epochs|minutes)(=.*)?", word)]
    if options.until and beyond:
        problems.append(f"--until and -- {beyond[0]} exclude each other; give one")
    return problems


def check_masks(options: Options) -> list[str]:
    """What is wrong with the options of prediction and decision."""
    problems = []
    threshold = options.threshold
    if threshold != "auto" and not (re.fullmatch(r"0*\.[0-9]+", threshold) and NONZERO.search(threshold)):
        problems.append(f"--threshold {threshold}: wanted auto or a number between 0 and 1, as 0.42")
    *engines, last = get_args(Engine)
    if options.engine not in (*engines, last):
        problems.append(f"--engine {options.engine}: wanted {', '.join(engines)} or {last}")
    return problems


def check_interpreter(environment: Mapping[str, str]) -> list[str]:
    """What is wrong with the interpreter that `KSEG_PYTHON` names."""
    python = environment.get("KSEG_PYTHON", "")
    return [f"KSEG_PYTHON={python}: no such interpreter"] if python and not shutil.which(python) else []
