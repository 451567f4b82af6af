"""Plots as the paths of an SVG."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.pages.plot import Axis, Bars, Line, Mark, Plot, Table, nice_axis, unit_axis

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def plot(*layers: Line | Bars | Mark, second: Axis | None = None) -> Plot:
    return Plot("drawn", "drawn", unit_axis("x"), unit_axis("y"), layers, Table((), []), second=second)


@settings(deadline=None)
@given(NUMBERS, st.floats(0, 1e6), st.booleans())
def test_ticks_lie_on_the_axis_and_rise(low: float, span: float, whole: bool) -> None:
    axis = nice_axis("loss", low, low + span, whole)
    slack = (axis.high - axis.low) * 1e-6
    assert axis.low - slack <= low and low + span <= axis.high + slack and axis.low < axis.high
    values = [value for value, _ in axis.ticks]
    assert all(axis.low - slack <= value <= axis.high + slack for value in values)
    assert values == sorted(values) and 1 <= len(values) <= 9


def test_ticks_are_told_apart() -> None:
    for low, high in ((0, 0.002), (1.094, 1.427), (0, 7647), (0.3, 0.3)):
        texts = [text for _, text in nice_axis("loss", low, high).ticks]
        assert len(set(texts)) == len(texts) >= 2


def test_one_epoch_is_an_axis_too() -> None:
    assert [text for _, text in nice_axis("epoch", 1, 1, whole=True).ticks] == ["1", "2"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 2), st.floats(-1, 2)), min_size=1, max_size=60))
def test_nothing_is_drawn_beyond_the_axes(points: list[tuple[float, float]]) -> None:
    drawn = plot(Line("line", points, "blue"), Mark("mark", 0.5, 0.4, 0.3, 0.6))
    for x, y in re.findall(r"[ML]([\d.e-]+) ([\d.e-]+)", "".join(path.d for path in drawn.paths())):
        assert drawn.left - 4 <= float(x) <= drawn.right + 4
        assert drawn.top <= float(y) <= drawn.bottom


def test_values_lie_where_they_should() -> None:
    drawn = plot(second=Axis("share", 0.001, 1.0, (), logarithmic=True))
    assert (drawn.across(0), drawn.across(1)) == (drawn.left, drawn.right)
    assert (drawn.down(0), drawn.down(1)) == (drawn.bottom, drawn.top)
    third = (drawn.bottom - drawn.top) / 3
    assert drawn.down(0.01, second=True) == pytest.approx(drawn.bottom - third, abs=0.1)
    assert drawn.down(0.0, second=True) == drawn.bottom


def test_each_layer_is_drawn_and_named() -> None:
    drawn = plot(
        Bars("bars", [(0.0, 0.5, 0.5), (0.5, 1.0, 0.0)], "grey"),
        Line("many", [(k / 50, 0.5) for k in range(50)], "blue"),
        Line("few", [(0.0, 0.5), (1.0, 0.5)], "orange"),
        Line("points", [(0.1, 0.1)], "purple", "points"),
        Mark("", 0.5),
        Mark("chosen", None, 0.5, 0.4, 0.6),
    )
    assert [path.classes for path in drawn.paths()] == [
        "bars grey",
        "line blue",
        "line orange",
        "dots orange",
        "dots purple",
        "line ink dashed",
        "band",
        "line ink dashed",
    ]
    assert [name for _, name in drawn.legend()] == ["bars", "many", "few", "points", "chosen"]
