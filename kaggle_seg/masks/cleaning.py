"""Cleaning masks: small holes are filled, then small regions dropped.

A region is a set of building pixels that touch at edges or corners. A hole is a set of background pixels that touch at
edges and do not reach the tile's border: what reaches it may go on outside. Holes come first, so that a roof with a dark
middle counts with all of its area when small regions go.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        regions, areas = label_regions(fill(mask, hole_areas(mask), maximum_hole))
        cleaned[tile] = kept(areas, minimum_area)[regions]
    return cleaned


def cleaned_overlaps(
    masks: np.ndarray, truth: np.ndarray, minimum_areas: Sequence[int], maximum_holes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Intersection and union of each tile's masks with the truth, cleaned in every one of several ways.

    A region keeps its area and its share of the truth whatever becomes of the others, so the regions are labelled once for
    each way of filling holes, and the minimum areas pick among them.

    Args:
        masks: bool (N, H, W).
        truth: bool or 0/1 (N, H, W).
        minimum_areas: A values for `clean`.
        maximum_holes: M values for `clean`.

    Returns:
        Intersections and unions, int64 (N, M, A).
    """
    shape = (len(masks), len(maximum_holes), len(minimum_areas))
    intersection, area = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    truth = np.asarray(truth, bool)
    for tile, (mask, tile_truth) in enumerate(zip(masks, truth, strict=True)):
        holes = hole_areas(mask)
        for row, maximum_hole in enumerate(maximum_holes):
            regions, areas = label_regions(fill(mask, holes, maximum_hole))
            hits = np.bincount(regions[tile_truth], minlength=len(areas))
            for column, minimum_area in enumerate(minimum_areas):
                chosen = kept(areas, minimum_area)
                intersection[tile, row, column] = hits[chosen].sum()
                area[tile, row, column] = areas[chosen].sum()
    truth_area = np.count_nonzero(truth, axis=(1, 2))[:, None, None]
    return intersection, truth_area + area - intersection


def hole_areas(mask: np.ndarray) -> np.ndarray:
    """For each pixel of a mask the area of the hole it lies in, 0 where it lies in none; int64 (H, W)."""
    from scipy import ndimage  # a slow import that a wrong option need not wait for

    background, _ = ndimage.label(~mask)
    areas = np.bincount(background.ravel())
    areas[0] = 0
    for border in (background[0], background[-1], background[:, 0], background[:, -1]):
        areas[border] = 0
    return areas[background]


def fill(mask: np.ndarray, holes: np.ndarray, maximum_hole: int) -> np.ndarray:
    """A mask with its holes of at most `maximum_hole` pixels filled; `holes` as `hole_areas` gives."""
    return mask | ((holes > 0) & (holes <= maximum_hole))


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
