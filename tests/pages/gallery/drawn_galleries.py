"""Draws submissions, and looks at their galleries in a browser."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import kaggle_seg.output
from kaggle_seg import inspect
from kaggle_seg.masks import rle
from tests.drawn_runs import SIZE

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = "html[data-ready]"
# the pixels of a tile's canvas where something is drawn, as text of 0 and 1; "" while it is not drawn
DRAWN = """index => {
  const canvas = document.querySelector(`[data-index="${index}"] canvas`);
  if (!canvas.width) return "";
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return Array.from({length: data.length / 4}, (_, at) => data[4 * at + 3] ? 1 : 0).join("");
}"""


def write_page(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Path:
    """Inspects with --html and finds the page it names."""
    assert inspect.main([*words, "--html"]) == status
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("page: ")
    return kaggle_seg.output.output_root() / last.removeprefix("page: ")


def drawn(page: Page, index: int) -> np.ndarray:
    """What is drawn over a tile, bool (H, W)."""
    text = page.evaluate(DRAWN, index)
    return np.array(list(text), np.uint8).astype(bool).reshape(SIZE, -1)


def settle(page: Page) -> None:
    """Waits until what was asked for is drawn: two frames, and the maps unpacked."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))))"
    )


def shown_ids(page: Page) -> list[str]:
    # the text itself: a card outside the window has no rendered text until the browser comes to it
    return page.locator("#grid .name").all_text_contents()


def masks_in(path: Path) -> list[np.ndarray]:
    with open(path, encoding="utf-8", newline="") as stream:
        return [rle.decode(row["EncodedPixels"], SIZE, SIZE) for row in csv.DictReader(stream)]


def edge_cases() -> np.ndarray:
    """Masks that are easily drawn wrong: none, all, the first, the last and one pixel, a run over columns; and noise."""
    masks = np.zeros((7, SIZE, SIZE), bool)
    masks[1] = True
    masks[2, 0, 0] = masks[3, -1, -1] = masks[4, 5, 9] = True
    masks[5, 20:, 3] = masks[5, :4, 4] = True
    masks[6] = np.random.default_rng(0).random((SIZE, SIZE)) < 0.5
    return masks
