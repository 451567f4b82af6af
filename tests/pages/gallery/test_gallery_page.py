"""The gallery in a browser: what it draws is what the CSV says, at every threshold; and what a person can do there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.competition import find_competition
from kaggle_seg.masks import rle
from kaggle_seg.pages.gallery.gallery_page import gallery
from kaggle_seg.pages.gallery.subject import Subject
from kaggle_seg.submission.figures import figures_of
from kaggle_seg.submission.table import Submission, write_submission
from tests.drawn_runs import SIZE, TEST, draw_masks
from tests.pages.conftest import OpenPage, wait_until
from tests.pages.gallery.drawn_galleries import READY, drawn, edge_cases, masks_in, settle, shown_ids, write_page

COMPETITION = find_competition()


def test_what_is_drawn_is_the_mask_of_the_run_lengths(
    output_root: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    masks, path = edge_cases(), output_root / "submissions" / "edges.csv"
    write_submission(path, [f"t_{number}" for number in range(len(masks))], rle.encode(masks), SIZE, SIZE, COMPETITION)
    page = open_page(write_page(capsys, "edges"), "#view=fill")
    page.wait_for_selector(READY)
    settle(page)
    for index, mask in enumerate(masks):
        assert np.array_equal(drawn(page, index), mask), index
    page.get_by_role("button", name="Outline").click()
    settle(page)
    assert not drawn(page, 0).any()
    assert not drawn(page, 1).any(), "the border of the tile is no rim"
    assert drawn(page, 4)[4:7, 8:11].sum() == 5, "the pixel itself, and the shadow at its four sides"


def test_filter_sort_and_search(submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage) -> None:
    page = open_page(write_page(capsys, "drawn"))
    ids = [f"test_image_{number}" for number in range(TEST)]
    areas = [int(mask.sum()) for mask in masks_in(submissions / "drawn.csv")]
    assert shown_ids(page) == ids
    page.locator("#show").select_option("empty")
    assert shown_ids(page) == [name for name, area in zip(ids, areas, strict=True) if not area]
    page.locator("#show").select_option("filled")
    page.locator("#sort").select_option("share")
    page.locator("#down").click()
    by_area = sorted((name for name, area in zip(ids, areas, strict=True) if area), key=lambda name: -areas[ids.index(name)])
    assert shown_ids(page) == by_area
    page.locator("#by").select_option("share")
    page.locator("#from").fill("10")
    enough = [name for name in by_area if areas[ids.index(name)] >= 0.1 * SIZE * SIZE]
    assert shown_ids(page) == enough
    assert 0 < len(enough) < len(by_area)
    assert page.locator("#count").inner_text() == f"{len(enough)} of {TEST} tiles"
    page.locator("#from").fill("")
    page.locator("#find").fill("IMAGE_5")
    assert shown_ids(page) == ["test_image_5"]


def test_the_address_remembers(submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage) -> None:
    path = write_page(capsys, "drawn")
    page = open_page(path)
    page.get_by_role("button", name="Filled").click()
    page.locator("#sort").select_option("regions")
    page.locator("#show").select_option("filled")
    page.locator("#level").fill("12")
    page.locator("#grid .card").nth(2).click()
    told, ids = page.locator("#large-title").inner_text(), shown_ids(page)
    again = open_page(path, "#" + page.url.partition("#")[2])
    assert again.locator("#large-title").inner_text() == told
    assert shown_ids(again) == ids
    assert again.locator('[data-view="fill"]').get_attribute("aria-pressed") == "true"
    assert again.locator("#level").input_value() == "12"
    assert again.locator("#sort").input_value() == "regions"


def test_an_address_that_asks_for_what_is_not_there(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    page = open_page(write_page(capsys, "drawn"), "#view=%22]x&sort=nothing&level=999&tile=none&show=x&by=y&from=z&what=1")
    page.wait_for_selector(READY)
    assert len(shown_ids(page)) in (0, TEST)
    assert page.locator('[data-view="outline"]').get_attribute("aria-pressed") == "true"


def test_keys_and_zoom_at_large(submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage) -> None:
    page = open_page(write_page(capsys, "drawn"))
    page.locator("#grid .card").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    title = page.locator("#large-title")
    assert title.inner_text() == "test_image_1"
    page.keyboard.press("ArrowRight")
    assert title.inner_text() == "test_image_2"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert title.inner_text() == "test_image_0"
    assert page.locator("#previous").is_disabled()
    page.keyboard.press("+")
    frame = page.locator("#frame")
    assert frame.get_attribute("data-scale") == "1.50"
    frame.hover()
    page.mouse.wheel(0, -100)  # returns before the page has heard of it
    wait_until(page, "Number(document.querySelector('#frame').dataset.scale) > 1.5")
    page.keyboard.press("0")
    assert frame.get_attribute("data-scale") == "1.00"
    page.keyboard.press("Escape")
    wait_until(page, "!location.hash.includes('tile=')")  # a dialog tells that it closed a moment later
    assert not page.locator("#large").is_visible()


def test_against_another_csv(submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage) -> None:
    page = open_page(write_page(capsys, "drawn", "--against", "low"))
    page.wait_for_selector(READY)
    settle(page)
    own, other = masks_in(submissions / "drawn.csv"), masks_in(submissions / "low.csv")
    agreed = [(one & two).sum() / max((one | two).sum(), 1) for one, two in zip(own, other, strict=True)]
    order = sorted(range(TEST), key=lambda tile: (round(agreed[tile], 4), tile))
    assert shown_ids(page) == [f"test_image_{tile}" for tile in order], "the largest change comes first"
    assert all(np.array_equal(drawn(page, tile), own[tile] | other[tile]) for tile in range(TEST))
    emptied = [tile for tile in range(TEST) if other[tile].any() and not own[tile].any()]
    page.locator("#show").select_option("emptied")
    assert sorted(shown_ids(page)) == [f"test_image_{tile}" for tile in emptied]
    assert "only in drawn" in page.locator('[data-legend="difference"]').inner_text()


def test_against_true_masks_shows_misses_and_false_alarms(
    submissions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    truth = draw_masks(TEST, seed=2)
    (tmp_path / "truth").mkdir()
    for tile in range(TEST):
        Image.fromarray(truth[tile].astype(np.uint8) * 255).save(tmp_path / "truth" / f"mask_{tile}.png")
    page = open_page(write_page(capsys, "low", "--masks", str(tmp_path / "truth")))
    page.wait_for_selector(READY)
    settle(page)
    own = masks_in(submissions / "low.csv")
    colours = page.evaluate(
        """index => {
      const canvas = document.querySelector(`[data-index="${index}"] canvas`);
      return Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data);
    }""",
        1,
    )
    red, _, blue, opacity = np.array(colours).reshape(SIZE, SIZE, 4).transpose(2, 0, 1)
    assert np.array_equal(opacity > 0, own[1] | truth[1])
    assert np.array_equal((opacity > 0) & (red > blue), truth[1] & ~own[1]), "misses are orange"
    assert np.array_equal((opacity > 0) & (red < blue), own[1] & ~truth[1]), "false alarms are blue"
    ious = page.evaluate("order.map(index => tiles.all[index].iou)")
    assert ious == sorted(ious), "the worst come first"


def test_hostile_names_are_shown_and_not_run(
    output_root: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    names = [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(2)</script>",
        "{{ 7 * 7 }} <!-- <script>",
        "a&amp;b'c`${alert(3)}",
    ]
    masks, path = edge_cases()[:4], output_root / "submissions" / "hostile.csv"
    write_submission(path, names, rle.encode(masks), SIZE, SIZE, COMPETITION)
    path.with_suffix(".json").write_text(json.dumps({"stems": ["<b onclick=alert(4)>"]}), encoding="utf-8")
    page = open_page(write_page(capsys, "hostile", status=1))
    page.wait_for_selector(READY)
    assert sorted(shown_ids(page)) == sorted(names)
    page.get_by_text(names[0], exact=True).first.click()
    assert page.locator("#large-title").inner_text() == names[0]
    assert page.locator("main img[src=x], b").count() == 0
    assert "<b onclick=alert(4)>" in page.locator("section.notice").inner_text()


def test_a_script_from_elsewhere_is_refused(output_root: Path, capsys: pytest.CaptureFixture[str], browser: Any) -> None:
    path = output_root / "submissions" / "edges.csv"
    write_submission(path, ["a"], rle.encode(edge_cases()[6:]), SIZE, SIZE, COMPETITION)
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(write_page(capsys, "edges").resolve().as_uri())
    page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.done = true";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src='https://example.org/x.png'>");
    }""")
    page.wait_for_timeout(100)
    assert page.evaluate("window.done") is None
    assert sum("Content Security Policy" in text for text in refused) == 2
    page.close()


def test_a_faulty_csv_has_a_page_too_with_its_faults_on_top(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    path = submissions / "drawn.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^test_image_1,[^,]*", "test_image_1,9 9999", text), encoding="utf-8", newline="\n")
    page = open_page(write_page(capsys, "drawn", status=1))
    page.wait_for_selector(READY)
    assert "ends after pixel 1024" in page.locator("section.notice").inner_text()
    page.locator("#show").select_option("unreadable")
    assert shown_ids(page) == ["test_image_1"]


@pytest.mark.parametrize("content", ["", "ImageId,EncodedPixels,Width,Height\n", "a,b\n1,2\n"])
def test_a_csv_without_masks_has_a_page_too(
    output_root: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage, content: str
) -> None:
    path = output_root / "submissions" / "nothing.csv"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    page = open_page(write_page(capsys, "nothing", status=1))
    page.wait_for_selector(READY)
    assert page.locator("section.notice li").count() > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage, scheme: str
) -> None:
    page = open_page(write_page(capsys, "drawn"), viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.wait_for_selector(READY)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("#level").is_visible()


def test_rendering_twice_gives_the_same_page(submissions: Path, tree: Path) -> None:
    tree.rename(tree.with_name("moved"))
    path = submissions / "drawn.csv"
    submission = Submission.read(path, find_competition())
    subject = Subject(submission, figures_of(submission))
    first = gallery(subject)
    assert "no images: " in first.lower(), "there is something to say"
    assert gallery(subject) == first
