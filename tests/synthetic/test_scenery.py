"""Drawn scenes: their masks are the roofs, and they are no trivial task."""

from __future__ import annotations

import numpy as np

from kaggle_seg.synthetic.scenery import draw_scene


def test_masks_follow_the_roofs() -> None:
    """The image changes across a mask's edge, and nowhere else as much, though a blur and noise lie over both."""
    image, mask = draw_scene(np.random.default_rng(3), 384, 512)
    step = np.abs(np.diff(image.astype(float).mean(axis=2), axis=1))
    edge = mask[:, 1:] != mask[:, :-1]
    profile = [step[:, 8:-8][np.roll(edge, shift, axis=1)[:, 8:-8]].mean() for shift in range(-5, 6)]
    assert int(np.argmax(profile)) == 5
    assert profile[5] > 2 * step.mean()


def test_no_roof_looks_alike_to_a_threshold() -> None:
    """Brightness alone does not tell roofs from the rest: the demo is no trivial task."""
    image, mask = draw_scene(np.random.default_rng(3), 384, 512)
    grey = image.mean(axis=2)
    best = max(
        (side & mask).sum() / (side | mask).sum() for level in range(0, 256, 4) for side in (grey >= level, grey < level)
    )
    assert best < 0.6


def test_the_same_generator_draws_the_same_scene() -> None:
    first, second = (draw_scene(np.random.default_rng(8), 96, 128) for _ in range(2))
    assert first[0].shape == (96, 128, 3) and first[1].shape == (96, 128)
    assert (first[0] == second[0]).all() and (first[1] == second[1]).all()
