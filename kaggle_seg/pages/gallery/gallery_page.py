"""The gallery: a submission on its tiles, as one HTML file.

The browser draws the masks from the run lengths as they stand in the CSV, so what is seen is what Kaggle will read. What
would make the file too large is left out, images and maps of the least uncertain tiles first, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.output import write_atomic
from kaggle_seg.pages.gallery.fitting import Block, blocks_of, fit, most_uncertain, pack_images
from kaggle_seg.pages.gallery.gallery_slider import Live, find_live
from kaggle_seg.pages.gallery.subject import Subject, tile_facts
from kaggle_seg.pages.page import attempt, render
from kaggle_seg.pages.plot import Bars, Plot, Table, nice_axis, unit_axis
from kaggle_seg.submission.checks import usual_shape
from kaggle_seg.submission.comparison import Agreement
from kaggle_seg.submission.expected import find_images

MOST_BYTES = 40_000_000
SCRIPTS = ("packed.js", "runs.js", "maps.js", "paint.js", "tiles.js", "choosing.js", "slider.js", "large.js", "gallery.js")
STYLES = ("plot.css", "slider.css", "gallery.css")
VIEWS = {"outline": "Outline", "fill": "Filled", "image": "Image", "heat": "Probability", "difference": "Difference"}
LEGENDS = {
    "outline": {"rim": "rim of a building"},
    "fill": {"mask": "building"},
    "heat": {"heat": "probability of building, 0 to 1"},
}


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
    submission = subject.submission
    live, why_not_live = attempt(
        lambda: find_live(subject, most_bytes) if subject.csv.with_suffix(".json").is_file() else Live()
    )
    live = live or Live(notices=[f"no live threshold: {problem}" for problem in why_not_live])
    images, why_no_images = subject.images, list[str]()
    if images is None:
        images, why_no_images = attempt(lambda: find_images(submission.path, subject.competition, subject.data))
    height, width = usual_shape(submission) or (0, 0)
    tiles = tile_facts(subject, live.maps)
    pictures = pack_images([tiles[at]["id"] for at in most_uncertain(tiles)], images or {}, (height, width), most_bytes)
    notices = [*live.notices, *(f"no images: {problem}" for problem in why_no_images), *pictures.notices]
    facts = {
        "name": submission.path.stem,
        "height": height,
        "width": width,
        "order": subject.competition.pixel_order,
        "scoreName": subject.score_name,
        "against": subject.other.path.stem if subject.other else None,
        "truth": subject.truth is not None,
        "tiles": tiles,
        "slider": live.facts,
    }
    taken = len(render_with(subject, facts, live.plot, [], notices).encode("utf-8"))
    totals = {"image": pictures.total, "map": len(live.maps)}
    packed = {stem: tile.packed for stem, tile in live.maps.items()}
    chosen, left_out = fit(blocks_of(tiles, pictures.packed, packed), most_bytes - taken, totals)
    return render_with(subject, facts, live.plot, chosen, [*notices, *left_out])


def render_with(
    subject: Subject, facts: dict[str, Any], plot: Plot | None, blocks: Sequence[Block], notices: Sequence[str]
) -> str:
    """The page with these images and maps in it."""
    return render(
        "gallery.html.j2",
        scripts=SCRIPTS,
        styles=STYLES,
        title=subject.title,
        faults=subject.faults,
        validation=subject.origin is not None,
        notices=notices,
        facts=facts,
        views=views_of(subject, facts["slider"] is not None),
        legends=LEGENDS | {"difference": difference_legend(subject)},
        plot=plot,
        histogram=agreement_plot(subject.agreement) if subject.agreement else None,
        agreement=subject.agreement,
        truth=list(subject.truth.means().items()) if subject.truth else [],
        tiles_with_truth=len(subject.truth.stems) if subject.truth else 0,
        blocks=blocks,
    )


def views_of(subject: Subject, live: bool) -> dict[str, str]:
    """The views that a page offers, and their names; probabilities only where it has maps."""
    there = {"heat": live, "difference": bool(subject.truth or subject.other)}
    return {view: name for view, name in VIEWS.items() if there.get(view, True)}


def difference_legend(subject: Subject) -> dict[str, str]:
    """What the colours of the difference mean, by swatch."""
    if subject.truth:
        return {"both": "right", "only-other": "missed building", "only-own": "false alarm"}
    name = subject.submission.path.stem
    return {
        "both": "in both",
        "only-own": f"only in {name}",
        "only-other": f"only in {subject.other.path.stem if subject.other else ''}",
    }


def agreement_plot(agreement: Agreement) -> Plot:
    """How many tiles agree how much."""
    counts, _ = np.histogram(agreement.ious, bins=10, range=(0, 1))
    unchanged = int((agreement.ious == 1).sum())
    rows = [(f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}", str(count)) for tenth, count in enumerate(counts.tolist())]
    return Plot(
        key="agreement",
        title="Agreement of the tiles",
        x=unit_axis("IoU of the two masks (0 to 1)"),
        y=nice_axis("tiles", 0, max(int(counts.max()), 1)),
        layers=[Bars("", [(k / 10 + 0.005, (k + 1) / 10 - 0.005, n) for k, n in enumerate(counts.tolist())], "blue")],
        table=Table(("agreement (IoU)", "tiles"), rows),
        summary=f"{unchanged} of {len(agreement.ious)} tiles are the same, pixel by pixel.",
    )
