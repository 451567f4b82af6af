"""Time and peak memory of each stage of a finished run, as a table for the README.

    python -m tests.benchmarks.stages RUN

The figures are those that the stages wrote down themselves when they ran, in `runs/RUN/stages/`; peak memory is the
operating system's, of the whole process. A stage that was stopped and taken up tells of its last start alone.
"""

from __future__ import annotations

import argparse
import os
import sys

from kaggle_seg.run_directory import find_run

STAGES = ("split", "train", "predict", "tune")


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run, by name or folder")
    run = find_run(parser.parse_args().run)
    print(f"{run.name}, on {os.cpu_count()} cores\n\n| stage | seconds | peak memory, MiB |\n|---|---|---|")
    for name in STAGES:
        if record := run.record(name):
            print(f"| `{name}` | {record['seconds']:.1f} | {record['peak_memory_mib']} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
