"""run_pipeline.sh from the download to the public score, with the real stages and the stand-in for Kaggle."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.competition import find_competition
from kaggle_seg.output import output_root
from kaggle_seg.remote.ledger import Ledger
from kaggle_seg.submission.table import Submission
from kaggle_seg.synthetic.demo_tiles import TREE, DemoTiles, draw_tiles, write_demo

from .conftest import assert_agree
from .kaggle_server import KaggleServer

SALT = "tgs-salt-identification-challenge"
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


@pytest.fixture
def salt(tmp_path: Path) -> Path:
    """Drawn tiles in the layout of the TGS competition: 101 × 101 pixels, PNG, ids that are no numbers."""
    for folder, count, seed in (("train", 24, 1), ("test", 6, 2)):
        for number, (image, mask) in enumerate(itertools.islice(draw_tiles(count, 101, (seed,)), count)):
            stem = hashlib.sha256(f"{folder} {number}".encode()).hexdigest()[:9] + "7"  # all alike by their last digit
            for kind, pixels in (("images", image), ("masks", 255 * mask.astype(np.uint8))):
                if folder == "train" or kind == "images":
                    (tmp_path / "salt" / folder / kind).mkdir(parents=True, exist_ok=True)
                    Image.fromarray(pixels).save(tmp_path / "salt" / folder / kind / f"{stem}.png")
    return tmp_path / "salt"


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


@pytest.mark.timeout(900)
def test_another_competition_trains_from_end_to_end(home: Path, salt: Path) -> None:
    options = ("--competition", SALT, "--data", str(salt), "--run", "salt", "--quick", "--epochs", "1")
    done = run_pipeline(*options, "--no-submit")
    assert done.returncode == 0, done.stderr
    csv = output_root() / done.stdout.splitlines()[-1].removeprefix("submission: ")
    submission = Submission.read(csv, find_competition(SALT))
    assert submission.header == ("id", "rle_mask")
    assert {row.stem for row in submission.rows} == {path.stem for path in (salt / "test" / "images").iterdir()}
    assert all(submission[row.stem].shape == (101, 101) for row in submission.rows)
    inspected = subprocess.run(
        [sys.executable, "-m", "kaggle_seg.inspect", str(csv)], capture_output=True, encoding="utf-8", check=False
    )
    assert inspected.returncode == 0, inspected.stdout
    other = subprocess.run(
        [sys.executable, "-m", "kaggle_seg.tune", "salt", "--competition", "ann-and-dl-image-segmentation"],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert other.returncode == 2 and "run salt is for tgs-salt" in other.stderr
