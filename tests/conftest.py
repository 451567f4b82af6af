"""Fixtures that several test modules share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from kaggle_seg.run_directory import Run

# a busy machine is no reason to fail
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# started in a shell's background, Ctrl-C is ignored here and in all children; tests that send it need it
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# under nohup all children are meant to outlive their parents; the tests that see them end need them not to
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def output_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs, submissions and data of a test lie in its own folder; nothing reads the caller's environment."""
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setenv("KSEG_ROOT", str(root))
    for name in ("KAGGLE_KERNEL_RUN_TYPE", "KSEG_PYTHON", "KSEG_PARENT"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A drawn tree of tiles."""
    from tests.drawn_runs import draw_tree

    return draw_tree(tmp_path / "tiles")


@pytest.fixture
def run(tree: Path) -> Run:
    """A drawn run of those tiles that has predicted them."""
    from tests.drawn_runs import draw_run

    return draw_run("drawn", tree)
