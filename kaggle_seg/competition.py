"""What a competition fixes: its slug, its CSV, how tiles are named, how a mask is written and scored.

Each is a small TOML file in `competitions/`, and that file is the only source of its facts. Below the commands a competition
is always passed as an argument.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from kaggle_seg.errors import BadInput

TRAILING_NUMBER = re.compile(r"(\d+)$")
ADDRESS = re.compile(r"^(?:https?://)?(?:www\.)?kaggle\.com/(?:c|competitions)/([^/?#]+)")
FOLDER = Path(__file__).with_name("competitions")
FIRST = "ann-and-dl-image-segmentation"
"""The competition of a command, run, CSV or ledger row that names none."""

EmptyTile = Literal["one", "zero"]
IdRule = Literal["number", "stem"]
PixelOrder = Literal["columns", "rows"]
Rows = Literal["one", "several"]
ScoreKind = Literal["iou_steps", "iou", "dice"]


@dataclass(frozen=True)
class Competition:
    """The rules that every submission to one competition obeys.

    Attributes:
        slug: the competition's name in its kaggle.com address.
        columns: the CSV's header, in order: image id, run lengths and, where it has them, width, height.
        pixel_order: the order in which run lengths count pixels; "columns" goes down each column first.
        rows_per_image: "one" row for each image, or "several": one for each region of its mask.
        id_suffix: what the CSV writes behind the file's stem, e.g. ".jpg".
        empty_mask: what stands for the run lengths of an empty mask.
        id_rule: the id by which image and mask pair: the "number" that ends the stem, or the whole "stem".
        images, masks, test: where the tiles lie: patterns below one folder, e.g. "train/images/*.png"; masks may be a CSV
            of run lengths instead. Empty: in one of the layouts that are found by themselves.
        height, width: of every tile, where the CSV does not say it; 0 where it does.
        score: the score of an image: the share of the IoU steps that it passes, its IoU, or its Dice coefficient.
        iou_steps: step k is an IoU of k/20; an image passes it when its IoU exceeds it strictly, counted in integers.
        empty_tile: the score of a tile without buildings: "one" is 1 for an empty prediction, else 0; "zero" is 0 always.
        test_ids: the ids of the test tiles as ranges, where they are known.
        csv_only: why nothing but its CSV can be read and written; empty where all stages work.
    """

    slug: str
    columns: tuple[str, ...] = ("ImageId", "EncodedPixels", "Width", "Height")
    pixel_order: PixelOrder = "columns"
    rows_per_image: Rows = "one"
    id_suffix: str = ""
    empty_mask: str = ""
    id_rule: IdRule = "number"
    images: str = ""
    masks: str = ""
    test: str = ""
    height: int = 0
    width: int = 0
    score: ScoreKind = "iou_steps"
    iou_steps: tuple[int, ...] = tuple(range(10, 20))
    empty_tile: EmptyTile = "one"
    test_ids: str = ""
    csv_only: str = ""

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of every tile, where they are fixed here."""
        return (self.height, self.width) if self.height and self.width else None

    def tile_id(self, stem: str) -> str:
        """The id of a tile whose file has this stem."""
        return tile_id(stem) if self.id_rule == "number" else stem

    def has_test_ids(self, ids: Iterable[str]) -> bool:
        """Whether these are the ids of its test tiles, all of them and no others.

        >>> Competition("houses", test_ids="7-9 12").has_test_ids(["9", "8", "7", "12"])
        True
        """
        ranges = [part.partition("-") for part in self.test_ids.split()]
        known = {str(number) for low, _, high in ranges for number in range(int(low), int(high or low) + 1)}
        return bool(known) and known == set(ids)

    def need_stages(self) -> None:
        """Lets a stage run that works on tiles.

        Raises:
            BadInput: for this competition there is only the CSV.
        """
        if self.csv_only:
            raise BadInput(f"{self.slug}: {self.csv_only}; only its CSV can be read, checked and uploaded")


def find_competition(name: str = "") -> Competition:
    """The competition of this slug or address, or in this TOML file; the first one where no name is given.

    Raises:
        BadInput: there is none, or the file is faulty; every fault at once.
    """
    address = ADDRESS.match(name.strip())
    slug = address.group(1) if address else name.strip() or FIRST
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if slug in known:
        return _shipped(slug)
    if slug.endswith(".toml") and not address:
        return read_competition(Path(name))
    raise BadInput(
        f"--competition {name}: unknown (known: {', '.join(known)}); describe it in a TOML file like those "
        "in kaggle_seg/competitions/ and name that file"
    )


@functools.cache
def _shipped(slug: str) -> Competition:
    return read_competition(FOLDER / f"{slug}.toml")


def read_competition(path: Path) -> Competition:
    """A competition from its TOML file; what the file leaves out has the values of `Competition`.

    Raises:
        BadInput: every fault of the file at once.
    """
    import tomllib

    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; name a competition's TOML file or its slug") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: not a TOML file that can be read ({error}); correct it") from error
    hints = get_type_hints(Competition)
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in tables.items()}
    problems = [f"unknown key {key!r} (known: {', '.join(hints)}); remove or correct it" for key in values.keys() - hints]
    problems += [fault for key in values.keys() & hints if (fault := _fault(key, values[key], hints[key]))]
    if not values.get("slug"):
        problems.append("no slug; put the competition's name in its kaggle.com address there")
    if problems:
        raise BadInput([f"{path}: {problem}" for problem in sorted(problems)])
    return Competition(**values)


def as_tables(competition: Competition) -> dict[str, Any]:
    """What its TOML file says, in full."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(competition).items()
    }


def recorded(competition: Competition) -> dict[str, Any]:
    """What a record says of the competition: nothing of the first one, else its tables under "competition"."""
    return {} if competition == find_competition() else {"competition": as_tables(competition)}


def _fault(key: str, value: Any, hint: Any) -> str:
    """What is wrong with one value; empty for a sound one."""
    if key == "columns":
        fits = isinstance(value, tuple) and len(value) in (2, 4) and all(isinstance(name, str) and name for name in value)
        wanted = "2 or 4 names: image id, run lengths[, width, height]"
    elif key == "iou_steps":
        fits = isinstance(value, tuple) and bool(value) and all(type(step) is int and 0 < step < 20 for step in value)
        wanted = "whole numbers from 1 to 19, each an IoU of k/20"
    elif hint is int:
        fits, wanted = type(value) is int and value >= 0, "a whole number"
    elif hint is str:
        fits, wanted = isinstance(value, str), "a text"
    else:
        fits, wanted = value in get_args(hint), f"one of {get_args(hint)}"
    return "" if fits else f"{key} = {value!r}, wanted {wanted}"


def tile_id(stem: str) -> str:
    """The id of a tile: the number that ends the file's stem, without leading zeros; without one, the whole stem.

    >>> tile_id("test_image_68"), tile_id("1155"), tile_id("007"), tile_id("north_east")
    ('68', '1155', '7', 'north_east')
    """
    found = TRAILING_NUMBER.search(stem)
    return str(int(found.group(1))) if found else stem


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts texts as people do: numbers inside them by value.

    >>> sorted(["10", "9", "img_2", "img_10"], key=natural_key)
    ['9', '10', 'img_2', 'img_10']
    """
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
