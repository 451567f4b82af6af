"""Probability maps for the gallery: at 64 levels, packed tightly, and what they expect of a mask.

63 thresholds part the 256 levels of the maps into 64; the tuned threshold is among them, so at each of the 63 the mask that
the browser draws is that of `decide --threshold`, pixel by pixel.

A packed map: each pixel's level (0 to 63), less what its neighbours left, above and above left foretell (the predictor of
LOCO-I), modulo 64, row by row; deflated; in base64. `maps.js` reads it. Pictures would be as small, but a browser may bend
the colours of a picture, and some add noise to what a script reads of it.

Source of the predictor: M. Weinberger, G. Seroussi, G. Sapiro, The LOCO-I lossless image compression algorithm, 2000.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kaggle_seg.competition import PixelOrder
from kaggle_seg.masks import rle
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.masks.maps import LEVELS, show_progress

SHOWN_LEVELS = 64


@dataclass(frozen=True, slots=True)
class TileMap:
    """One tile's probability map.

    Attributes:
        packed: the map, see above; empty where a page has no room for it.
        highest: the highest of its 64 levels; its mask is empty at every threshold above.
        uncertainty: the share of pixels that are expected to be wrong at a threshold of 0.5: mean of min(p, 1 - p).
        expected_iou: of the mask in the CSV, to first order; None where that is empty or cannot be read.
    """

    packed: str
    highest: int
    uncertainty: float
    expected_iou: float | None


def thresholds_with(*levels: int) -> list[int]:
    """63 levels that thresholds can be set to, about evenly spread, and these (1 to 255) among them.

    >>> thresholds_with(107)[24:29]
    [100, 104, 107, 112, 116]
    """
    spread = set(range(4, LEVELS, LEVELS // SHOWN_LEVELS))
    for level in levels:
        if level not in spread:
            spread.remove(min(spread - set(levels), key=lambda other: abs(other - level)))
            spread.add(level)
    return sorted(spread)


def pack_maps(
    maps: Maps,
    thresholds: Sequence[int],
    run_lengths: Mapping[str, str],
    suffix: str,
    pixel_order: PixelOrder,
    most_bytes: int,
) -> dict[str, TileMap]:
    """Packs the maps of the tiles in a CSV; of many tiles, only those of the most uncertain are held.

    Args:
        maps: of the tiles.
        thresholds: from `thresholds_with`.
        run_lengths: by image id, those that can be read.
        suffix: what an image id has behind the tile's stem.
        pixel_order: of the run lengths.
        most_bytes: how much all of them may take.

    Returns:
        By image id.
    """

    def pack_one(stem: str, levels: NDArray[np.uint8], sums: NDArray[np.float32]) -> TileMap:
        runs = run_lengths.get(stem + suffix)
        mask = None if runs is None else rle.decode(runs, maps.height, maps.width, pixel_order)
        return pack_map(np.asarray(levels), sums, mask, thresholds)

    packed: list[TileMap] = []
    held = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for tiles, levels, sums in show_progress(maps.shards(), "maps"):
            new = list(pool.map(pack_one, maps.stems[tiles], levels, sums))
            packed += new
            held += sum(len(tile.packed) for tile in new)
            if held > most_bytes:
                sizes = [len(tile.packed) for tile in packed]
                for place in to_drop(sizes, [tile.uncertainty for tile in packed], most_bytes):
                    held -= sizes[place]
                    packed[place] = replace(packed[place], packed="")
    return {stem + suffix: tile for stem, tile in zip(maps.stems, packed, strict=True)}


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


def pack_map(
    levels: NDArray[np.uint8], sums: NDArray[np.float32], mask: NDArray[np.bool_] | None, thresholds: Sequence[int]
) -> TileMap:
    """Packs one map.

    Args:
        levels: uint8 (H, W).
        sums: float32 (256,), see `masks.maps`.
        mask: bool (H, W), the CSV's; None where that cannot be read.
        thresholds: from `thresholds_with`.
    """
    # of all ways to deflate, this one is nearly the smallest and takes a sixth of the smallest one's time
    deflate = zlib.compressobj(6, memLevel=9, strategy=zlib.Z_FILTERED)
    shown = np.searchsorted(thresholds, np.arange(LEVELS), side="right").astype(np.uint8)[levels]
    counts = np.bincount(levels.ravel(), minlength=LEVELS)
    half = LEVELS // 2
    wrong = sums[:half].sum(dtype=np.float64) + (counts - sums.astype(np.float64))[half:].sum()
    return TileMap(
        packed=base64.b64encode(deflate.compress(residuals(shown).tobytes()) + deflate.flush()).decode("ascii"),
        highest=int(shown.max()),
        uncertainty=float(wrong / levels.size),
        expected_iou=None if mask is None else expected_iou(levels, sums, counts, mask),
    )


def residuals(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What of a map its neighbours do not foretell; uint8 (H, W), values 0 to 63, as is the map."""
    values = np.pad(shown.astype(np.int16), ((1, 0), (1, 0)))
    left, above, corner = values[1:, :-1], values[:-1, 1:], values[:-1, :-1]
    smaller, larger = np.minimum(left, above), np.maximum(left, above)
    # the plane through the three neighbours, kept between left and above
    foretold = np.clip(left + above - corner, smaller, larger)
    return ((values[1:, 1:] - foretold) % SHOWN_LEVELS).astype(np.uint8)


def expected_iou(
    levels: NDArray[np.uint8], sums: NDArray[np.float32], counts: NDArray[np.integer], mask: NDArray[np.bool_]
) -> float | None:
    """The expected IoU of a mask, as `decisions.rules.best_cuts` has it for cuts; None for an empty mask.

    Args:
        levels: uint8 (H, W).
        sums: float32 (256,), see `masks.maps`.
        counts: int (256,), pixels at each level.
        mask: bool (H, W).
    """
    if not mask.any():
        return None
    means = sums / np.maximum(counts, 1)
    met = float(means @ np.bincount(levels[mask], minlength=LEVELS))
    return met / (float(np.count_nonzero(mask)) + float(sums.sum(dtype=np.float64)) - met)
