"""Which images and maps fit into a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FRAME = 64  # bytes around a block in the page, at most
NOTICE = 1000  # bytes for saying what was left out


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page that can be left out.

    Attributes:
        kind: "image" or "map".
        tile: the place of its tile among all.
        content: base64.
    """

    kind: str
    tile: int
    content: str


def fit(blocks: Sequence[Block], room: int, totals: Mapping[str, int]) -> tuple[list[Block], list[str]]:
    """The blocks that fit.

    Args:
        blocks: the ones to be left out last come first.
        room: bytes.
        totals: how many there are of each kind, those included that were not even made.

    Returns:
        Those that fit, in the order of their tiles, so that what is seen first is read first; and a line for each kind of
        which some are left out.

    >>> chosen, lines = fit([Block("map", 1, "a" * 100), Block("map", 0, "b" * 100)], NOTICE + 200, {"map": 2})
    >>> [block.tile for block in chosen], lines
    ([1], ['1 of 2 maps left out, of the least uncertain tiles, to keep this file small'])
    """
    room -= NOTICE
    chosen: list[Block] = []
    for block in blocks:
        room -= len(block.content) + FRAME
        if room < 0:
            break
        chosen.append(block)
    lines = []
    for kind, total in totals.items():
        if count := total - sum(block.kind == kind for block in chosen):
            lines.append(f"{count} of {total} {kind}s left out, of the least uncertain tiles, to keep this file small")
    return sorted(chosen, key=lambda block: (block.tile, block.kind)), lines


def to_drop(sizes: Sequence[int], ranks: Sequence[float], room: int) -> list[int]:
    """The places of the pieces that cannot fit, whatever else a page holds: those of the lowest ranks.

    Args:
        sizes: bytes of each.
        ranks: of each; of equals the first are kept.
        room: bytes.

    >>> to_drop([10, 10, 10], [0.1, 0.3, 0.2], room=25)
    [0]
    """
    dropped = []
    for place in sorted(range(len(sizes)), key=lambda place: -ranks[place]):
        room -= sizes[place]
        if room < 0:
            dropped.append(place)
    return dropped
