"""Cleaning masks: small holes are filled, then small regions dropped.

A region is a set of building pixels that touch at edges or corners. A hole is a set of background pixels that touch at
edges and do not reach the tile's border: what reaches it may go on outside. Holes come first, so that a roof with a dark
middle counts with all of its area when small regions go.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

EDGES_AND_CORNERS = np.ones((3, 3), bool)


def clean(masks: np.ndarray, minimum_area: int = 0, maximum_hole: int = 0) -> np.ndarray:
    """Fills holes of at most `maximum_hole` pixels, then drops regions of fewer than `minimum_area`.

    Args:
        masks: bool (N, H, W).
        minimum_area: pixels a region needs; 0 keeps all.
        maximum_hole: pixels a hole may have to be filled; 0 fills none.

    Returns:
        bool (N, H, W), new.

    >>> roof = np.array([[[1, 1, 1, 0, 0], [1, 0, 1, 0, 1], [1, 1, 1, 0, 0]]], bool)
    >>> clean(roof, minimum_area=2, maximum_hole=1).astype(int).tolist()
    [[[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]]
    """
    cleaned = np.zeros(masks.shape, bool)
    for tile, mask in enumerate(masks):
        holes, areas = label_holes(mask)
        regions, areas = label_regions(mask | fillable(areas, maximum_hole)[holes])
        cleaned[tile] = kept(areas, minimum_area)[regions]
    return cleaned


def cleaned_overlaps(
    masks: np.ndarray, truth: np.ndarray, minimum_areas: Sequence[int], maximum_holes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Intersection and union of each tile's masks with the truth, cleaned in every one of several ways.

    A region keeps its area and its share of the truth whatever becomes of the others, so regions and holes are labelled
    once. A hole that is filled joins the regions around and inside it into one.

    Args:
        masks: bool (N, H, W).
        truth: bool or 0/1 (N, H, W).
        minimum_areas: A values for `clean`.
        maximum_holes: M values for `clean`.

    Returns:
        Intersections and unions, int64 (N, M, A).
    """
    truth = np.asarray(truth, bool)
    one_tile = functools.partial(tile_overlaps, minimum_areas=minimum_areas, maximum_holes=maximum_holes)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # most of the time goes into labelling, which threads can share
        tables = np.array(list(pool.map(one_tile, masks, truth)), np.int64)
    tables = tables.reshape(len(masks), 2, len(maximum_holes), len(minimum_areas))
    intersection, area = tables[:, 0], tables[:, 1]
    return intersection, np.count_nonzero(truth, axis=(1, 2))[:, None, None] + area - intersection


def tile_overlaps(
    mask: np.ndarray, truth: np.ndarray, minimum_areas: Sequence[int], maximum_holes: Sequence[int]
) -> np.ndarray:
    """Of one tile's cleaned masks the pixels in the truth, and all pixels: int64 (2, M, A); see `cleaned_overlaps`."""
    table = np.zeros((2, len(maximum_holes), len(minimum_areas)), np.int64)
    if not mask.any():
        return table
    (regions, areas), (holes, hole_areas) = label_regions(mask), label_holes(mask)
    pieces = np.stack([np.bincount(regions[truth], minlength=len(areas)), areas])
    plugs = np.stack([np.bincount(holes[truth], minlength=len(hole_areas)), hole_areas])
    touching = touching_pairs(holes, regions, fillable(hole_areas, max(maximum_holes)))
    for row, maximum_hole in enumerate(maximum_holes):
        joined = join(pieces, plugs, touching, fillable(hole_areas, maximum_hole))
        chosen = np.array([kept(joined[1], minimum_area) for minimum_area in minimum_areas])
        table[:, row] = joined @ chosen.T
    return table


def touching_pairs(holes: np.ndarray, regions: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which regions the chosen holes touch at an edge: int (P, 2), pairs of hole and region.

    No region touches a hole at a corner alone: a pixel beside both belongs to that hole, or to that region.

    Args:
        holes, regions: int (H, W), as they are labelled.
        chosen: bool, by number of the hole.
    """
    if not chosen.any():
        return np.empty((0, 2), np.int64)
    rows, columns = np.nonzero(chosen[holes])
    around = np.stack([regions[rows + down, columns + right] for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0))])
    pairs = np.stack([np.broadcast_to(holes[rows, columns], around.shape), around], axis=-1)[around > 0]
    return np.unique(pairs, axis=0)


def join(pieces: np.ndarray, plugs: np.ndarray, touching: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Regions with the holes that are filled in them, joined where they touch.

    Args:
        pieces, plugs: int (2, R) and (2, L), of each region and each hole, by number: pixels in the truth, and all.
        touching: from `touching_pairs`.
        filled: bool (L,), which holes are filled.

    Returns:
        The same of the joined regions, int (2, G); what is no region has an area of 0.
    """
    if not filled.any():
        return pieces
    count = pieces.shape[1]
    group = np.arange(count + plugs.shape[1])
    for hole, region in touching[filled[touching[:, 0]]].tolist():
        group[group == group[region]] = group[count + hole]
    both = np.concatenate([pieces, np.where(filled, plugs, 0)], axis=1)
    return np.stack([np.bincount(group, weights=row).astype(np.int64) for row in both])


def label_holes(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the holes of a mask.

    Args:
        mask: bool (H, W).

    Returns:
        The hole of each pixel, int (H, W), and the areas of the holes by number, 0 for what is no hole.
    """
    from scipy import ndimage  # a slow import that a wrong option need not wait for

    background, _ = ndimage.label(~mask)
    areas = np.bincount(background.ravel())
    areas[0] = 0
    for border in (background[0], background[-1], background[:, 0], background[:, -1]):
        areas[border] = 0
    return background, areas


def fillable(areas: np.ndarray, maximum_hole: int) -> np.ndarray:
    """Which holes, by number, are filled."""
    return (areas > 0) & (areas <= maximum_hole)


def label_regions(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the regions of a mask.

    Args:
        mask: bool (H, W).

    Returns:
        The region of each pixel, int (H, W), 0 for background, and the areas of the regions by number, that of the
        background set to 0.
    """
    from scipy import ndimage

    regions, _ = ndimage.label(mask, structure=EDGES_AND_CORNERS)
    areas = np.bincount(regions.ravel())
    areas[0] = 0
    return regions, areas


def kept(areas: np.ndarray, minimum_area: int) -> np.ndarray:
    """Which regions, by number, stay; the background never does."""
    return areas >= max(1, minimum_area)
