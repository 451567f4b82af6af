"""A submission that shows itself in a notebook: a few lines on its masks, some of them as pictures, one on its tile.

    from kaggle_seg import Submission
    submission = Submission.read("submissions/NAME.csv")
    submission                  # as the last line of a cell: the lines and the pictures
    submission.show("1155")     # one tile with the outline of its mask
    submission["1155"]          # the mask itself, bool (H, W)

Nothing of this is loaded before it is asked for.
"""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.competition import Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.output import shown
from kaggle_seg.pages.contact_sheet import outlined
from kaggle_seg.submission import table
from kaggle_seg.submission.checks import check, describe
from kaggle_seg.submission.expected import Expected, competition_of_csv, find_images
from kaggle_seg.submission.figures import figures_of

if TYPE_CHECKING:
    from PIL import Image

SHOWN = 12  # masks
SIDE = 96  # pixels of a mask on the screen
MOST_FAULTS = 10


class Submission(table.Submission):
    """A submission as it stands in its file, with pictures."""

    @classmethod
    def read(cls, path: Path | str, competition: Competition | None = None) -> Self:
        """Reads a file, whatever is wrong in it.

        Args:
            path: the CSV.
            competition: the one it is for; None: the one in the JSON beside the CSV.

        Raises:
            BadInput: the file cannot be read at all.
        """
        return super().read(path, competition or competition_of_csv(Path(path)))

    def show(self, stem: str, data: Path | None = None) -> Image.Image:
        """The tile of an image id with the outline of its mask.

        Args:
            stem: the image id.
            data: the folder of tiles; None: the one in the JSON beside the CSV.

        Raises:
            KeyError: no row has this id.
            BadInput: its mask is faulty, or its tile is not there or of another size.
        """
        from PIL import Image

        from kaggle_seg.tiles.files import read_image

        mask = self[stem]
        images = find_images(self.path, self.competition, data)
        if stem not in images:
            raise BadInput(f"no test tile {stem!r}; name the folder of its tiles: show({stem!r}, data=DIR)")
        image = read_image(images[stem])
        if image.shape[:2] != mask.shape:
            size = f"{image.shape[1]} x {image.shape[0]} pixels, its mask {mask.shape[1]} x {mask.shape[0]}"
            raise BadInput(f"{shown(images[stem])}: found {size}; name the folder that the CSV was made for")
        return Image.fromarray(outlined(image, mask))

    def _repr_html_(self) -> str:
        """What a notebook shows: a few lines, with the faults or some of the masks, evenly spread over those with buildings.

        What comes from the file is escaped. Nothing here is looked up elsewhere: the ids are checked by `inspect`.
        """
        faults, figures = describe(check(self, Expected())), figures_of(self)
        verdict = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}" if faults else "no faults in its form"
        lines = [f"<p><b>{html.escape(shown(self.path))}</b>: {len(self.images)} tiles, {verdict}</p>"]
        if faults:
            more = f"<li>and {len(faults) - MOST_FAULTS} more</li>" if len(faults) > MOST_FAULTS else ""
            items = "".join(f"<li>{html.escape(fault)}</li>" for fault in faults[:MOST_FAULTS])
            lines.append(f"<ul>{items}{more}</ul>")
        if figures.rows:
            empty = int(np.count_nonzero(figures.shares == 0))
            lines.append(f"<p>{empty} empty; buildings on {figures.shares.mean():.1%} of all pixels</p>")
        filled = np.flatnonzero(figures.shares > 0)
        places = filled[np.linspace(0, len(filled) - 1, min(SHOWN, len(filled))).round().astype(int)]
        return "\n".join([*lines, *(figure(figures.rows[at].stem, self[figures.rows[at].stem]) for at in places)])


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
