"""Draws aerial scenes: land of several kinds, streets, buildings on their lots, yards, fields, trees and water.

A scene has one sun, one ground and one direction of its streets. A smooth random field says where people live, so that a
scene has a village and the land around it. Some of what is no building is drawn to look like one: paved yards, bare plots
in the colours of roofs, fields with straight edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kaggle_seg.synthetic.buildings import (
    ROOFS,
    Canvas,
    Colour,
    Point,
    along,
    as_bytes,
    colour,
    draw_hall,
    draw_house,
    rectangle,
    smooth_noise,
)

# the two tones of each ground, and the share of the land that is settled
GROUNDS: dict[str, tuple[Colour, Colour, float]] = {
    "meadow": ((96, 122, 70), (126, 142, 88), 0.50),
    "dry grass": ((158, 146, 104), (182, 166, 122), 0.50),
    "bare soil": ((146, 116, 88), (170, 138, 106), 0.40),
    "sand": ((196, 180, 146), (214, 200, 168), 0.40),
    "town": ((128, 126, 118), (110, 122, 92), 0.85),
    "forest": ((70, 92, 54), (86, 104, 62), 0.15),
}
ASPHALT, PAVING, POOL, WATER, CROWN = (104, 104, 106), (150, 146, 140), (90, 140, 170), (52, 76, 88), (52, 78, 40)
LOT = 68  # pixels from one lot to the next
STREET = 20  # pixels between the lots on both sides of a street


@dataclass(frozen=True)
class Place:
    """What all of a scene has in common."""

    ground: str
    angle: float  # of the streets, radians
    sun: Point  # unit vector along which shadows fall
    settled: NDArray[np.float32]  # (H, W); people live where it is above 0
    wet: NDArray[np.bool_]  # (H, W); a lake
    halls: float  # share of the buildings that are large


def draw_scene(rng: np.random.Generator, height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draws one scene.

    Args:
        rng: decides everything; the same state gives the same scene.
        height, width: in pixels.

    Returns:
        The image, uint8 (H, W, 3), and its mask, bool (H, W), True = building.
    """
    place = choose_place(rng, height, width)
    canvas = Canvas(paint_land(rng, place), place.sun)
    for centre, street in lots(place):
        use_lot(rng, place, canvas, centre, street)
    plant_trees(rng, place, canvas)
    return canvas.compose(rng)


def choose_place(rng: np.random.Generator, height: int, width: int) -> Place:
    """Draws what a scene has in common."""
    ground = str(rng.choice(list(GROUNDS)))
    settled = smooth_noise(rng, (height, width), 300)
    settled = settled - np.quantile(settled, 1 - GROUNDS[ground][2]).astype(np.float32)
    wet = smooth_noise(rng, (height, width), 400) > (1.1 if rng.random() < 0.3 else np.inf)
    direction = rng.uniform(0, 2 * np.pi)
    sun = along((0, 0), direction, 1)
    halls = float(rng.choice([0.02, 0.08, 0.5], p=[0.5, 0.3, 0.2]))
    return Place(ground, float(rng.uniform(0, np.pi)), sun, settled, wet, halls)


def paint_land(rng: np.random.Generator, place: Place) -> Image.Image:
    """The land without anything on it: two tones mixed by noise, ploughed fields, water."""
    height, width = place.wet.shape
    first, second, _ = GROUNDS[place.ground]
    blobs = 0.4 * smooth_noise(rng, (height, width), 60) + 0.25 * smooth_noise(rng, (height, width), 12)
    mix = np.clip(0.5 + blobs, 0, 1)[..., None]
    land = Image.fromarray(as_bytes(np.array(first) * mix + np.array(second) * (1 - mix)))
    draw = ImageDraw.Draw(land)
    for _ in range(int(rng.integers(0, 1 + height * width // 60_000))):
        plough(rng, place, draw, (float(rng.uniform(0, width)), float(rng.uniform(0, height))))
    land.paste(WATER, (0, 0), Image.fromarray(place.wet))
    return land


def plough(rng: np.random.Generator, place: Place, draw: ImageDraw.ImageDraw, centre: Point) -> None:
    """One field: a rectangle of another tone, with furrows along its length."""
    length, breadth, angle = rng.uniform(90, 260), rng.uniform(60, 160), place.angle + rng.choice([0, np.pi / 2])
    tone = np.array(GROUNDS[place.ground][0]) * rng.uniform(0.75, 1.25) * rng.uniform(0.95, 1.05, 3)
    draw.polygon(rectangle(centre, length, breadth, angle), fill=colour(tone))
    for offset in np.arange(-breadth / 2 + 2, breadth / 2 - 2, rng.uniform(4, 9)):
        row = along(centre, angle + np.pi / 2, offset)
        draw.line([along(row, angle, -length / 2), along(row, angle, length / 2)], fill=colour(tone * 0.88))


def lots(place: Place) -> Iterator[tuple[Point, float]]:
    """The lots, two rows between any two streets, turned by the streets' angle.

    Yields:
        A lot's centre, and the direction in which its street lies (radians).
    """
    height, width = place.wet.shape
    middle, reach, across = (width / 2, height / 2), np.hypot(width, height) / 2, place.angle + np.pi / 2
    for block in np.arange(-reach, reach, 2 * LOT + STREET):
        for row, street in ((block, across + np.pi), (block + LOT, across)):
            for step in np.arange(-reach, reach, LOT):
                x, y = along(along(middle, place.angle, step), across, row)
                if 0 <= x < width and 0 <= y < height and not place.wet[int(y), int(x)]:
                    yield (x, y), street


def use_lot(rng: np.random.Generator, place: Place, canvas: Canvas, centre: Point, street: float) -> None:
    """Puts on a lot what its surroundings suggest: a building, a yard, or nothing; and the street before it."""
    settled = place.settled[int(centre[1]), int(centre[0])]
    if settled < -0.15:
        return
    pave_street(rng, place, canvas, along(centre, street, (LOT + STREET) / 2))
    chance = rng.random() if settled > 0 else 1
    if chance < 0.78:
        angle = place.angle + rng.normal(0, 0.04) + (np.pi / 2 if rng.random() < 0.3 else 0)
        draw = draw_hall if rng.random() < place.halls else draw_house
        draw(rng, canvas, along(centre, rng.uniform(0, 2 * np.pi), rng.uniform(0, 5)), angle)
    elif chance < 0.92:
        surface = np.array([PAVING, ASPHALT, POOL, *ROOFS[:2]][rng.integers(5)]) * rng.uniform(0.8, 1.15)
        yard = rectangle(centre, rng.uniform(14, 54), rng.uniform(10, 44), place.angle)
        canvas.on_ground.polygon(yard, fill=colour(surface))


def pave_street(rng: np.random.Generator, place: Place, canvas: Canvas, middle: Point) -> None:
    """The piece of street before one lot (the neighbours' pieces join it), sometimes with a parked car."""
    canvas.on_ground.polygon(rectangle(middle, LOT + 2, STREET - 6, place.angle), fill=ASPHALT)
    if rng.random() < 0.3:
        car = rectangle(along(middle, place.angle, rng.uniform(-20, 20)), 11, 5, place.angle)
        canvas.on_ground.polygon(car, fill=colour(rng.uniform(30, 230) + rng.uniform(-30, 30, 3)))


def plant_trees(rng: np.random.Generator, place: Place, canvas: Canvas) -> None:
    """Trees, in woods and alone, each with its shadow and a lit side; roofs stay above them."""
    height, width = place.wet.shape
    woods = smooth_noise(rng, (height, width), 120) + (0.8 if place.ground == "forest" else -0.4)
    for _ in range(height * width // 450):
        x, y, chance = rng.uniform(0, width), rng.uniform(0, height), rng.random()
        here = int(y), int(x)
        wooded = woods[here] > 0.6 and place.settled[here] < 0
        if place.wet[here] or chance > (0.9 if wooded else 0.06):
            continue
        radius, tone = rng.uniform(3, 11), np.array(CROWN) * rng.uniform(0.75, 1.3)
        disc(canvas, (x + canvas.sun[0] * radius * 0.9, y + canvas.sun[1] * radius * 0.9), radius, np.array(CROWN) * 0.5)
        disc(canvas, (x, y), radius, tone)
        disc(canvas, (x - canvas.sun[0] * radius * 0.3, y - canvas.sun[1] * radius * 0.3), radius * 0.6, tone * 1.2)


def disc(canvas: Canvas, centre: Point, radius: float, tone: NDArray[np.float64]) -> None:
    """A filled disc on the ground."""
    x, y = centre
    canvas.on_ground.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour(tone))
