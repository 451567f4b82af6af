"""The gallery of the validation tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg.decisions.rules import from_plain
from kaggle_seg.masks.maps import quantise
from kaggle_seg.run_directory import read_json
from tests.drawn_runs import draw_masks, predicted
from tests.pages.conftest import OpenPage
from tests.pages.gallery.drawn_galleries import READY, drawn, settle, write_page


def test_the_validation_tiles_come_worst_first(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    path = write_page(capsys, "drawn", "--validation")
    assert path.name == "drawn-validation.html"
    page = open_page(path)
    page.wait_for_selector(READY)
    settle(page)
    rule = from_plain(read_json(submissions / "drawn.json")["decision"])
    truth = draw_masks(60, seed=1)[10:58]
    own = rule.masks(*quantise(predicted(truth, 5)))
    ious = page.evaluate("order.map(index => tiles.all[index].iou)")
    assert ious == sorted(ious)
    assert len(ious) == 48
    for index in page.evaluate("order.slice(0, 8)"):
        assert np.array_equal(drawn(page, index), own[index] | truth[index])
