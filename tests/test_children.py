"""Benchmarks in processes of their own: each does its turns, and one that breaks says why."""

from __future__ import annotations

import sys
import time

import pytest

from tests.benchmarks.children import children, serve

MODULE = "tests.test_children"


def test_each_child_works_when_it_is_asked() -> None:
    with children(MODULE, {"slow": ["0.05"], "quick": [0]}) as turns:
        assert 0.05 <= turns["slow"]() < 5
        assert 0 <= turns["quick"]() < turns["slow"]()


def test_a_child_that_breaks_is_named_with_what_it_said() -> None:
    with (
        pytest.raises(RuntimeError, match=r"(?s)broken: ended with exit code 1.*could not convert"),
        children(MODULE, {"broken": ["nothing"]}),
    ):
        pass


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    serve(lambda: time.sleep(seconds))
