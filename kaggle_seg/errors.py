"""What a person is told when something is wrong, and the exit codes.

0 done, 1 something failed outside of the input, 2 wrong use or faulty input, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence

DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130


class BadInput(Exception):
    """Wrong use or faulty input: one or more problems, each a complete line with its remedy (exit code 2)."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class Failure(Exception):
    """Something that was asked for could not be done, though the input is in order (exit code 1)."""


def report_errors(main: Callable[..., int]) -> Callable[..., int]:
    """Wraps a command's `main` so that a person reads plain lines on stderr instead of a traceback."""

    @functools.wraps(main)
    def guarded(argv: Sequence[str] | None = None) -> int:
        try:
            return main(argv)
        except BadInput as error:
            for problem in error.problems:
                print(f"error: {problem}", file=sys.stderr)
            if len(error.problems) > 1:
                print(f"{len(error.problems)} problems; nothing was written.", file=sys.stderr)
            return WRONG_INPUT
        except Failure as error:
            print(f"error: {error}", file=sys.stderr)
            return FAILED
        except BrokenPipeError:  # the reader has seen enough, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            print(f"error: {error.strerror or error}{where}", file=sys.stderr)
            return FAILED
        except KeyboardInterrupt:
            if "KSEG_PARENT" not in os.environ:  # the pipeline says it itself, once
                print("\nstopped; the same command takes up where this left off.", file=sys.stderr)
            return INTERRUPTED

    return guarded
