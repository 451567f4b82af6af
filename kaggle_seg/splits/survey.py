"""What is known of the tiles before they are split: buildings, neighbours, copies, and what the ids tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.splits.grouping import Grouping, consecutive, id_number
from kaggle_seg.splits.neighbours import Links, find_links
from kaggle_seg.tiles.cache import TileCache

FOLLOWING = 0.2  # share of consecutive ids that are neighbours, from which on ids are taken to follow the ground
READ_AT_ONCE = 256  # masks


@dataclass(frozen=True)
class Survey:
    """The tiles, as far as a split goes by them.

    Attributes:
        training: ids, in natural order.
        test: ids, in natural order.
        buildings: int64 (N,); building pixels of each training tile.
        links: neighbours and copies; indices run through the training tiles, then the test tiles.
        groups: the groups of the training tiles, where a person named them.
    """

    training: list[str]
    test: list[str]
    buildings: NDArray[np.int64]
    links: Links
    groups: Grouping | None = None

    @property
    def count(self) -> int:
        """Training and test tiles."""
        return len(self.training) + len(self.test)

    @property
    def consecutive_share(self) -> float:
        """Share of the pairs of consecutive training ids whose tiles are neighbours or copies."""
        linked = {(first, second) for first, second in self.links.pairs.tolist()}
        steps = [pair for run in consecutive(self.training) for pair in pairwise(run)]
        return sum(step in linked for step in steps) / max(1, len(steps))

    @property
    def chance_share(self) -> float:
        """Share of all pairs of tiles that are neighbours or copies."""
        return 2 * len(self.links.pairs) / max(1, self.count * (self.count - 1))

    @property
    def ids_follow_ground(self) -> bool:
        """Whether consecutive ids are neighbours far more often than any two tiles."""
        numbered = all(id_number(name) is not None for name in self.training)
        return numbered and self.consecutive_share >= FOLLOWING + self.chance_share

    def share_beside(self, tiles: Sequence[int], others: Sequence[int]) -> float:
        """Share of tiles that have a neighbour or a copy among others; both are indices. 0.0 for no tiles."""
        among = np.zeros(self.count, bool)
        among[list(others)] = True
        beside = np.zeros(self.count, bool)
        for first, second in (self.links.pairs.T, self.links.pairs.T[::-1]):
            beside[first[among[second]]] = True
        return round(float(beside[list(tiles)].mean()), 4) if len(tiles) else 0.0

    def facts(self) -> dict[str, Any]:
        """Counts for split.json."""
        return {
            "pairs": {
                "beside": len(self.links.beside),
                "below": len(self.links.below),
                "copies": len(self.links.copies),
            },
            "overlaps": list(self.links.overlaps),
            "consecutive_ids_that_match": round(self.consecutive_share, 4),
            "any_ids_that_match": round(self.chance_share, 4),
        }


def survey_tiles(cache: TileCache, groups: Grouping | None = None) -> Survey:
    """Reads all tiles a few times: buildings, neighbours, copies.

    Args:
        cache: the tiles.
        groups: of the training tiles, where a person named them.
    """
    masks = cache.training.masks
    assert masks is not None, "training tiles have masks"
    parts = [masks[start : start + READ_AT_ONCE] for start in range(0, len(masks), READ_AT_ONCE)]
    buildings = np.concatenate([part.sum(axis=(1, 2), dtype=np.int64) for part in parts])
    images = [part.images for part in (cache.training, cache.test) if len(part.ids)]
    return Survey(cache.training.ids, cache.test.ids, buildings, find_links(images), groups)
