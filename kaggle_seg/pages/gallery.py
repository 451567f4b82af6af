"""The gallery: a submission on its tiles, as one HTML file.

The browser draws the masks from the run lengths as they stand in the CSV, so what is seen is what Kaggle will read. What
would make the file too large is left out, images and maps of the least uncertain tiles first, and the page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kaggle_seg.errors import BadInput
from kaggle_seg.masks.averaging import Maps
from kaggle_seg.pages.gallery_fitting import Block, fit
from kaggle_seg.pages.gallery_images import pack_images
from kaggle_seg.pages.gallery_live import live_facts, score_facts
from kaggle_seg.pages.gallery_maps import TileMap, pack_maps
from kaggle_seg.pages.page import render
from kaggle_seg.pages.plot import Bars, Plot, Table, nice_axis, unit_axis
from kaggle_seg.pages.report_measures import measure_runs
from kaggle_seg.pages.report_scores import threshold_plot
from kaggle_seg.runs import Run, find_run, shown, write_atomic
from kaggle_seg.submission.agreement import Agreement
from kaggle_seg.submission.checks import usual_shape
from kaggle_seg.submission.deciding import open_test_maps
from kaggle_seg.submission.expected import read_provenance
from kaggle_seg.submission.pictures import find_images
from kaggle_seg.submission.provenance import Provenance
from kaggle_seg.submission.summary import Summary
from kaggle_seg.submission.table import Submission
from kaggle_seg.submission.truth import Truth

MOST_BYTES = 40_000_000
SCRIPTS = ("runs.js", "maps.js", "paint.js", "tiles.js", "choosing.js", "large.js", "live.js", "gallery.js")
VIEWS = {"outline": "Outline", "fill": "Filled", "image": "Image", "heat": "Probability", "difference": "Difference"}
LEGENDS = {
    "outline": {"rim": "rim of a building"},
    "fill": {"mask": "building"},
    "heat": {"heat": "probability of building, 0 to 1"},
}
Found = TypeVar("Found")


@dataclass
class Subject:
    """What a gallery is of.

    Attributes:
        submission: the CSV.
        summary: figures of its masks that can be read.
        faults: what is wrong with it, a line each.
        truth: its score on masks that a person has, if they are there.
        other, agreement: the CSV it is held against, and how much they agree.
        data: the folder of tiles; None: the one in the JSON beside the CSV.
        origin: the CSV whose JSON tells the runs; None: its own.
        maps: the tiles' probability maps; None: those of the runs' test tiles.
        images: the tiles' files, by image id; None: those of the test tiles.
        notices: what the page cannot show, and why.
    """

    submission: Submission
    summary: Summary
    faults: Sequence[str] = ()
    truth: Truth | None = None
    other: Submission | None = None
    agreement: Agreement | None = None
    data: Path | None = None
    origin: Path | None = None
    maps: Maps | None = None
    images: Mapping[str, Path] | None = None
    notices: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where its page goes: beside the CSV."""
        against = f"-against-{self.other.path.stem}" if self.other else ""
        return self.submission.path.with_name(f"{self.submission.path.stem}{against}.html")

    def attempt(self, what: str, find: Callable[[], Found]) -> Found | None:
        """What is found; where it is not, the page says why."""
        try:
            return find()
        except BadInput as error:
            self.notices += [f"{what}: {problem}" for problem in error.problems]
        except OSError as error:
            self.notices.append(f"{what}: {error.filename} cannot be read ({error.strerror})")
        return None


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
    live, plot, maps = live_part(subject)
    images = subject.images or subject.attempt("no images", lambda: find_images(subject.submission.path, subject.data)) or {}
    height, width = usual_shape(subject.submission) or (0, 0)
    pictures = pack_images([row.stem for row in subject.submission.images], images, (height, width))
    subject.notices += pictures.notices
    tiles = tile_facts(subject, maps)
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
    page = render_with(subject, facts, plot, [], [])
    blocks = blocks_of(tiles, pictures.packed, maps)
    chosen, left_out = fit(blocks, most_bytes - len(page.encode("utf-8")))
    return render_with(subject, facts, plot, chosen, left_out)


def render_with(
    subject: Subject, facts: dict[str, Any], plot: Plot | None, blocks: Sequence[Block], left_out: Sequence[str]
) -> str:
    """The page with these images and maps in it."""
    return render(
        "gallery.html.j2",
        scripts=SCRIPTS,
        styles=["plot.css", "gallery.css"],
        title=title_of(subject),
        faults=subject.faults,
        validation=subject.origin is not None,
        notices=[*subject.notices, *left_out],
        facts=facts,
        views={view: name for view, name in VIEWS.items() if is_there(view, subject, facts)},
        legends=LEGENDS | {"difference": difference_legend(subject)},
        plot=plot,
        histogram=agreement_plot(subject.agreement) if subject.agreement else None,
        agreement=subject.agreement,
        truth=scores_of(subject.truth) if subject.truth else None,
        blocks=blocks,
    )


def is_there(view: str, subject: Subject, facts: dict[str, Any]) -> bool:
    """Whether the page can show its tiles so."""
    if view == "heat":
        return facts["live"] is not None
    return view != "difference" or bool(subject.truth or subject.other)


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


def title_of(subject: Subject) -> str:
    """The page's heading."""
    if subject.origin:
        return f"{shown(subject.origin)}: validation tiles"
    against = f" against {shown(subject.other.path)}" if subject.other else ""
    return shown(subject.submission.path) + against


def live_part(subject: Subject) -> tuple[dict[str, Any] | None, Plot | None, dict[str, TileMap]]:
    """What the slider needs, the curve under it, and the maps; nothing where the CSV names no run."""
    submission = subject.submission
    csv = subject.origin or submission.path
    made, record = Provenance.of(csv), read_provenance(csv)
    if not made.runs:
        return None, None, {}
    runs = subject.attempt("no live threshold", lambda: [find_run(name) for name in made.runs])
    maps = subject.maps or (runs and subject.attempt("no live threshold", lambda: open_test_maps(runs)))
    if not runs or not maps:
        return None, None, {}
    if (maps.height, maps.width) != usual_shape(submission):
        subject.notices.append(f"no live threshold: the maps are of {maps.width} x {maps.height} pixels, the masks are not")
        return None, None, {}
    live = live_facts(runs, record, csv)
    readable = {row.stem: row.run_lengths for row in subject.summary.rows}
    rules = submission.competition
    packed = subject.attempt(
        "no live threshold",
        lambda: pack_maps(maps, live["thresholds"], readable, rules.id_suffix, rules.pixel_order),
    )
    if packed is None:
        return None, None, {}
    return live, scores_part(subject, runs, live), packed


def scores_part(subject: Subject, runs: Sequence[Run], live: dict[str, Any]) -> Plot | None:
    """The curve of validation scores; its figures go into the slider's facts."""
    measures = subject.attempt("no validation scores", lambda: measure_runs(runs, subject.data))
    if measures is None:
        return None
    live["scores"] = score_facts(measures, live["thresholds"])
    return threshold_plot(measures)


def tile_facts(subject: Subject, maps: dict[str, TileMap]) -> list[dict[str, Any]]:
    """What the page knows of each tile, in the CSV's order."""
    summary = subject.summary
    figures = {id(row): place for place, row in enumerate(summary.rows)}
    truth = truth_by_stem(subject.truth) if subject.truth else {}
    agreed = dict(zip(subject.agreement.stems, subject.agreement.ious, strict=True)) if subject.agreement else {}
    tiles = []
    for row in subject.submission.images:
        tile: dict[str, Any] = {"id": row.stem, "line": row.line, "runs": None}
        if (place := figures.get(id(row))) is not None:
            share, regions = float(summary.shares[place]), int(summary.regions[place])
            tile |= {"runs": row.run_lengths, "share": round(share, 5), "regions": regions}
        if found := maps.get(row.stem):
            tile |= {"uncertainty": round(found.uncertainty, 5), "highest": found.highest}
            tile |= {"expected": None if found.expected_iou is None else round(found.expected_iou, 4)}
        tile |= truth.get(row.stem, {})
        if subject.other and row.stem in agreed:
            tile |= {"other": subject.other.by_stem[row.stem].run_lengths, "agreement": round(float(agreed[row.stem]), 4)}
        tiles.append(tile)
    return tiles


def truth_by_stem(truth: Truth) -> dict[str, dict[str, Any]]:
    """The true mask and the score of each tile that has one, by image id."""
    scores = truth.by_tile()
    return {
        stem: {"truth": truth.run_lengths[at], "iou": round(float(scores["iou_one"][at]), 4)}
        | {"score": round(float(scores["competition_one"][at]), 4)}
        for at, stem in enumerate(truth.stems)
    }


def scores_of(truth: Truth) -> dict[str, float]:
    """The mean of each reading over the tiles with a mask, and their number."""
    return {name: float(values.mean()) for name, values in truth.by_tile().items()} | {"tiles": len(truth.stems)}


def blocks_of(tiles: Sequence[dict[str, Any]], images: dict[str, str], maps: dict[str, TileMap]) -> list[Block]:
    """All images and maps, those first that are to be left out last: images before maps, uncertain tiles before others."""
    uncertainty = np.array([tile.get("uncertainty", 0.0) for tile in tiles])
    order = np.argsort(-uncertainty, kind="stable").tolist()
    pictures = [Block("image", at, images[tiles[at]["id"]]) for at in order if tiles[at]["id"] in images]
    return pictures + [Block("map", at, maps[tiles[at]["id"]].packed) for at in order if tiles[at]["id"] in maps]
