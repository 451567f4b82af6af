"""The ways a gallery shows its tiles, and what the colours mean."""

from __future__ import annotations

import numpy as np

from kaggle_seg.pages.gallery_subject import Subject
from kaggle_seg.pages.plot import Bars, Plot, Table, nice_axis, unit_axis
from kaggle_seg.submission.comparison import Agreement

VIEWS = {"outline": "Outline", "fill": "Filled", "image": "Image", "heat": "Probability", "difference": "Difference"}
LEGENDS = {
    "outline": {"rim": "rim of a building"},
    "fill": {"mask": "building"},
    "heat": {"heat": "probability of building, 0 to 1"},
}


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
