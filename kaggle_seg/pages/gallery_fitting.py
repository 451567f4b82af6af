"""Which images and maps fit into a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FRAME = 64  # bytes around a block in the page, at most
NOTICE = 1000  # bytes for saying what was left out


@dataclass(frozen=True)
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


def fit(blocks: Sequence[Block], room: int) -> tuple[list[Block], list[str]]:
    """The blocks that fit.

    Args:
        blocks: the ones to be left out last come first.
        room: bytes.

    Returns:
        Those that fit, in the order of their tiles, so that what is seen first is read first; and a line for each kind of
        which some are left out.

    >>> chosen, lines = fit([Block("map", 1, "a" * 100), Block("map", 0, "b" * 100)], room=NOTICE + 200)
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
    left_out = blocks[len(chosen) :]
    lines = []
    for kind in ("image", "map"):
        if count := sum(block.kind == kind for block in left_out):
            of = sum(block.kind == kind for block in blocks)
            lines.append(f"{count} of {of} {kind}s left out, of the least uncertain tiles, to keep this file small")
    return sorted(chosen, key=lambda block: (block.tile, block.kind)), lines
