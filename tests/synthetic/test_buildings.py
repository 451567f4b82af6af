"""Buildings on the layers of a scene."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.synthetic.buildings import Canvas, along, draw_hall, draw_house, rectangle

SIDE = 128
CENTRE = (SIDE / 2, SIDE / 2)


@pytest.mark.parametrize("draw", [draw_house, draw_hall])
@pytest.mark.parametrize("seed", range(5))
def test_the_mask_is_all_roof_and_the_shadow_falls_beside_it(draw: object, seed: int) -> None:
    rng = np.random.default_rng(seed)
    canvas = Canvas(Image.new("RGB", (SIDE, SIDE), (120, 140, 90)), along((0, 0), rng.uniform(0, 6), 1))
    draw(rng, canvas, CENTRE, rng.uniform(0, 3))  # type: ignore[operator]
    scene, mask = canvas.compose(rng)
    assert scene.shape == (SIDE, SIDE, 3) and scene.dtype == np.uint8
    assert (np.asarray(canvas.roofs).max(axis=2)[mask] > 0).all()
    rows, columns = np.nonzero(mask)
    assert 400 < mask.sum() < 4500 and np.hypot(rows - CENTRE[1], columns - CENTRE[0]).max() < 50
    shaded = (np.asarray(canvas.shadow) == 255) & ~mask
    assert shaded.any() and scene[shaded].mean() < 0.8 * scene[~shaded & ~mask].mean()


def test_a_turned_rectangle_keeps_its_sides() -> None:
    corners = np.array(rectangle((5, 7), 10, 4, 0.6))
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    np.testing.assert_allclose(sides, [10, 4, 10, 4])
    np.testing.assert_allclose(corners.mean(axis=0), (5, 7))
