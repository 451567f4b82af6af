"""The gallery's slider in a browser: it draws the masks that decide writes, and tells their scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kaggle_seg import decide
from kaggle_seg.competition import find_competition
from kaggle_seg.masks.maps import quantise
from kaggle_seg.output import read_json
from kaggle_seg.pages.gallery.gallery_slider import Live, find_live
from kaggle_seg.pages.gallery.subject import Subject
from kaggle_seg.submission.figures import figures_of
from kaggle_seg.submission.table import Submission
from tests.drawn_runs import TEST, draw_masks, predicted
from tests.pages.conftest import OpenPage
from tests.pages.gallery.drawn_galleries import READY, drawn, masks_in, settle, write_page


def test_the_slider_draws_what_decide_writes(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    page = open_page(write_page(capsys, "drawn"), "#view=fill")
    page.wait_for_selector(READY)
    levels = quantise(predicted(draw_masks(TEST, seed=2), 6))[0]
    tuned = read_json(submissions / "drawn.json")["decision"]["level"]
    thresholds = page.evaluate("facts.slider.thresholds")
    assert len(thresholds) == 63
    assert tuned in thresholds
    for place in [0, 20, thresholds.index(tuned), 62]:
        page.locator("#level").fill(str(place))
        settle(page)
        command = page.locator("#command").inner_text().split()
        assert decide.main([*command[3:], "--name", f"at{place}"]) == 0
        capsys.readouterr()
        written = masks_in(submissions / f"at{place}.csv")
        for index in range(TEST):
            assert np.array_equal(drawn(page, index), written[index]), (place, index)
            assert np.array_equal(written[index], levels[index] >= thresholds[place])
        empty = sum(not mask.any() for mask in written)
        assert f"tiles left empty\t{empty} of {TEST}" in page.locator("#lines").inner_text()


def test_it_opens_on_the_csvs_own_masks_and_comes_back_to_them(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    page = open_page(write_page(capsys, "drawn"), "#view=fill")
    page.wait_for_selector(READY)
    own = masks_in(submissions / "drawn.csv")
    for _ in range(2):
        settle(page)
        assert all(np.array_equal(drawn(page, index), mask) for index, mask in enumerate(own))
        assert page.locator("#now").inner_text().startswith("The CSV's own masks: threshold ")
        assert page.locator("#command").inner_text() == "python -m kaggle_seg.decide drawn"
        page.locator("#level").fill("5")
        assert "level=5" in page.url
        settle(page)
        assert not np.array_equal(drawn(page, 1), own[1])
        page.get_by_role("button", name="The CSV's own").click()


def test_a_csv_of_another_threshold_knows_the_tuned_one_too(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    page = open_page(write_page(capsys, "low"), "#view=fill")
    page.wait_for_selector(READY)
    live = page.evaluate("facts.slider")
    assert live["thresholds"][live["tuned"]] == read_json(submissions / "drawn.json")["decision"]["level"]
    assert live["thresholds"][live["own"]] == read_json(submissions / "low.json")["decision"]["level"] == 77
    assert page.locator("#level").input_value() == str(live["own"])
    assert decide.main(page.locator("#command").inner_text().split()[3:]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "submission: submissions/low.csv"
    assert "there already, with the same bytes" in said[-2], "the command makes exactly this CSV"


def test_scores_and_steps_follow_the_slider(
    submissions: Path, capsys: pytest.CaptureFixture[str], open_page: OpenPage
) -> None:
    page = open_page(write_page(capsys, "drawn"))
    page.locator("#level").fill("30")
    scores = page.evaluate("facts.slider.scores")
    lines = page.locator("#lines").inner_text()
    assert all(f"{name}\t{curve[30]:.3f}" in lines for name, curve in scores["variants"].items())
    assert len(scores["variants"]) == 4
    rows = page.locator("#steps tbody tr").all_inner_texts()
    assert [int(row.split("\t")[1]) for row in rows] == [counts[30] for counts in scores["passed"]]
    before = float(page.locator("line.cursor").get_attribute("x1") or 0)
    page.locator("#level").press("ArrowRight")
    assert float(page.locator("line.cursor").get_attribute("x1") or 0) > before
    assert "threshold" in (page.locator("#level").get_attribute("aria-valuetext") or "").lower()


def test_what_is_missing_is_told_and_the_rest_is_there(submissions: Path, tree: Path) -> None:
    submission = Submission.read(submissions / "drawn.csv", find_competition())
    subject = Subject(submission, figures_of(submission))
    live = find_live(subject, 10**6)
    assert live.facts and live.facts["scores"] and live.facts["tiles"]["own"][1] == len(live.maps) == TEST
    assert live.plot and live.notices == []
    tree.rename(tree.with_name("moved"))
    live = find_live(subject, 10**6)
    assert live.facts and live.facts["scores"] is None and live.plot is None
    assert [notice.partition(":")[0] for notice in live.notices] == ["no validation scores"]
    (submissions / "drawn.json").unlink()
    assert find_live(subject, 10**6) == Live()
