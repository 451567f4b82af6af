"""Comparing all with all, a block at a time."""

from __future__ import annotations

import numpy as np
import pytest

from kaggle_seg.splits import matching
from kaggle_seg.splits.matching import best_partners, positions, seam_steps
from kaggle_seg.splits.neighbours import find_links
from tests.splits.test_neighbours import scenes


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = scenes(2, 7)
    whole = find_links([tiles])
    monkeypatch.setattr(matching, "BLOCK", 7)
    monkeypatch.setattr(matching, "READ_AT_ONCE", 3)
    piecewise = find_links([tiles])
    assert whole.overlaps == piecewise.overlaps
    for name in ("beside", "below", "copies"):
        assert np.array_equal(getattr(whole, name), getattr(piecewise, name))


def test_each_has_the_partner_that_a_full_table_of_correlations_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "BLOCK", 5)
    those, others = np.random.default_rng(0).integers(-127, 128, (2, 12, 30)).astype(np.int8)
    partners = best_partners(those, others, np.full(12, -1))
    table = those.astype(float) @ others.T.astype(float)
    table /= np.linalg.norm(those.astype(float), axis=1)[:, None] * np.linalg.norm(others.astype(float), axis=1)
    assert (partners.partner == table.argmax(axis=1)).all()
    np.testing.assert_allclose(partners.lead, np.diff(np.sort(table, axis=1))[:, -1], atol=1e-6)


def test_a_seam_is_about_1_where_the_ground_continues_and_0_where_both_rows_show_the_same() -> None:
    tall = np.cumsum(np.random.default_rng(1).integers(2, 9, (16, 40, 3)), axis=0).astype(np.uint8)
    images = [np.stack([tall[:8], tall[8:], tall[7:15]])]
    continued, same = seam_steps(images, np.array([[0, 1], [0, 2]]), 7)
    assert 0.4 < continued < 1.6 and same == 0.0


def test_positions_in_an_ascending_list() -> None:
    assert positions(np.array([3, 4, 9]), np.array([1, 3, 9])).tolist() == [1, -1, 2]
