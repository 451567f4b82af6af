"""A run's report: one HTML file with its curves, split, scores, best and worst tiles, settings and uploads.

What a run does not have (no decision yet, its tiles gone) is told in its place; the rest is shown all the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from kaggle_seg.config import read_toml
from kaggle_seg.decisions.validation import open_tiles
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.pages.decision_table import SCORE, contenders, headings, introduction
from kaggle_seg.pages.decision_table import caveats as doubts
from kaggle_seg.pages.page import render
from kaggle_seg.pages.plot import Plot, Table
from kaggle_seg.pages.report_facts import ledger_plot, ledger_table, settings_tables, stage_table, uploads
from kaggle_seg.pages.report_measures import Measures, highest_levels, measure_runs
from kaggle_seg.pages.report_scores import READINGS, iou_plot, reliability_plot, step_table, threshold_plot
from kaggle_seg.pages.report_split import IdAxis, audit_words, id_axis, ids_of_test, split_lanes
from kaggle_seg.pages.report_tiles import ShownTile, embed_tiles, live_facts, rank_tiles
from kaggle_seg.pages.report_training import learning_plots
from kaggle_seg.run_directory import Run, write_atomic
from kaggle_seg.splits.splitting import Split, read_split

FILE = "report.html"
Found = TypeVar("Found")


@dataclass
class Part:
    """A section of the page.

    Attributes:
        key: letters and hyphens; its place in the page's address.
        title: its heading.
        words: paragraphs.
        plots, tables: in their order.
        missing: why it is not there, a line each.
    """

    key: str
    title: str
    words: list[str] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def write_report(run: Run, data: Path | None = None) -> Path:
    """Writes `report.html` into a run's folder, over the one that was there.

    Args:
        run: it.
        data: the folder of tiles; None: the one it was split from.
    """
    path = run.folder / FILE
    write_atomic(path, report(run, data))
    return path


def report(run: Run, data: Path | None = None) -> str:
    """The report as HTML; arguments as `write_report`."""
    split, why_no_split = attempt(lambda: read_split(run.split_file))
    measures, why_no_measures = attempt(lambda: measure_runs([run], data))
    live = live_part(run, split, measures, data) if split and measures else None
    return render(
        "report.html.j2",
        scripts=["report.js"] if live else [],
        styles=["plot.css", "report.css"],
        title=f"Run {run.name}",
        caveats=caveats(run),
        scores=headline(measures.decision) if measures and measures.decision else [],
        parts={
            part.key: part
            for part in (
                filled(Part("training", "Training"), training_part, run),
                filled(Part("split", "Split"), split_part, split, why_no_split),
                filled(Part("scores", "Validation scores"), scores_part, measures, why_no_measures),
                filled(Part("decision", "Decision and threshold"), decision_part, measures, why_no_measures),
                filled(Part("settings", "Settings"), settings_part, run),
                filled(Part("stages", "Time and memory"), stages_part, run),
                filled(Part("ledger", "Uploads"), ledger_part, run),
            )
        },
        axis=draw_axis(run, split, data) if split else None,
        live=live,
    )


def attempt(find: Callable[[], Found]) -> tuple[Found | None, list[str]]:
    """What is found, or why it is not."""
    try:
        return find(), []
    except BadInput as error:
        return None, error.problems
    except OSError as error:
        return None, [f"{error.filename}: cannot be read ({error.strerror})"]


def filled(part: Part, fill: Callable[..., None], *facts: Any) -> Part:
    """A part with what it is about, or with why that is missing."""
    part.missing = attempt(functools.partial(fill, part, *facts))[1]
    return part


def caveats(run: Run) -> list[str]:
    """What keeps the scores of this run from meaning much."""
    from kaggle_seg.synthetic.demo_tiles import is_demo

    tables, _ = attempt(lambda: read_toml(run.settings_file))
    data = (tables or {}).get("data", {})
    found = ["A --quick run: a look at the whole pipeline, not a score to upload."] if data.get("quick") else []
    if data.get("root") and is_demo(Path(data["root"])):
        found.append("Of generated demo tiles, good only for trying this out.")
    return found


def headline(decision: dict[str, Any]) -> list[tuple[str, str]]:
    """The decision and its cross-fitted scores: what each is, and the score with its interval."""
    scores = decision["scores"]
    found = [(name, scores[key]) for key, name in READINGS.items() if scores.get(key)]
    return [("decision", decision["words"]), *((name, SCORE.format_map(score)) for name, score in found)]


def training_part(part: Part, run: Run) -> None:
    """The learning curves."""
    part.plots = learning_plots(run)


def split_part(part: Part, split: Split | None, why: list[str]) -> None:
    """How the split was made; its picture stands beside."""
    if split is None:
        raise BadInput(why)
    part.words = audit_words(split)


def draw_axis(run: Run, split: Split, data: Path | None) -> IdAxis | None:
    """The split on the axis of ids; None for no tiles."""
    lanes = split_lanes(split, ids_of_test(run, split, data))
    return id_axis(lanes) if lanes else None


def decision_part(part: Part, measures: Measures | None, why: list[str]) -> None:
    """The rules that competed, and scores against the threshold."""
    if measures is None:
        raise BadInput(why)
    if measures.decision is None:
        part.words = ["Nothing was tuned for these maps yet, so that masks are shown at threshold 0.5. "
                      "Tune the run with: python -m kaggle_seg.tune"]  # fmt: skip
    else:
        decision = measures.decision
        part.words = [f"{line[0].upper()}{line[1:]}." for line in (*introduction(decision), *doubts(decision))]
        rows = [(words + (" (chosen)" if star else ""), *cells) for star, (words, *cells) in contenders(decision)]
        part.tables = [Table(("rule", *headings(decision)), rows)]
    part.plots = [threshold_plot(measures)]


def scores_part(part: Part, measures: Measures | None, why: list[str]) -> None:
    """The IoU of each tile with what the steps earn, and the reliability of the probabilities."""
    if measures is None:
        raise BadInput(why)
    part.words = [f"Masks of the decision: {measures.rule}. It was chosen on these very tiles, which flatters what is shown "
                  "here a little; the score above is cross-fitted."]  # fmt: skip
    part.plots = [iou_plot(measures), reliability_plot(measures)]
    part.tables = [step_table(measures)]


def settings_part(part: Part, run: Run) -> None:
    """All settings."""
    part.tables = settings_tables(run)


def stages_part(part: Part, run: Run) -> None:
    """What each stage took."""
    part.tables = [stage_table(run)]


def ledger_part(part: Part, run: Run) -> None:
    """What was uploaded, of this run and of others."""
    entries = uploads()
    plot = ledger_plot(entries, run)
    part.plots = [plot] if plot else []
    if not plot:
        part.words = ["No upload has a public score yet."]
        part.tables = [ledger_table(entries, run)]


@dataclass(frozen=True)
class Live:
    """What can be tried out on the page: a threshold, and the tiles that it redraws."""

    best: list[ShownTile]
    worst: list[ShownTile]
    facts: dict[str, Any]


def live_part(run: Run, split: Split, measures: Measures, data: Path | None) -> Live:
    """The best and worst tiles and the facts of all thresholds."""
    best, worst = rank_tiles(measures)
    tiles = embed_tiles(measures, open_tiles(run, split, data).training.images, [*best, *worst])
    test, _ = attempt(lambda: highest_levels(MapStore.open(run.folder / "test")))
    return Live(
        best=[tiles[row] for row in best],
        worst=[tiles[row] for row in worst],
        facts=live_facts(measures, run.name, test),
    )
