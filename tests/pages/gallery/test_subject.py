"""What a gallery's page knows of each tile."""

from __future__ import annotations

import dataclasses

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.pages.gallery.subject import score_at


@pytest.mark.parametrize(("iou", "score"), [(0.0, 0.0), (0.5, 0.0), (0.51, 0.1), (0.76, 0.6), (0.951, 1.0)])
def test_the_score_at_an_expected_iou_counts_the_steps_it_exceeds(iou: float, score: float) -> None:
    assert score_at(iou, find_competition()) == {"expectedScore": score}


def test_a_competition_without_steps_has_no_such_score() -> None:
    assert score_at(0.8, dataclasses.replace(find_competition(), score="iou")) == {}
