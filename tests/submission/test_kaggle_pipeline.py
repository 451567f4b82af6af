"""run_pipeline.sh from the download to the public score, with the real stages and the stand-in for Kaggle."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kaggle_seg.submission.ledger import Ledger
from kaggle_seg.tiles.synthetic import TREE, DemoTiles, write_demo

from .conftest import assert_agree
from .kaggle_server import KaggleServer

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the script is for Linux, macOS and WSL")


@pytest.fixture
def tiles(server: KaggleServer, tmp_path: Path) -> None:
    """Small drawn tiles, which the stand-in has for a download."""
    folder = tmp_path / "drawn"
    write_demo(folder, DemoTiles(training=24, test=6, size=32))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted((folder / TREE).rglob("*.tif")):
            archive.write(path, path.relative_to(folder).as_posix())
    server.archive = stream.getvalue()


def run_pipeline(*options: str) -> subprocess.CompletedProcess[str]:
    command = [str(shutil.which("bash")), str(PROJECT / "run_pipeline.sh"), *options]
    environment = os.environ | {"KSEG_PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": "-1"}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=500, check=False)


@pytest.mark.timeout(900)
def test_from_the_download_to_a_public_score(server: KaggleServer, token: str, tiles: None) -> None:
    done = run_pipeline("--quick", "--submit", "--epochs", "1", "--", "--batch-size", "8")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("public score 0.64797") for line in lines)
    assert lines[-1].startswith("submission: submissions/data-unet")
    assert len(server.submissions) == 1
    assert_agree(server)
    (row,) = Ledger().entries()
    assert row.status == "complete" and row.network.startswith("U-Net") and row.loss and row.local_low

    again = run_pipeline("--quick", "--submit", "--epochs", "1", "--", "--batch-size", "8")
    assert again.returncode == 0, again.stderr
    assert "public score 0.64797" in again.stdout and len(server.submissions) == 1
