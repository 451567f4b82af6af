"""The contact sheet: which tiles it shows, and that the outlines lie where the masks end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.competition import find_competition
from kaggle_seg.errors import BadInput
from kaggle_seg.masks import rle
from kaggle_seg.pages.contact_sheet import (
    GAP,
    OUTLINE,
    PAPER,
    SHADOW,
    SIDE,
    TITLE,
    Panel,
    choose,
    draw_panel,
    draw_sheet,
    write_contact_sheet,
)
from kaggle_seg.submission.figures import figures_of
from kaggle_seg.submission.table import Submission, write_submission

COMPETITION = find_competition()

GREY = 90


def write_tiles(folder: Path, count: int, side: int = 16) -> None:
    for place in ("images/1.png", "masks/1.png", *(f"test/t_{number}.png" for number in range(count))):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (side, side) if path.parent.name == "masks" else (side, side, 3)
        Image.fromarray(np.full(shape, 0 if path.parent.name == "masks" else GREY, np.uint8)).save(path)


@pytest.fixture
def submission(output_root: Path) -> Submission:
    """Forty tiles, of which tile n has n rows of buildings, at most 16."""
    masks = np.zeros((40, 16, 16), bool)
    for tile in range(40):
        masks[tile, : max(0, tile - 24)] = True
    path = output_root / "submissions" / "a.csv"
    write_submission(path, [f"t_{number}" for number in range(40)], rle.encode(masks), 16, 16, COMPETITION)
    return Submission.read(path, COMPETITION)


def test_chosen_tiles_are_spread_over_the_shares_with_few_empty_ones() -> None:
    shares = np.concatenate([np.zeros(500), np.linspace(1, 0.001, 500)])
    chosen = choose(shares)
    assert len(chosen) == len(set(chosen)) == 30
    assert np.count_nonzero(shares[chosen] == 0) == 5
    assert np.all(np.diff(shares[chosen]) >= 0)
    assert shares[chosen].max() == 1
    assert np.diff(shares[chosen][5:]).max() < 0.05
    assert choose(shares) == chosen


@pytest.mark.parametrize(("empty", "filled"), [(0, 0), (0, 3), (3, 0), (100, 0), (100, 3), (2, 100), (0, 100)])
def test_no_more_tiles_than_there_are(empty: int, filled: int) -> None:
    chosen = choose(np.array([0.0] * empty + [0.5] * filled))
    assert len(chosen) == len(set(chosen)) == min(30, empty + filled)


def test_the_outline_is_the_rim_of_the_mask() -> None:
    image, mask = np.full((SIDE, SIDE, 3), GREY, np.uint8), np.zeros((SIDE, SIDE), bool)
    mask[100:120, 200:] = True
    drawn = np.array(draw_panel(Panel("", image, mask)))
    assert (drawn[100, 200:] == OUTLINE).all()
    assert (drawn[100:120, 200] == OUTLINE).all()
    assert (drawn[99, 200:] == SHADOW).all()
    assert (drawn[101:119, 201:] == GREY).all(), "a building that goes on beyond the tile has no rim at its border"
    assert np.count_nonzero((drawn == OUTLINE).all(axis=2)) == 2 * 56 + 18


@pytest.mark.parametrize("shape", [(16, 16), (512, 256), (101, 303), (1, 500)])
def test_tiles_of_any_size_fit_their_place(shape: tuple[int, int]) -> None:
    drawn = draw_panel(Panel("", np.zeros((*shape, 3), np.uint8), np.ones(shape, bool)))
    assert max(drawn.size) == SIDE


def test_panels_lie_in_rows_and_long_titles_stay_in_their_column() -> None:
    panel = Panel("a very long name of a tile " * 9, np.full((32, 32, 3), GREY, np.uint8), np.zeros((32, 32), bool))
    sheet = np.array(draw_sheet([panel] * 8))
    assert sheet.shape == (2 * (SIDE + TITLE + GAP) + GAP, 6 * (SIDE + GAP) + GAP, 3)
    for column in range(7):
        assert (sheet[:, column * (SIDE + GAP) : column * (SIDE + GAP) + GAP] == PAPER).all()
    assert (sheet[GAP + TITLE + 5, GAP + 5] == GREY).all()
    assert (sheet[-SIDE:, -SIDE:] == PAPER).all()


@pytest.mark.parametrize("named", [True, False], ids=["--data", "the json"])
def test_the_sheet_lies_beside_the_csv(tmp_path: Path, submission: Submission, named: bool) -> None:
    write_tiles(tmp_path / "tiles", 40)
    submission.path.with_suffix(".json").write_text(json.dumps({"data": str(tmp_path / "tiles")}), encoding="utf-8")
    path = write_contact_sheet(submission, figures_of(submission), tmp_path / "tiles" if named else None)
    assert path == submission.path.with_suffix(".png")
    with Image.open(path) as sheet:
        assert sheet.size == (6 * (SIDE + GAP) + GAP, 5 * (SIDE + TITLE + GAP) + GAP)
        colours = {colour for _, colour in sheet.getcolors(1 << 20)}
    assert OUTLINE in colours
    assert (GREY,) * 3 in colours


def test_tiles_that_are_not_there_are_asked_for(tmp_path: Path, submission: Submission) -> None:
    summary = figures_of(submission)
    with pytest.raises(BadInput, match="--data"):
        write_contact_sheet(submission, summary)
    with pytest.raises(BadInput, match="--data"):
        write_contact_sheet(submission, summary, tmp_path / "none")
    write_tiles(tmp_path / "few", 3)
    with pytest.raises(BadInput, match="no test tile 't_"):
        write_contact_sheet(submission, summary, tmp_path / "few")
    write_tiles(tmp_path / "large", 40, side=20)
    with pytest.raises(BadInput, match="20 x 20 pixels, its mask 16 x 16"):
        write_contact_sheet(submission, summary, tmp_path / "large")
    assert not submission.path.with_suffix(".png").exists()
