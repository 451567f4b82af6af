"""`--until`: from a time of day to the minutes of the training."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime, timedelta

from kaggle_seg.errors import BadInput
from kaggle_seg.pipeline.estimates import START_SECONDS
from kaggle_seg.pipeline.options import Options
from kaggle_seg.pipeline.plan import in_minutes, make_plan
from kaggle_seg.run_directory import Run

LEAST_SECONDS = 60.0  # of training; measuring its speed alone takes half a minute
RESERVE_SECONDS = 20.0  # for the summary and the report, which no estimate counts
RESERVE_SHARE = 1.25  # how much longer than estimated the other stages may take
UNKNOWN_SECONDS = 120.0  # for the other stages, where nothing tells how long they take


def next_time(until: str, now: datetime) -> datetime:
    """When a time of day comes next.

    Args:
        until: a time of day, as "23:30".
        now: the local time.

    >>> next_time("9:05", datetime(2026, 3, 31, 22, 0)).isoformat()
    '2026-04-01T09:05:00'
    """
    hour, minute = map(int, until.split(":"))
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def check_time(until: str, end: datetime, now: datetime) -> None:
    """Refuses a time that is too near whatever is still to be done; before anything is installed.

    Raises:
        BadInput: it is.
    """
    left = end.timestamp() - now.timestamp()
    if left < LEAST_SECONDS + RESERVE_SECONDS:
        raise BadInput(f"--until {until}: that is in {left:.0f} seconds, too soon for any training; give a later time")


def bound_training(run: Run, options: Options, end: datetime, now: datetime) -> Options:
    """The options with `--until` turned into the length of the training.

    A training that was begun goes on as it was begun: its length is one of the settings that a run keeps.

    Args:
        run: the run, which need not be there yet.
        options: the command line, with `--until`.
        end: when everything is to be finished, local time.
        now: the local time.

    Raises:
        BadInput: there is too little time.
    """
    left = end.timestamp() - now.timestamp()
    epochs, minutes = begun_length(run, options)
    if epochs or minutes:
        options = replace(options, epochs=epochs, minutes=minutes)
        needed = make_plan(run, options).seconds()
        if needed is not None and needed > left:
            raise BadInput(
                f"--until {options.until}: {in_minutes(left)} from now, but to finish the run {run.name} as it was begun "
                f"takes {in_minutes(needed)}; give a later time, leave --until out, or train anew with --restart"
            )
        return options
    others = make_plan(run, options).seconds("train")
    others = UNKNOWN_SECONDS if others is None else others * RESERVE_SHARE
    seconds = left - others - RESERVE_SECONDS - START_SECONDS["train"]
    if seconds < LEAST_SECONDS:
        raise BadInput(
            f"--until {options.until}: {in_minutes(left)} from now, but the stages besides the training take "
            f"{in_minutes(others)} and the training takes at least a minute; give a later time"
        )
    return replace(options, minutes=f"{seconds / 60:.1f}")


def begun_length(run: Run, options: Options) -> tuple[str, str]:
    """The epochs and the minutes with which the training of a run was begun; "" for what it was begun without."""
    if options.restart or not run.settings_file.exists():
        return "", ""
    try:
        training = tomllib.loads(run.settings_file.read_text(encoding="utf-8"))["training"]
        epochs, minutes = training["epochs"], training["minutes"]
    except (OSError, ValueError, KeyError):  # `train` tells what is wrong with it
        return "", ""
    return str(epochs or ""), f"{minutes:g}" if minutes else ""
