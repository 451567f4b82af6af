"""Upload a CSV to Kaggle, wait for its score, and keep the ledger: submissions/ledger.csv"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, arg

from kaggle_seg.competition import Competition, find_competition
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.locks import end_with_parent
from kaggle_seg.output import shown
from kaggle_seg.remote.refusals import Timeouts
from kaggle_seg.run_directory import find_csv


@dataclass(frozen=True)
class Command:
    """What to upload, and how."""

    csv: Annotated[str | None, Positional, arg(metavar="[CSV]", help_behavior_hint="(default: the best new one)")] = None
    """the CSV, by path or name"""
    message: Annotated[str, arg(metavar="TEXT", aliases=["-m"], help_behavior_hint="")] = ""
    """a text for Kaggle's list of submissions; run, threshold, local score and a short hash are added"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: from the JSON beside the CSV)")] = None
    """the folder of tiles that the CSV was made for, to check its ids"""
    competition: Annotated[str, arg(metavar="NAME", help_behavior_hint="(default: from the JSON beside the CSV)")] = ""
    """the competition, by slug, address or TOML file"""
    yes: bool = False
    """do not ask before uploading the best CSV"""
    dry_run: bool = False
    """check everything, but upload nothing"""
    again: bool = False
    """upload a CSV that was uploaded before"""
    once: bool = False
    """if the CSV was uploaded before, show its score and succeed"""
    no_wait: bool = False
    """do not wait for the score"""
    wait: Annotated[int | None, arg(metavar="REFERENCE", help_behavior_hint="")] = None
    """only wait for the score of this reference, which was uploaded earlier"""
    list: bool = False
    """show the ledger, and advice"""
    refresh: bool = False
    """with --list: first bring states and scores up to date from Kaggle"""
    if_better: bool = False
    """as the pipeline does: upload only a full run on the competition's tiles whose local score beats all uploads"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and submits."""
    name, flags = "python -m kaggle_seg.submit", (FlagCreatePairsOff,)
    return run(tyro.cli(Command, args=argv, prog=name, description=__doc__, config=flags))


def run(command: Command, timeouts: Timeouts | None = None) -> int:
    """Does what the command line asks for; how long it waits for what can be given."""
    from kaggle_seg.remote import advice, gate, results
    from kaggle_seg.submission.expected import competition_of_csv

    end_with_parent()
    if command.list:
        print("\n".join(advice.ledger_lines(find_competition(command.competition), command.refresh, timeouts)))
        return 0
    if command.wait is not None:
        print(results.wait_for_reference(command.wait, timeouts))
        return 0
    file = find_csv(command.csv) if command.csv else choose(command)
    competition = competition_of_csv(file, command.competition)
    gate.check_csv(file, command.data, competition)
    return submit(file, competition, command, timeouts)


def choose(command: Command) -> Path:
    """The best CSV not uploaded yet, once the person agrees."""
    from kaggle_seg.remote.choice import best_waiting

    file, why = best_waiting(find_competition(command.competition))
    print(why)
    if command.yes or command.dry_run:
        return file
    if not sys.stdin.isatty():
        raise BadInput("nobody can be asked whether to upload it (input is not a terminal): add --yes, or name the CSV")
    if input("upload it? [y/N] ").strip().lower() in ("y", "yes"):
        return file
    raise BadInput("not uploaded, as you wished")


def submit(file: Path, competition: Competition, command: Command, timeouts: Timeouts | None) -> int:
    """Uploads a checked CSV, if nothing else speaks against it, and waits for its score."""
    from kaggle_seg.decisions.record_files import provenance_of
    from kaggle_seg.remote import choice, client, gate, ledger, results, upload

    made, rows, this = provenance_of(file), ledger.Ledger(), f"python -m kaggle_seg.submit {shown(file)}"
    if lines := choice.reasons_to_hold(made, rows, competition, this, command.once, command.if_better):
        print("\n".join(lines))
        return 0
    wanted = choice.entry_for(made, competition.slug, command.message)
    upload.check_novelty(file, rows.of_csv(competition.slug, made.sha256), command.again)
    with client.connect(competition.slug, this, timeouts) as kaggle:
        if command.dry_run:
            gate.admit(kaggle)
            print(f"{shown(file)}: everything is in order; nothing was uploaded, because of --dry-run")
            return 0
        entry = upload.upload(kaggle, rows, file, wanted, command.again)
        print(f"reference {entry.reference}", flush=True)
        if not command.no_wait:
            print(results.wait_for_score(kaggle, rows, entry))
    return 0


if __name__ == "__main__":
    sys.exit(main())
