"""Upload a CSV to Kaggle, wait for its score, and keep the ledger: submissions/ledger.csv

Without a CSV: the best one that was not uploaded yet, after asking.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from kaggle_seg.competition import DEFAULT, find_competition
from kaggle_seg.errors import BadInput, report_errors
from kaggle_seg.locks import end_with_parent
from kaggle_seg.run_directory import find_csv, output_root, shown

if TYPE_CHECKING:
    from kaggle_seg.remote.sending import Sender
    from kaggle_seg.remote.trouble import Patience
    from kaggle_seg.submission.provenance import Provenance


@dataclass(frozen=True)
class Command:
    """What to upload, and how."""

    csv: Annotated[str | None, tyro.conf.Positional] = None
    """the CSV, by path or name (default: the best one not uploaded yet)"""
    message: Annotated[str, tyro.conf.arg(aliases=["-m"])] = ""
    """your words for the list of submissions; run, threshold, local score and a short hash are added"""
    data: Path | None = None
    """the folder of tiles the CSV was made for, to check its ids (default: what the JSON beside the CSV says)"""
    competition: str = ""
    """the competition, by slug, address or TOML file (default: what the JSON beside the CSV says)"""
    yes: bool = False
    """do not ask before uploading the best CSV"""
    dry_run: bool = False
    """everything but the upload"""
    again: bool = False
    """upload a CSV that was uploaded before"""
    once: bool = False
    """a CSV that was uploaded before is no error: its score is shown"""
    no_wait: bool = False
    """do not wait for the score"""
    wait: int | None = None
    """wait for the score of this reference, uploaded earlier, and do nothing else"""
    list: bool = False
    """show the ledger, and advice"""
    refresh: bool = False
    """with --list: bring states and scores up to date from Kaggle first"""
    if_better: bool = False
    """as the pipeline does: upload only a full run on the competition's tiles that beats all uploads in its local score"""


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and submits."""
    command = tyro.cli(
        Command, args=argv, prog="python -m kaggle_seg.submit", description=__doc__, config=(tyro.conf.FlagCreatePairsOff,)
    )
    return run(command)


def run(command: Command, patience: Patience | None = None) -> int:
    """Does what the command line asks for.

    Args:
        command: the command line.
        patience: how long to wait for what.
    """
    from kaggle_seg.remote.gate import check_csv, need_credentials
    from kaggle_seg.remote.sending import Sender
    from kaggle_seg.remote.trouble import Patience
    from kaggle_seg.submission.expected import competition_of_csv
    from kaggle_seg.submission.provenance import Provenance

    end_with_parent()
    named = find_competition(command.competition) if command.competition else DEFAULT
    sender = Sender(named, patience=patience or Patience())
    if command.list:
        return show(sender, command.refresh)
    if command.wait is not None:
        sender.take_up(command.wait, need_credentials(f"python -m kaggle_seg.submit --wait {command.wait}"))
        return 0
    file = find_csv(command.csv) if command.csv else choose(sender, command)
    sender = replace(sender, competition=competition_of_csv(file, command.competition))
    check_csv(file, command.data, sender.competition)
    return submit(sender, Provenance.of(file), command)


def submit(sender: Sender, made: Provenance, command: Command) -> int:
    """Uploads a valid CSV, if nothing else speaks against it."""
    from kaggle_seg.remote.gate import check_novelty, need_credentials
    from kaggle_seg.remote.worth import refuse_demo, uploaded_before

    retry = f"python -m kaggle_seg.submit {shown(made.file)}"
    before = sender.ledger.of_csv(sender.competition.slug, made.sha256)
    if (command.once or command.if_better) and (done := uploaded_before(before)):
        print(done)
        return 0
    if command.if_better and holds_back(sender, made, retry):
        return 0
    refuse_demo(made)
    check_novelty(made.file, before, command.again)
    credentials = need_credentials(retry)
    print(f"Kaggle login: {credentials.described()}", file=sys.stderr)
    if command.dry_run:
        sender.rehearse(credentials)
        print(f"{shown(made.file)}: all in order; --dry-run, so nothing was uploaded")
    else:
        sender.send(made, command.message, credentials, command.again, not command.no_wait)
    return 0


def show(sender: Sender, refresh: bool) -> int:
    """Prints the ledger, and advice."""
    from kaggle_seg.remote.advice import advise
    from kaggle_seg.remote.choice import candidates
    from kaggle_seg.remote.listing import table

    slug = sender.competition.slug
    allowance = sender.bring_up_to_date() if refresh else "unknown without asking Kaggle; add --refresh"
    entries = sender.ledger.entries(slug)
    waiting = candidates(entries, sender.competition)
    advice = advise(entries, waiting, sender.competition)
    print("\n".join([*table(entries), "", f"submissions: {allowance}", *advice]))
    return 0


def choose(sender: Sender, command: Command) -> Path:
    """The best CSV not uploaded yet, once the person agrees.

    Raises:
        BadInput: there is none, or nobody there to ask.
    """
    from kaggle_seg.remote.choice import best_uploaded, candidates

    entries = sender.ledger.entries(sender.competition.slug)
    found = candidates(entries, sender.competition)
    if not found:
        raise BadInput(
            f"no CSV in {shown(output_root() / 'submissions')} that has a local score and was not uploaded yet "
            "(demo tiles and --quick runs do not count); name one: python -m kaggle_seg.submit FILE"
        )
    best, others = found[0], found[1:]
    before = best_uploaded(entries, best.reading)
    why = (
        f"local score {best.score:.4f}, the best of {len(found)} not uploaded yet"
        if others
        else f"local score {best.score:.4f}"
    )
    if before is not None:
        why += f"; best uploaded so far {before.number('local_score'):.4f} ({before.file})"
    print(f"{shown(best.file)}: {why}")
    if command.yes or command.dry_run:
        return best.file
    if not sys.stdin.isatty():
        raise BadInput("nobody to ask whether to upload it (input is no terminal): add --yes, or name the CSV")
    if input("upload it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise BadInput("not uploaded, as you wished")
    return best.file


def holds_back(sender: Sender, made: Provenance, retry: str) -> bool:
    """Whether the pipeline leaves the upload to the person; if so it says why, and what to run."""
    from kaggle_seg.remote.credentials import find_credentials, how_to_get
    from kaggle_seg.remote.worth import reason_to_hold

    reason = reason_to_hold(made, sender.ledger.entries(sender.competition.slug), sender.competition)
    if reason:
        print(f"not uploaded: {reason}" + ("" if made.demo else f"; to upload it all the same: {retry}"))
    if logged_out := find_credentials() is None:
        print("no Kaggle credentials on this machine. How to get them:")
        print(how_to_get("./run_pipeline.sh (it downloads the competition's tiles then)" if made.demo else retry))
    return bool(reason) or logged_out


if __name__ == "__main__":
    sys.exit(main())
