"""Exit codes, and plain lines instead of tracebacks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest

from kaggle_seg.errors import BadInput, Failure, report_errors


def run(error: BaseException | None) -> int:
    @report_errors
    def main(argv: Sequence[str] | None = None) -> int:
        if error:
            raise error
        return 0

    return main([])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (BadInput("a.tif: truncated"), 2),
        (BadInput(["a.tif: truncated", "b.tif: empty"]), 2),
        (Failure("no answer"), 1),
        (OSError(28, "No space left on device", "big.npy"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error: BaseException | None, code: int) -> None:
    assert run(error) == code


def test_every_problem_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    run(BadInput(["a.tif: truncated", "b.tif: empty"]))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[:2] == ["error: a.tif: truncated", "error: b.tif: empty"]


def test_a_full_disk_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    run(OSError(28, "No space left on device", "big.npy"))
    assert capsys.readouterr().err == "error: No space left on device (big.npy)\n"


def test_an_error_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(ZeroDivisionError())


@pytest.mark.skipif(os.name == "nt", reason="no head")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    program = (
        "import sys\nfrom kaggle_seg.errors import report_errors\n"
        "@report_errors\ndef main(argv=None):\n    for _ in range(100000): print('a line')\n    return 0\n"
        "sys.exit(main())"
    )
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.stderr.read() == ""
    writer.stderr.close()
    assert writer.wait(timeout=20) == 1
