"""Plots for pages: axes, lines, bars and marks in data units, worked out to the paths of a small SVG.

A page colours them by class, so that they follow light and dark, and needs neither a script nor a network. Each plot has a
title, axes with units, and a table that says the same in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

WIDTH, HEIGHT = 420, 280  # of the SVG; narrow, so that its text stays readable on a phone
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 30, 44
SECOND = 58  # in place of RIGHT, where there is an axis on the right
MOST_DOTS = 40  # points of a line that are dotted; more would hide it

Colour = Literal["blue", "orange", "purple", "grey", "ink"]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Table:
    """What a plot shows, in words and numbers."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    caption: str = ""


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        label: what it measures, and in which unit.
        low, high: its ends.
        ticks: values and how they are written.
        logarithmic: whether equal steps are equal ratios; then `low` is above 0.
    """

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value lies between the ends, 0 to 1; what lies outside goes to the nearer end."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(value, self.low))
        return min(max((value - low) / (high - low), 0.0), 1.0)


def nice_axis(label: str, low: float, high: float, whole: bool = False) -> Axis:
    """An axis whose ends and four to seven ticks are round numbers.

    Args:
        label: what it measures, and in which unit.
        low, high: it reaches over both.
        whole: tick whole numbers alone, and keep the ends.

    >>> [text for _, text in nice_axis("loss", 0.13, 1.31).ticks]
    ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0', '1.2', '1.4']
    """
    if whole:
        high = max(high, low + 1)
    largest = max(abs(low), abs(high), 1.0)
    span = high - low if high - low > 1e-9 * largest else largest  # of values that are as good as equal, their size
    power = 10.0 ** math.floor(math.log10(span / 5))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 6.5)
    if whole:
        step = max(1.0, round(step))
        first, last = math.ceil(low / step), math.floor(high / step)
    else:
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        last = max(last, first + 1)
        low, high = first * step, last * step
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return Axis(label, low, high, tuple((k * step, f"{k * step:.{digits}f}") for k in range(first, last + 1)))


def unit_axis(label: str) -> Axis:
    """From 0 to 1, ticked by fifths."""
    return Axis(label, 0.0, 1.0, tuple((k / 5, f"{k / 5:.1f}") for k in range(6)))


@dataclass(frozen=True)
class Line:
    """A line through points, each with a dot if there are few; "points" draws the dots alone."""

    name: str
    points: Points
    colour: Colour
    style: Literal["", "dashed", "dotted", "points"] = ""
    second: bool = False
    """whether the axis on the right counts"""


@dataclass(frozen=True)
class Bars:
    """Bars from the bottom: (from, to, height)."""

    name: str
    bars: Sequence[tuple[float, float, float]]
    colour: Colour
    second: bool = False


@dataclass(frozen=True)
class Mark:
    """A vertical line at x with the interval `low` to `high` around `mean`; across the whole plot where x is None."""

    name: str
    x: float | None
    mean: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Path:
    """One path of the SVG: its classes and its `d`."""

    classes: str
    d: str


@dataclass(frozen=True)
class Plot:
    """A plot.

    Attributes:
        key: letters and hyphens; its place in the page's address.
        title: what it shows.
        x, y: the axes.
        layers: what is drawn, the lowest first.
        table: the same in words.
        summary: one sentence that says what is to be seen.
        second: an axis on the right.
    """

    key: str
    title: str
    x: Axis
    y: Axis
    layers: Sequence[Line | Bars | Mark]
    table: Table
    summary: str = ""
    second: Axis | None = None
    width: int = field(default=WIDTH, init=False)
    height: int = field(default=HEIGHT, init=False)

    @property
    def left(self) -> float:
        return LEFT

    @property
    def right(self) -> float:
        return self.width - (SECOND if self.second else RIGHT)

    @property
    def top(self) -> float:
        return TOP

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM

    def across(self, x: float) -> float:
        """The column of a value of x."""
        return round(self.left + self.x.share(x) * (self.right - self.left), 1)

    def down(self, y: float, second: bool = False) -> float:
        """The row of a value of y."""
        axis = self.second if second and self.second else self.y
        return round(self.bottom - axis.share(y) * (self.bottom - self.top), 1)

    def paths(self) -> list[Path]:
        """What is drawn between the axes."""
        return [path for layer in self.layers for path in self._paths(layer)]

    def _paths(self, layer: Line | Bars | Mark) -> list[Path]:
        if isinstance(layer, Bars):
            return [Path(f"bars {layer.colour}", "".join(self._bar(*bar, layer.second) for bar in layer.bars))]
        if isinstance(layer, Mark):
            return self._mark(layer)
        places = [(self.across(x), self.down(y, layer.second)) for x, y in layer.points]
        line = Path(f"line {layer.colour} {layer.style}".rstrip(), "M" + "L".join(f"{x:g} {y:g}" for x, y in places))
        # a dot is a line of no length with round ends
        dots = Path(f"dots {layer.colour}", "".join(f"M{x:g} {y:g}h0" for x, y in places))
        if layer.style == "points":
            return [dots]
        return [line] if layer.style or len(places) > MOST_DOTS else [line, dots]

    def _bar(self, low: float, high: float, value: float, second: bool) -> str:
        left, right, top = self.across(low), self.across(high), self.down(value, second)
        return f"M{left:g} {self.bottom:g}V{top:g}H{right:g}V{self.bottom:g}Z"

    def _mark(self, mark: Mark) -> list[Path]:
        if mark.x is None:
            assert mark.mean is not None and mark.low is not None and mark.high is not None
            low, high, mean = (self.down(value) for value in (mark.low, mark.high, mark.mean))
            band = f"M{self.left:g} {low:g}V{high:g}H{self.right:g}V{low:g}Z"
            return [Path("band", band), Path("line ink dashed", f"M{self.left:g} {mean:g}H{self.right:g}")]
        x = self.across(mark.x)
        paths = [Path("line ink dashed", f"M{x:g} {self.bottom:g}V{self.top:g}")]
        if mark.mean is not None and mark.low is not None and mark.high is not None:
            low, high, mean = (self.down(value) for value in (mark.low, mark.high, mark.mean))
            paths.append(Path("line ink", f"M{x - 4:g} {low:g}h8M{x:g} {low:g}V{high:g}M{x - 4:g} {high:g}h8"))
            paths.append(Path("dots ink", f"M{x:g} {mean:g}h0"))
        return paths

    def legend(self) -> list[tuple[str, str]]:
        """The classes of each layer's sample, and its name."""
        entries = []
        for layer in self.layers:
            if isinstance(layer, Mark):
                entries.append(("line ink dashed" if layer.x is not None else "band", layer.name))
            elif isinstance(layer, Bars):
                entries.append((f"bars {layer.colour}", layer.name))
            else:
                kind = f"dots {layer.colour}" if layer.style == "points" else f"line {layer.colour} {layer.style}".rstrip()
                entries.append((kind, layer.name))
        return [(classes, name) for classes, name in entries if name]
