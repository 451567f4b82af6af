"""A copy of what version 0.1.0 wrote, in the folder where the commands look for runs and submissions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .make import PLACE, move_tiles

HERE = Path(__file__).parent


def copy_old_version(root: Path) -> Path:
    """Copies runs, submissions and tiles below a folder, as if they had been made there."""
    for name in ("runs", "submissions", "tiles"):
        shutil.copytree(HERE / name, root / name)
    shutil.copy(HERE / "roofs.toml", root)
    move_tiles(root, PLACE, str(root / "tiles"))
    return root


@pytest.fixture
def old(output_root: Path) -> Path:
    """The folder of the copy."""
    return copy_old_version(output_root)
