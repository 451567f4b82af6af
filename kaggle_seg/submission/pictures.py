"""The tiles behind a submission: where their images lie, and a mask drawn on one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.competition import DEFAULT, Competition
from kaggle_seg.errors import BadInput
from kaggle_seg.run_directory import shown
from kaggle_seg.submission.expected import read_provenance

OUTLINE, SHADOW = (255, 230, 0), (0, 0, 0)


def find_images(csv: Path, data: Path | None = None, competition: Competition = DEFAULT) -> dict[str, Path]:
    """The image files of the test tiles, by the ids that the CSV has for them.

    Args:
        csv: the submission.
        data: the folder of tiles; None: the one in the JSON beside the CSV.
        competition: where its tiles lie and how the CSV names them.

    Raises:
        BadInput: it is not known where they are, or they are not there.
    """
    from kaggle_seg.tiles.dataset import find_dataset

    folder = data or read_provenance(csv).get("data")
    if not folder:
        raise BadInput(f"{shown(csv)}: nothing here tells where its tiles are; name their folder with --data")
    try:
        return {tile.stem + competition.id_suffix: tile.image for tile in find_dataset(Path(folder), competition).test}
    except BadInput as error:
        raise BadInput([*error.problems, "the tiles are needed for pictures; name their folder with --data"]) from error


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
