"""The report in a browser: what it draws, what the slider does, hostile names, a phone."""

from __future__ import annotations

import base64
import re
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kaggle_seg import tune
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.output import read_json, write_json
from kaggle_seg.pages.report.report_page import write_report
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import read_split
from tests.drawn_runs import SIZE, VALIDATION, draw_masks, draw_run, draw_training, draw_tree

if TYPE_CHECKING:
    from playwright.sync_api import Page

    OpenPage = Callable[..., Page]

TRUTH = draw_masks(60, seed=1)[list(VALIDATION)]
HOSTILE = "<img src=x onerror=alert(1)>"
# colours of the mask's picture, as classes: 0 nothing, 1 met, 2 missed, 3 false alarm
CLASSES = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = [];
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue] = data.slice(at, at + 3);
    found.push(red === 230 && green === 159 && blue === 0 ? 2 : red === 0 && green === 114 && blue === 178 ? 3
      : red + green + blue >= 383 ? 1 : 0);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with its report, for all tests that only look at it."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KSEG_ROOT", str(folder))
        run = draw_training(draw_run("drawn", draw_tree(folder / "tiles")))
        assert tune.main(["drawn", "--threshold", "0.4"]) == 0
        write_report(run)
    return run


def opened(open_page: OpenPage, run: Run, **settings: Any) -> Page:
    """The report, when all its tiles are drawn."""
    page = open_page(run.folder / "report.html", **settings)
    page.wait_for_selector("html[data-ready]", timeout=60000)
    return page


def set_level(page: Page, level: int) -> None:
    """Moves the slider, and waits until the tiles are drawn anew."""
    page.locator("#level").evaluate(
        f"(slider) => {{ slider.value = {level - 1}; slider.dispatchEvent(new Event('input')); }}"
    )
    page.wait_for_timeout(100)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def drawn_masks(page: Page) -> dict[int, np.ndarray]:
    """The classes on each tile's last picture, by the tile's row."""
    return {
        int(tile.get_attribute("data-row") or -1): np.array(tile.locator("canvas").nth(1).evaluate(CLASSES))
        for tile in page.locator(".tile").all()
    }


def as_classes(mask: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.select([mask & truth, truth, mask], [1, 2, 3], 0).ravel()


def test_the_masks_are_those_of_the_threshold(open_page: OpenPage, run: Run) -> None:
    page = opened(open_page, run)
    levels = np.concatenate([shard for _, shard, _ in MapStore.open(run.folder / "validation").shards()])
    for level in (1, 100, 255):
        set_level(page, level)
        masks = drawn_masks(page)
        assert len(masks) == 24
        for row, found in masks.items():
            # a pixel that is met and one that is nothing differ in brightness alone; the coloured ones are exact
            expected = as_classes(levels[row] >= level, TRUTH[row])
            np.testing.assert_array_equal(found, expected)
        now = page.locator("#now").inner_text()
        assert now.startswith(f"Threshold {level / 256:.3f}; score (empty tiles count 1) ")
        assert f"--threshold {level / 256}" in page.locator("#numbers").inner_text()
        empty = int((~(levels >= level).any(axis=(1, 2))).sum())
        assert f"validation tiles left empty {empty} of {len(levels)}" in now


def test_it_opens_on_the_decision_and_returns_to_it(open_page: OpenPage, run: Run) -> None:
    page = opened(open_page, run)
    first = drawn_masks(page)
    planes = page.locator(".tile").first.get_attribute("data-planes") or ""
    row = int(page.locator(".tile").first.get_attribute("data-row") or -1)
    flags = np.frombuffer(zlib.decompress(base64.b64decode(planes)), np.uint8).reshape(2, SIZE, SIZE)[1]
    np.testing.assert_array_equal(flags & 1, TRUTH[row])
    np.testing.assert_array_equal(first[row], as_classes(flags & 2 > 0, TRUTH[row]))
    assert "As decided" in page.locator("#now").inner_text()
    assert page.locator(".cursor").get_attribute("visibility") == "hidden"
    page.locator("#level").focus()
    page.keyboard.press("ArrowRight")
    assert "Threshold" in page.locator("#now").inner_text()
    assert page.locator(".cursor").get_attribute("visibility") == "visible"
    assert (page.locator("#level").get_attribute("aria-valuetext") or "").startswith("Threshold 0.4")
    page.locator("#own").click()
    page.wait_for_timeout(100)
    assert "As decided" in page.locator("#now").inner_text()
    np.testing.assert_array_equal(drawn_masks(page)[row], first[row])


def test_the_command_can_be_copied(open_page: OpenPage, run: Run) -> None:
    page = opened(open_page, run)
    set_level(page, 108)
    assert page.locator("#numbers code").inner_text() == "python -m kaggle_seg.decide drawn --threshold 0.421875"
    page.get_by_role("button", name="Copy command").click()
    page.locator("#numbers [role=status]", has_text=re.compile("Copied|Selected")).wait_for()


def test_every_plot_has_a_title_and_a_table(open_page: OpenPage, run: Run) -> None:
    page = opened(open_page, run)
    plots = page.locator("figure.plot").all()
    assert len(plots) == 6
    for plot in plots:
        assert plot.locator("h3").inner_text()
        assert plot.locator("svg.axes").get_attribute("role") == "img"
        titles = plot.locator("svg.axes").get_attribute("aria-labelledby")
        assert page.locator(f"#{titles}").count() == 1
        plot.locator("summary").click()
        assert plot.locator("table tbody tr").count() >= 2
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_scrolls_sideways(open_page: OpenPage, run: Run, scheme: str) -> None:
    page = opened(open_page, run, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_hostile_names_are_shown_and_not_run(open_page: OpenPage, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KSEG_ROOT", str(run.folder.parents[1]))
    hostile = Run(run.folder.with_name("drawn <script><b>'"))
    shutil.copytree(run.folder, hostile.folder)
    rename_stems(hostile.folder / "validation")
    write_report(hostile)
    page = opened(open_page, hostile)
    assert page.locator("h1").inner_text() == "Run drawn <script><b>'"
    assert HOSTILE in page.locator(".tile figcaption").first.inner_text()
    assert page.locator("main img[src='x']").count() == 0 and page.locator("b").count() == 0
    assert "'drawn <script><b>'\"'\"''" in page.locator("#numbers code").inner_text()


def rename_stems(folder: Path) -> None:
    """Gives all tiles of stored maps a hostile name."""
    index = read_json(folder / "ids.json")
    write_json(folder / "ids.json", {**index, "stems": [HOSTILE] * len(index["stems"])})


def test_a_report_without_tiles_is_a_page_too(open_page: OpenPage, output_root: Path) -> None:
    run = Run(output_root / "runs" / "empty")
    run.folder.mkdir(parents=True)
    page = open_page(write_report(run))
    assert page.locator(".notice").count() == 7
    assert page.locator("script").count() == 0


def test_the_split_is_as_it_stands_in_its_file(open_page: OpenPage, run: Run) -> None:
    page = opened(open_page, run)
    split = read_split(run.split_file)
    assert f"validation: {len(split.validation)} tiles" in page.locator("#ids").inner_text()
    page.locator("#ids summary").click()
    assert "10-57" in page.locator("#ids table").inner_text()


def test_the_slider_stays_in_sight_over_the_tiles(open_page: OpenPage, run: Run) -> None:
    page = opened(open_page, run)
    page.locator(".tile").last.scroll_into_view_if_needed()
    box = page.locator("#live").bounding_box()
    assert box and 0 <= box["y"] < 50
