"""Fixtures of the pipeline's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.clone import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    clone = Clone(tmp_path)
    yield clone
    clone.end()


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    folder = tmp_path / "my tiles"
    folder.mkdir()
    return folder
