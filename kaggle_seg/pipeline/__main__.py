"""From a folder of tiles to a checked submission CSV: all stages, one after another

It takes up where it was stopped. What the stages say of their results goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from kaggle_seg.errors import report_errors
from kaggle_seg.pipeline.environment import check_python


@report_errors
def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and runs the stages."""
    check_python()
    from kaggle_seg.pipeline.course import start  # which an older Python can't import
    from kaggle_seg.pipeline.options import read_options

    program = os.environ.pop("KSEG_COMMAND", "python -m kaggle_seg.pipeline")  # run_pipeline.sh says how it was called
    return start(read_options(sys.argv[1:] if argv is None else argv, program))


if __name__ == "__main__":
    sys.exit(main())
