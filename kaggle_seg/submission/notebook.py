"""How a submission shows itself in a notebook: what it says in a few lines, and some of its masks."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.errors import BadInput
from kaggle_seg.run_directory import shown

if TYPE_CHECKING:
    from PIL import Image

    from kaggle_seg.submission.table import Submission

SHOWN = 12  # masks
SIDE = 96  # pixels of a mask on the screen
MOST_FAULTS = 10


def as_html(submission: Submission) -> str:
    """A few lines on a submission, with its faults or some of its masks: evenly spread over its tiles with buildings.

    What comes from the file is escaped. Nothing here is looked up elsewhere: the ids are checked by `inspect`.
    """
    from kaggle_seg.submission.checks import check, describe
    from kaggle_seg.submission.expected import Expected
    from kaggle_seg.submission.summary import summarise

    faults, summary = describe(check(submission, Expected())), summarise(submission)
    verdict = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}" if faults else "no fault in its form"
    lines = [f"<p><b>{html.escape(shown(submission.path))}</b>: {len(submission.images)} tiles, {verdict}</p>"]
    if faults:
        more = f"<li>and {len(faults) - MOST_FAULTS} more</li>" if len(faults) > MOST_FAULTS else ""
        items = "".join(f"<li>{html.escape(fault)}</li>" for fault in faults[:MOST_FAULTS])
        lines.append(f"<ul>{items}{more}</ul>")
    if summary.rows:
        empty = int(np.count_nonzero(summary.shares == 0))
        lines.append(f"<p>{empty} empty; building share {summary.shares.mean():.1%} of all pixels</p>")
    filled = np.flatnonzero(summary.shares > 0)
    places = filled[np.linspace(0, len(filled) - 1, min(SHOWN, len(filled))).round().astype(int)]
    figures = [figure(summary.rows[place].stem, submission[summary.rows[place].stem]) for place in places]
    return "\n".join([*lines, *figures])


def figure(stem: str, mask: NDArray[np.bool_]) -> str:
    """A mask as a small picture with its id."""
    from PIL import Image

    with io.BytesIO() as content:
        Image.fromarray(mask).save(content, "PNG")
        data = base64.b64encode(content.getvalue()).decode("ascii")
    name = html.escape(stem)
    return (
        f'<figure style="display: inline-block; margin: 4px"><img src="data:image/png;base64,{data}" width="{SIDE}" '
        f'alt="mask of {name}"><figcaption>{name}</figcaption></figure>'
    )


def on_tile(submission: Submission, stem: str, data: Path | None) -> Image.Image:
    """The tile of an image id with the outline of its mask.

    Args:
        submission: whose mask to draw.
        stem: the image id.
        data: the folder of tiles; None: the one in the JSON beside the CSV.

    Raises:
        KeyError: no row has this id.
        BadInput: its mask is faulty, or its tile is not there or of another size.
    """
    from PIL import Image

    from kaggle_seg.submission.pictures import find_images, outlined
    from kaggle_seg.tiles.files import read_image

    mask = submission[stem]
    images = find_images(submission.path, data, submission.competition)
    if stem not in images:
        raise BadInput(f"no test tile {stem!r}; name the folder of its tiles: show({stem!r}, data=DIR)")
    image = read_image(images[stem])
    if image.shape[:2] != mask.shape:
        found = f"{image.shape[1]} x {image.shape[0]} pixels, its mask {mask.shape[1]} x {mask.shape[0]}"
        raise BadInput(f"{shown(images[stem])}: found {found}; name the folder the CSV was made for")
    return Image.fromarray(outlined(image, mask))
