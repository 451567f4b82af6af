"""A submission in a notebook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.submission.notebook import SHOWN
from kaggle_seg.submission.pictures import OUTLINE
from kaggle_seg.submission.table import Submission, write_submission

NAME = "<img src=x onerror=alert(1)>"


@pytest.fixture
def path(output_root: Path) -> Path:
    """Forty tiles, the first of them empty, another with a hostile name."""
    masks = np.zeros((40, 16, 16), bool)
    masks[1:, 4:12, 4:12] = True
    path = output_root / "submissions" / "x.csv"
    write_submission(path, [*(f"t_{number}" for number in range(39)), NAME], rle.encode(masks), 16, 16)
    return path


def test_it_shows_itself(path: Path) -> None:
    told = Submission.read(str(path))._repr_html_()
    assert "<b>submissions/x.csv</b>: 40 tiles, no fault in its form" in told
    assert "1 empty; building share 24.4% of all pixels" in told
    assert told.count("<figure") == SHOWN
    assert "alert(1)" not in told.replace("&lt;img src=x onerror=alert(1)&gt;", "")


def test_it_tells_its_faults(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("t_1,", f"{NAME},"), encoding="utf-8", newline="\n")
    told = Submission.read(path)._repr_html_()
    assert "1 fault</p>" in told
    assert "<li>line " in told
    assert "<img src=x" not in told


def test_an_empty_file_shows_itself_too(output_root: Path) -> None:
    (output_root / "x.csv").touch()
    assert "found an empty file" in Submission.read(output_root / "x.csv")._repr_html_()


def test_show_draws_a_mask_on_its_tile(path: Path, tmp_path: Path) -> None:
    for place, shape in (
        ("images/1", (16, 16, 3)),
        ("masks/1", (16, 16)),
        ("test/t_7", (16, 16, 3)),
        ("test/t_8", (8, 8, 3)),
    ):
        file = tmp_path / "tiles" / f"{place}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros(shape, np.uint8)).save(file)
    submission = Submission.read(path)
    drawn = np.array(submission.show("t_7", tmp_path / "tiles"))
    assert drawn.shape == (16, 16, 3)
    assert (drawn[4, 4:12] == OUTLINE).all()
    assert not drawn[5:11, 5:11].any()
    for stem, why in (("t_8", "found 8 x 8 pixels"), ("t_9", "no test tile 't_9'")):
        with pytest.raises(BadInput, match=why):
            submission.show(stem, tmp_path / "tiles")
    with pytest.raises(KeyError):
        submission.show("t_99", tmp_path / "tiles")
    with pytest.raises(BadInput, match="name their folder"):
        submission.show("t_7")
