"""Draws buildings as seen from above, with their shadows, onto the layers of a scene.

A roof's colours and its footprint go onto layers of their own, so that the mask is the roofs, pixel by pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Point = tuple[float, float]
Colour = tuple[int, int, int]

ROOFS: tuple[Colour, ...] = (
    (170, 88, 64),  # terracotta
    (142, 74, 58),
    (108, 108, 114),  # slate
    (78, 80, 88),
    (206, 202, 194),  # light gravel
    (124, 136, 152),  # sheet metal
    (150, 130, 106),  # old tiles, much like soil
)
SHADE = 0.6  # share of the light that a shadow takes


class Canvas:
    """The layers of a scene while it is drawn.

    Attributes:
        sun: unit vector along which shadows fall.
        ground, shadow, roofs, mask: the layers, each drawn upon through the attribute of the same name with `on_`.
    """

    def __init__(self, ground: Image.Image, sun: Point) -> None:
        self.sun = sun
        self.ground = ground
        self.shadow = Image.new("L", ground.size)
        self.roofs = Image.new("RGB", ground.size)
        self.mask = Image.new("L", ground.size)
        self.on_ground = ImageDraw.Draw(self.ground)
        self.on_shadow = ImageDraw.Draw(self.shadow)
        self.on_roofs = ImageDraw.Draw(self.roofs)
        self.on_mask = ImageDraw.Draw(self.mask)

    def compose(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """The finished scene: uint8 (H, W, 3) as a camera sees it, and bool (H, W), True where a roof is."""
        mask = np.asarray(self.mask) > 0
        light = 1 - SHADE * np.asarray(self.shadow.filter(ImageFilter.GaussianBlur(1)), np.float32) / 255
        ground = np.asarray(self.ground, np.float32) * light[..., None]
        scene = np.where(mask[..., None], np.asarray(self.roofs, np.float32), ground)
        scene *= 1 + 0.05 * (smooth_noise(rng, mask.shape, 3) + smooth_noise(rng, mask.shape, 9))[..., None]
        blurred = Image.fromarray(as_bytes(scene)).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.1)))
        exposure = rng.uniform(0.85, 1.15) * rng.uniform(0.96, 1.04, 3)
        grain = rng.standard_normal(scene.shape, np.float32) * rng.uniform(2, 6)
        return as_bytes(np.asarray(blurred) * exposure + grain + rng.uniform(-8, 16)), mask


def draw_house(rng: np.random.Generator, canvas: Canvas, centre: Point, angle: float) -> None:
    """A house of one or two wings, mostly with a pitched roof, within a circle of 40 pixels around `centre`."""
    length, breadth, height = rng.uniform(32, 54), rng.uniform(22, 34), rng.uniform(6, 13)
    tone = roof_tone(rng)
    wings = [(centre, length, breadth, angle)]
    if rng.random() < 0.35:
        corner = along(along(centre, angle, (length - breadth) / 2), angle + np.pi / 2, breadth * 0.6)
        wings.insert(0, (corner, breadth * 1.1, breadth * 0.7, angle + np.pi / 2))
    for wing in wings:
        cast_shadow(canvas, rectangle(*wing), height)
    for wing in wings:
        if rng.random() < 0.85:
            pitched_roof(rng, canvas, wing, tone)
        else:
            flat_roof(rng, canvas, rectangle(*wing), tone)


def draw_hall(rng: np.random.Generator, canvas: Canvas, centre: Point, angle: float) -> None:
    """A large building with a flat roof and a long shadow."""
    footprint = rectangle(centre, rng.uniform(48, 62), rng.uniform(40, 58), angle)
    cast_shadow(canvas, footprint, rng.uniform(10, 18))
    flat_roof(rng, canvas, footprint, roof_tone(rng))


def roof_tone(rng: np.random.Generator) -> NDArray[np.float64]:
    """The colour of a roof in even light, float (3,)."""
    return np.array(ROOFS[rng.integers(len(ROOFS))]) * rng.uniform(0.85, 1.15)


def cast_shadow(canvas: Canvas, footprint: list[Point], height: float) -> None:
    """Darkens what the footprint sweeps over when moved `height` pixels along the sun's rays."""
    fallen = [(x + canvas.sun[0] * height, y + canvas.sun[1] * height) for x, y in footprint]
    canvas.on_shadow.polygon(fallen, fill=255)
    for here, there in ((0, 1), (1, 2), (2, 3), (3, 0)):
        canvas.on_shadow.polygon([footprint[here], footprint[there], fallen[there], fallen[here]], fill=255)


def flat_roof(rng: np.random.Generator, canvas: Canvas, footprint: list[Point], tone: NDArray[np.float64]) -> None:
    """A flat roof with its parapet and, now and then, the box of a ventilation."""
    canvas.on_mask.polygon(footprint, fill=255)
    canvas.on_roofs.polygon(footprint, fill=colour(tone), outline=colour(tone * 1.15))
    if rng.random() < 0.6:
        (left, top), (right, bottom) = footprint[0], footprint[2]
        share = rng.uniform(0.3, 0.7)
        box = rectangle((left + (right - left) * share, top + (bottom - top) * share), 7, 5, 0)
        canvas.on_roofs.polygon(box, fill=colour(tone * 0.7))


def pitched_roof(
    rng: np.random.Generator, canvas: Canvas, wing: tuple[Point, float, float, float], tone: NDArray[np.float64]
) -> None:
    """A gable or hip roof: each face is as bright as it is turned to the sun.

    Args:
        wing: centre, length, breadth and angle of the footprint; the ridge runs along its length.
        tone: the roof's colour in even light, float (3,).
    """
    centre, length, breadth, angle = wing
    a, b, c, d = footprint = rectangle(*wing)
    inset = breadth / 2 if rng.random() < 0.4 else 0
    near, far = along(centre, angle, -length / 2 + inset), along(centre, angle, length / 2 - inset)
    canvas.on_mask.polygon(footprint, fill=255)
    canvas.on_roofs.polygon(footprint, fill=colour(tone))
    faces = (([a, b, far, near], -np.pi / 2), ([c, d, near, far], np.pi / 2), ([b, c, far], 0), ([d, a, near], np.pi))
    for face, downhill in faces:
        light = -(canvas.sun[0] * np.cos(angle + downhill) + canvas.sun[1] * np.sin(angle + downhill))
        canvas.on_roofs.polygon(face, fill=colour(tone * (1 + 0.28 * light)))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], period: int) -> NDArray[np.float32]:
    """Random blobs about `period` pixels across: float32 (H, W) of mean about 0 and deviation below 1."""
    coarse = rng.standard_normal((shape[0] // period + 3, shape[1] // period + 3)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def rectangle(centre: Point, length: float, breadth: float, angle: float) -> list[Point]:
    """The four corners of a turned rectangle, in order."""
    across = angle + np.pi / 2
    start, end = along(centre, angle, -length / 2), along(centre, angle, length / 2)
    return [along(point, across, side * breadth / 2) for point, side in ((start, -1), (end, -1), (end, 1), (start, 1))]


def along(start: Point, angle: float, distance: float) -> Point:
    """The point at a distance from another, in a direction given in radians."""
    return (float(start[0] + np.cos(angle) * distance), float(start[1] + np.sin(angle) * distance))


def colour(tone: NDArray[np.float64]) -> Colour:
    """A tone as PIL wants it."""
    red, green, blue = (int(channel) for channel in np.clip(tone, 0, 255))
    return (red, green, blue)


def as_bytes(picture: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A picture of values about 0 to 255 as uint8."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
