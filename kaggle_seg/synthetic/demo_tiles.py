"""Demo tiles: generated scenes, cut into tiles and stored as the competition's description lays them out.

    DIR/
      demo.json                                  what was drawn; by it later steps know that the tiles are a demo
      Classification_Dataset/
        train/images/img_0.tif ...               train/masks/mask_0.tif ...
        test/test_image_0.tif ...

Tiles of a scene follow one another in raster order, so that neighbours exist, as in the real data. Test tiles come from
scenes of their own.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaggle_seg.errors import BadInput
from kaggle_seg.locks import lock
from kaggle_seg.output import read_json, shown, write_json

if TYPE_CHECKING:  # a command's --help waits for no NumPy
    import numpy as np
    from numpy.typing import NDArray

ROWS, COLUMNS = 3, 4  # tiles of one scene
MARKER = "demo.json"
TREE = "Classification_Dataset"


@dataclass(frozen=True)
class DemoTiles:
    """What is drawn; the same values give the same bytes (with the same versions of NumPy, Pillow and imagecodecs)."""

    training: int = 300
    """training tiles"""
    test: int = 60
    """test tiles"""
    seed: int = 0
    """decides every scene"""
    size: int = 256
    """height and width of a tile, in pixels"""

    def check(self) -> None:
        """Refuses what cannot be drawn.

        Raises:
            BadInput: naming every value out of range.
        """
        least = {"training": 1, "test": 1, "seed": 0, "size": 16}
        values = dataclasses.asdict(self)
        small = {name: low for name, low in least.items() if values[name] < low}
        if problems := [f"--{name} {values[name]}: wanted {low} or more" for name, low in small.items()]:
            raise BadInput(problems)


def is_demo(data: Path) -> bool:
    """Whether the tiles in this folder were generated here."""
    return any((folder / MARKER).is_file() for folder in (data, data.resolve().parent))


def draw_tiles(wanted: int, size: int, seed: tuple[int, ...]) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """Cuts generated scenes into tiles, row by row.

    Args:
        wanted: how many tiles; the last scene may be used in part.
        size: height and width of a tile.
        seed: one scene's generator is seeded with it and the scene's number.

    Yields:
        An image, uint8 (size, size, 3), and its mask, bool (size, size).
    """
    import numpy as np

    from kaggle_seg.synthetic.scenery import draw_scene

    for number in range(wanted):
        scene, place = divmod(number, ROWS * COLUMNS)
        if place == 0:
            image, mask = draw_scene(np.random.default_rng([*seed, scene]), ROWS * size, COLUMNS * size)
        top, left = place // COLUMNS * size, place % COLUMNS * size
        window = slice(top, top + size), slice(left, left + size)
        yield image[window], mask[window]


def write_demo(folder: Path, demo: DemoTiles) -> bool:
    """Draws the tiles into a folder, whole or not at all.

    Args:
        folder: made here, or one that holds these very tiles already.
        demo: what to draw.

    Returns:
        Whether anything was drawn; False if the same tiles were there.

    Raises:
        BadInput: the folder holds something else.
    """
    demo.check()
    folder = folder.resolve()
    with lock(folder.with_name(f".{folder.name}.lock"), "another process is drawing these tiles; waiting for it"):
        if is_there(folder, demo):
            return False
        unfinished = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        write_tree(unfinished / TREE, demo)
        write_json(unfinished / MARKER, description(demo))
        if folder.is_dir():
            folder.rmdir()
        unfinished.replace(folder)
    return True


def is_there(folder: Path, demo: DemoTiles) -> bool:
    """Whether a folder holds these tiles; False if it is empty or missing.

    Raises:
        BadInput: it holds something else.
    """
    marker = folder / MARKER
    if marker.is_file():
        if read_json(marker) == description(demo):
            return True
        raise BadInput(
            f"{shown(folder)}: holds other demo tiles ({MARKER} in it says which); delete it or name another folder"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{shown(folder)}: exists and holds no demo tiles; name a new or empty folder")
    return False


def description(demo: DemoTiles) -> dict[str, Any]:
    """What the marker file says."""
    return {"demo": "generated aerial scenes", **dataclasses.asdict(demo)}


def write_tree(tree: Path, demo: DemoTiles) -> None:
    """Writes all tiles, with a progress bar."""
    from tifffile import imwrite
    from tqdm import tqdm

    colours = {"photometric": "rgb", "compression": "zlib", "predictor": True}

    images, masks, test = tree / "train" / "images", tree / "train" / "masks", tree / "test"
    for folder in (images, masks, test):
        folder.mkdir(parents=True)
    with tqdm(total=demo.training + demo.test, desc="drawing demo tiles", unit="tile", disable=None) as progress:
        for number, (image, mask) in enumerate(draw_tiles(demo.training, demo.size, (demo.seed, 0))):
            imwrite(images / f"img_{number}.tif", image, **colours)
            imwrite(masks / f"mask_{number}.tif", mask.astype("uint8") * 255, compression="zlib")
            progress.update()
        for number, (image, _) in enumerate(draw_tiles(demo.test, demo.size, (demo.seed, 1))):
            imwrite(test / f"test_image_{number}.tif", image, **colours)
            progress.update()
