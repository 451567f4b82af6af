"""The gallery: a submission on its tiles, as one HTML file.

The browser draws the masks from the run lengths as they stand in the CSV, so what is seen is what Kaggle will read. What
would make the file too large is left out, images and maps of the least uncertain tiles first, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kaggle_seg.pages.gallery_fitting import Block, fit
from kaggle_seg.pages.gallery_images import pack_images
from kaggle_seg.pages.gallery_live import live_part
from kaggle_seg.pages.gallery_subject import Subject
from kaggle_seg.pages.gallery_tiles import blocks_of, most_uncertain, scores_of, tile_facts
from kaggle_seg.pages.gallery_views import LEGENDS, agreement_plot, difference_legend, views_of
from kaggle_seg.pages.page import render
from kaggle_seg.pages.plot import Plot
from kaggle_seg.run_directory import write_atomic
from kaggle_seg.submission.checks import usual_shape
from kaggle_seg.submission.expected import find_images

MOST_BYTES = 40_000_000
SCRIPTS = ("runs.js", "maps.js", "paint.js", "tiles.js", "choosing.js", "large.js", "live.js", "gallery.js")


def write_gallery(subject: Subject, most_bytes: int = MOST_BYTES) -> Path:
    """Writes the gallery of a submission, over the one that was there.

    Args:
        subject: what it shows.
        most_bytes: how large the file may become.
    """
    write_atomic(subject.path, gallery(subject, most_bytes))
    return subject.path


def gallery(subject: Subject, most_bytes: int = MOST_BYTES) -> str:
    """The gallery as HTML; arguments as `write_gallery`."""
    live, plot, maps = live_part(subject, most_bytes)
    images = subject.images or subject.attempt("no images", lambda: find_images(subject.submission.path, subject.data)) or {}
    height, width = usual_shape(subject.submission) or (0, 0)
    tiles = tile_facts(subject, maps)
    pictures = pack_images([tiles[at]["id"] for at in most_uncertain(tiles)], images, (height, width), most_bytes)
    subject.notices += pictures.notices
    facts = {
        "name": subject.submission.path.stem,
        "height": height,
        "width": width,
        "order": subject.submission.competition.pixel_order,
        "against": subject.other.path.stem if subject.other else None,
        "truth": subject.truth is not None,
        "tiles": tiles,
        "live": live,
    }
    taken = len(render_with(subject, facts, plot, [], []).encode("utf-8"))
    totals = {"image": pictures.total, "map": len(maps)}
    chosen, left_out = fit(blocks_of(tiles, pictures.packed, maps), most_bytes - taken, totals)
    return render_with(subject, facts, plot, chosen, left_out)


def render_with(
    subject: Subject, facts: dict[str, Any], plot: Plot | None, blocks: Sequence[Block], left_out: Sequence[str]
) -> str:
    """The page with these images and maps in it."""
    return render(
        "gallery.html.j2",
        scripts=SCRIPTS,
        styles=["plot.css", "gallery.css"],
        title=subject.title,
        faults=subject.faults,
        validation=subject.origin is not None,
        notices=[*subject.notices, *left_out],
        facts=facts,
        views=views_of(subject, facts["live"] is not None),
        legends=LEGENDS | {"difference": difference_legend(subject)},
        plot=plot,
        histogram=agreement_plot(subject.agreement) if subject.agreement else None,
        agreement=subject.agreement,
        truth=scores_of(subject.truth) if subject.truth else None,
        blocks=blocks,
    )
