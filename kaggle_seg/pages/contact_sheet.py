"""A contact sheet: tiles of a submission with the outlines of their masks, as one PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.errors import BadInput
from kaggle_seg.output import shown, write_atomic
from kaggle_seg.submission.expected import find_images
from kaggle_seg.submission.figures import Figures
from kaggle_seg.submission.table import Submission

if TYPE_CHECKING:
    from PIL import Image

PANELS, COLUMNS = 30, 6
EMPTY_PANELS = 5  # at most so many of them show empty masks
SIDE, GAP, TITLE = 256, 8, 20  # pixels: longest side of a tile on the sheet, space between tiles, height of a title
PAPER, INK = (250, 250, 250), (20, 20, 20)
OUTLINE, SHADOW = (255, 230, 0), (0, 0, 0)


@dataclass(frozen=True)
class Panel:
    """One tile of the sheet.

    Attributes:
        title: written above it.
        image: uint8 (H, W, 3).
        mask: bool (H, W), whose outline is drawn.
    """

    title: str
    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def write_contact_sheet(submission: Submission, figures: Figures, data: Path | None = None) -> Path:
    """Writes the contact sheet of a submission beside its CSV.

    Args:
        submission: whose masks to show.
        figures: its figures, by which tiles are chosen.
        data: the folder of tiles; without it, the one in the JSON beside the CSV.

    Returns:
        The PNG.

    Raises:
        BadInput: the tiles are not there, or are of another size than the masks.
    """
    from kaggle_seg.tiles.files import read_image

    images = find_images(submission.path, submission.competition, data)
    chosen = choose(figures.shares)
    stems = [figures.rows[row].stem for row in chosen]
    if missing := [stem for stem in stems if stem not in images]:
        raise BadInput(f"no test tile {missing[0]!r} for the contact sheet; name the folder of its tiles with --data")
    panels = []
    for row, stem in zip(chosen, stems, strict=True):
        image, mask = read_image(images[stem]), submission[stem]
        if image.shape[:2] != mask.shape:
            sizes = f"{image.shape[1]} x {image.shape[0]} pixels, its mask {mask.shape[1]} x {mask.shape[0]}"
            raise BadInput(f"{shown(images[stem])}: found {sizes}; name with --data the folder that the CSV was made for")
        panels.append(Panel(f"{stem}  {figures.shares[row]:.1%}", image, mask))
    path = submission.path.with_suffix(".png")
    with io.BytesIO() as content:
        draw_sheet(panels).save(content, "PNG")
        write_atomic(path, content.getvalue())
    return path


def choose(shares: NDArray[np.float64], count: int = PANELS) -> list[int]:
    """Which masks stand for all: evenly spread over the order of their building share, with a few empty ones first.

    Args:
        shares: float64 (N,), building share of each mask.
        count: how many to choose at most.

    Returns:
        Their places in `shares`, by ascending share.
    """
    order = np.argsort(shares, kind="stable")
    empty, filled = order[shares[order] == 0], order[shares[order] > 0]
    empties = spread(empty, max(min(EMPTY_PANELS, count), count - len(filled)))
    return [*empties, *spread(filled, count - len(empties))]


def spread(items: NDArray[np.integer], count: int) -> list[int]:
    """At most `count` items at even distances, the first and the last among them."""
    places = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return items[places].tolist()


def draw_sheet(panels: Sequence[Panel]) -> Image.Image:
    """Lays panels out in rows."""
    from PIL import Image, ImageDraw, ImageFont

    columns = max(1, min(COLUMNS, len(panels)))
    rows = -(-len(panels) // columns)
    step_x, step_y = SIDE + GAP, SIDE + TITLE + GAP
    sheet = Image.new("RGB", (columns * step_x + GAP, rows * step_y + GAP), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, panel in enumerate(panels):
        x, y = GAP + place % columns * step_x, GAP + place // columns * step_y
        title = panel.title
        while pen.textlength(title, font) > SIDE:
            title = "..." + title.removeprefix("...")[1:]
        pen.text((x, y), title, INK, font)
        sheet.paste(draw_panel(panel), (x, y + TITLE))
    return sheet


def draw_panel(panel: Panel) -> Image.Image:
    """One tile at the sheet's size: a bright line on the rim of each building, a dark one around it."""
    from PIL import Image

    height, width = panel.mask.shape
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = np.array(Image.fromarray(panel.image).resize(size, Image.Resampling.LANCZOS))
    mask = np.array(Image.fromarray(panel.mask).resize(size, Image.Resampling.NEAREST))
    return Image.fromarray(outlined(pixels, mask))


def outlined(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """An image with a bright line on the rim of each building and a dark one around it.

    Args:
        image: uint8 (H, W, 3).
        mask: bool (H, W).

    Returns:
        uint8 (H, W, 3), a copy.
    """
    from scipy import ndimage

    pixels = image.copy()
    pixels[ndimage.binary_dilation(mask) & ~mask] = SHADOW
    pixels[mask & ~ndimage.binary_erosion(mask, border_value=1)] = OUTLINE
    return pixels
