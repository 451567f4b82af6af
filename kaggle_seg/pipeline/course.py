"""The course of a start: disk, environment, tiles, plan, stages; and how it ends."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from kaggle_seg.errors import DONE
from kaggle_seg.output import output_root
from kaggle_seg.pipeline import disk
from kaggle_seg.pipeline.children import ChildFailed, Children, Stopped
from kaggle_seg.pipeline.counting import count_tiles
from kaggle_seg.pipeline.deadline import bound_training, check_time, next_time
from kaggle_seg.pipeline.environment import PROJECT, is_made, which_extra
from kaggle_seg.pipeline.options import Options
from kaggle_seg.pipeline.plan import describe, make_plan
from kaggle_seg.pipeline.stages import Pipeline, given_python, prepare_python, say, with_project
from kaggle_seg.run_directory import find_run


def start(options: Options) -> int:
    """Runs the pipeline; its exit code.

    Raises:
        BadInput: there are no tiles, or too little time.
        Failure: there is too little disk.
    """
    pipeline = Pipeline(options, Children(with_project(os.environ)))
    try:
        with pipeline.children:
            run(pipeline)
    except Stopped as stopped:
        say("\nstopped; the same command takes up where this left off.", sys.stderr)
        return stopped.exit_code
    except ChildFailed as failed:
        if str(failed):
            say(str(failed), sys.stderr)
        return failed.code
    finally:
        if pipeline.csv:  # the last line names the CSV, once there is one, however this ends
            say(f"submission: {pipeline.csv}")
    return DONE


def run(pipeline: Pipeline) -> None:
    """Everything from the environment to the report."""
    options, now = pipeline.options, datetime.now()
    end = next_time(options.until, now) if options.until else None
    if end:
        check_time(options.until, end, now)
    given, extra = given_python(os.environ), which_extra()
    made = bool(given) or is_made(PROJECT, PROJECT / ".venv", f"requirements/{extra}.txt")
    if not made:
        disk.check_disk(early_needs(options, extra))
    pipeline.python = prepare_python(pipeline.children, given, extra, made)
    pipeline.choose_data()
    pipeline.name_run()
    pipeline.options = announce(pipeline, end)
    pipeline.run_stages()


def early_needs(options: Options, extra: str) -> list[disk.Need]:
    """The disk that is needed as far as that is known before the installation."""
    data = Path(options.data) if options.data else output_root() / "data"
    tiles = [] if options.demo or not data.is_dir() else disk.run_needs(data, None, count_tiles(data))
    return [*disk.environment_needs(PROJECT / ".venv", extra), *tiles]


def announce(pipeline: Pipeline, end: datetime | None) -> Options:
    """Prints the plan, and refuses too little time or disk; the options with the length of the training.

    Raises:
        BadInput: there is too little time.
        Failure: there is too little disk.
    """
    options, here = pipeline.options, find_run(pipeline.run, must_exist=False)
    if end:
        options = replace(bound_training(here, options, end, datetime.now()), until="")
    plan = make_plan(here, options)
    say("\n".join(describe(plan, options)), sys.stderr)
    disk.check_disk(disk.run_needs(Path(options.data), here.folder, plan.tiles))
    return options
