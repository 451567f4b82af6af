"""A submission in a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kaggle_seg
from kaggle_seg import Submission
from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.pages.contact_sheet import OUTLINE
from kaggle_seg.pages.notebook_view import SHOWN
from kaggle_seg.submission.table import write_submission

NAME = "<img src=x onerror=alert(1)>"


@pytest.fixture
def path(output_root: Path) -> Path:
    """Forty tiles, the first of them empty, another with a hostile name."""
    masks = np.zeros((40, 16, 16), bool)
    masks[1:, 4:12, 4:12] = True
    path = output_root / "submissions" / "x.csv"
    write_submission(path, [*(f"t_{number}" for number in range(39)), NAME], rle.encode(masks), 16, 16, find_competition())
    return path


def test_it_shows_itself(path: Path) -> None:
    told = Submission.read(str(path))._repr_html_()
    assert "<b>submissions/x.csv</b>: 40 tiles, no faults in its form" in told
    assert "1 empty; buildings on 24.4% of all pixels" in told
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


def test_importing_the_package_loads_nothing_and_gives_the_submission_on_demand() -> None:
    code = (
        "import sys; import kaggle_seg; "
        "print(sorted({'pandas', 'numpy', 'jinja2', 'scipy', 'PIL'} & set(sys.modules))); "
        "print(sorted(name for name in sys.modules if name.startswith('kaggle_seg.'))); "
        "from kaggle_seg import Submission; print(Submission.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines() == ["[]", "[]", "kaggle_seg.pages.notebook_view"]
    with pytest.raises(AttributeError, match="no attribute 'Submisson'"):
        kaggle_seg.Submisson  # noqa: B018


def test_it_is_read_for_the_competition_that_its_json_names(path: Path) -> None:
    assert Submission.read(path).competition == find_competition()
    path.with_suffix(".json").write_text('{"competition": "tgs-salt-identification-challenge"}', encoding="utf-8")
    assert Submission.read(path).competition.slug == "tgs-salt-identification-challenge"


def test_the_readme_tells_it_as_it_is(path: Path) -> None:
    readme = (Path(kaggle_seg.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert "`from kaggle_seg import Submission`" in readme
    assert '`Submission.read("submissions/NAME.csv")`' in readme and "`.show(ID)`" in readme
