"""What a competition fixes: its slug, its CSV, how tiles are named, how a mask is written and scored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

TRAILING_NUMBER = re.compile(r"(\d+)$")

EmptyTile = Literal["one", "zero"]
PixelOrder = Literal["columns", "rows"]


@dataclass(frozen=True)
class Competition:
    """The rules that every submission to one competition obeys.

    Attributes:
        slug: the competition's name in its kaggle.com address.
        columns: the CSV's header, in order: image id, run lengths, width, height.
        pixel_order: the order in which run lengths count pixels; "columns" goes down each column first.
        iou_steps: an image earns a share of 1 for each step k that its IoU exceeds strictly, counted in integers:
            step k stands for an IoU of k/20.
        empty_tile: what a tile without buildings earns: "one" is 1 for an empty prediction, else 0; "zero" is 0 always.
        test_ids: the ids of the test tiles as ranges, where they are known.
    """

    slug: str = "ann-and-dl-image-segmentation"
    columns: tuple[str, ...] = ("ImageId", "EncodedPixels", "Width", "Height")
    pixel_order: PixelOrder = "columns"
    iou_steps: tuple[int, ...] = tuple(range(10, 20))
    empty_tile: EmptyTile = "one"
    test_ids: str = (
        "464-528 842-844 915-966 1029-1035 1144-1231 1261-1287 1360-1391 1715-1782 2140-2175 2818-2885 2927-2946 3685-3687 "
        "3957-4133 4667-4758 5265-5301 6035-6076 6459-6480 6495-6509 7012-7015 7298-7377 7533-7606 8003-8082 8174-8231 "
        "8707-8790"
    )

    def has_test_ids(self, ids: Iterable[str]) -> bool:
        """Whether these are the ids of its test tiles, all of them and no others.

        >>> Competition(test_ids="7-9 12").has_test_ids(["9", "8", "7", "12"]), Competition(test_ids="").has_test_ids([])
        (True, False)
        """
        ranges = [part.partition("-") for part in self.test_ids.split()]
        known = {str(number) for low, _, high in ranges for number in range(int(low), int(high or low) + 1)}
        return bool(known) and known == set(ids)


DEFAULT = Competition()


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
