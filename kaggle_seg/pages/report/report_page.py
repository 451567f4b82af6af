"""A run's report: one HTML file with its curves, split, scores, best and worst tiles, settings and uploads.

Where a run lacks something (no decision yet, its tiles gone), the page says so in its place, and shows the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kaggle_seg.competition import Competition
from kaggle_seg.decisions import describing
from kaggle_seg.decisions.record import Decision
from kaggle_seg.decisions.validation import open_tiles
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import LEVELS, MapStore
from kaggle_seg.masks.scores import MetricVariant
from kaggle_seg.output import write_atomic
from kaggle_seg.pages.curves import learning_plots, shown_variants
from kaggle_seg.pages.measures import Measures, highest_levels, measure_runs
from kaggle_seg.pages.page import attempt, render
from kaggle_seg.pages.plot import Plot, Table
from kaggle_seg.pages.report.run_facts import ledger_plot, ledger_table, read_history, settings_tables, stage_table, uploads
from kaggle_seg.pages.report.split_axis import IdAxis, describe_split, id_axis, ids_of_test, sentence, split_lanes
from kaggle_seg.pages.report.validation_tiles import (
    ShownTile,
    embed_tiles,
    iou_plot,
    rank_tiles,
    reliability_plot,
    step_table,
)
from kaggle_seg.pages.slider import decide_command, empty_tiles, level_of, score_facts, score_plot, slider_facts
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import Split, read_split
from kaggle_seg.tables import read_toml

FILE = "report.html"


@dataclass
class Part:
    """A section of the page.

    Attributes:
        key: letters and hyphens; its place in the page's address.
        title: its heading.
        paragraphs: its text.
        plots, tables: in their order.
        missing: why it is not there, a line each.
    """

    key: str
    title: str
    paragraphs: list[str] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def write_report(run: Run, data: Path | None = None) -> Path:
    """Writes `report.html` into a run's folder, over the one that was there.

    Args:
        run: the run.
        data: the folder of tiles; None: the one it was split from.
    """
    path = run.folder / FILE
    write_atomic(path, report(run, data))
    return path


def report(run: Run, data: Path | None = None) -> str:
    """The report as HTML; arguments as `write_report`."""
    competition = run.competition()
    split, why_no_split = attempt(lambda: read_split(run.split_file))
    measures, why_no_measures = attempt(lambda: measure_runs([run], competition, data))
    live = live_part(run, split, measures, data) if split and measures else None
    return render(
        "report.html.j2",
        scripts=["packed.js", "slider.js", "report.js"] if live else [],
        styles=["plot.css", "slider.css", "report.css"],
        title=f"Run {run.name}",
        caveats=caveats(run, measures.decision if measures else None),
        scores=headline(measures.decision, competition) if measures and measures.decision else [],
        parts={
            part.key: part
            for part in (
                filled(Part("training", "Training"), training_part, run, competition),
                filled(Part("split", "Split"), split_part, split, why_no_split),
                filled(Part("scores", "Validation scores"), scores_part, measures, why_no_measures),
                filled(Part("decision", "Decision and threshold"), decision_part, measures, why_no_measures),
                filled(Part("settings", "Settings"), settings_part, run),
                filled(Part("stages", "Time and memory"), stages_part, run),
                filled(Part("ledger", "Uploads"), ledger_part, run, competition),
            )
        },
        axis=draw_axis(run, split, data) if split else None,
        live=live,
    )


def filled(part: Part, fill: Callable[..., None], *facts: Any) -> Part:
    """A part with what it is about, or with why that is missing."""
    part.missing = attempt(functools.partial(fill, part, *facts))[1]
    return part


def caveats(run: Run, decision: Decision | None) -> list[str]:
    """Why the scores of this run mean little, if they do."""
    from kaggle_seg.synthetic.demo_tiles import is_demo

    tables, _ = attempt(lambda: read_toml(run.settings_file))
    data = (tables or {}).get("data", {})
    lines = []
    if data.get("quick"):
        lines.append("This is a --quick run: it tries out the pipeline, and its score is not worth an upload.")
    if data.get("root") and is_demo(Path(data["root"])):
        lines.append("The tiles are generated demo tiles, good only for trying this out.")
    if decision and not decision.scores.reliable:
        lines.append(sentence(describing.weakness(decision.scores)))
    return lines


def headline(decision: Decision, competition: Competition) -> list[tuple[str, str]]:
    """The decision and its cross-fitted scores: what each is, and the score with its interval."""
    scores = decision.scores.by_variant
    named = [(variant.label(competition), scores.get(variant)) for variant in shown_variants(competition)]
    return [("decision", str(decision.rule)), *((label, str(score)) for label, score in named if score)]


def training_part(part: Part, run: Run, competition: Competition) -> None:
    """The learning curves."""
    score = MetricVariant("competition", competition.empty_tile).label(competition)
    part.plots = learning_plots(read_history(run.folder / "history.csv"), score)


def split_part(part: Part, split: Split | None, why: list[str]) -> None:
    """How the split was made; its picture stands beside."""
    if split is None:
        raise BadInput(why)
    part.paragraphs = describe_split(split)


def draw_axis(run: Run, split: Split, data: Path | None) -> IdAxis | None:
    """The split on the axis of ids; None for no tiles."""
    lanes = split_lanes(split, ids_of_test(run, split, data))
    return id_axis(lanes) if lanes else None


def scores_part(part: Part, measures: Measures | None, why: list[str]) -> None:
    """The IoU of each tile, the IoU steps, and the reliability of the probabilities."""
    if measures is None:
        raise BadInput(why)
    part.paragraphs = [f"Masks of the decision: {measures.rule}. {chosen_how(measures.decision)}"]
    part.plots = [iou_plot(measures), reliability_plot(measures)]
    steps = step_table(measures)
    part.tables = [steps] if steps else []


def chosen_how(decision: Decision | None) -> str:
    """What the choice of the rule does to figures of the same tiles."""
    if decision is None:
        return "Nothing was tuned."
    if decision.reason in ("unbeaten", "few clusters"):
        return "No setting of it was tuned, so the figures here do not flatter it."
    return (
        "It was chosen on these same tiles, so the figures here are slightly too high; the score at the top is cross-fitted."
    )


def decision_part(part: Part, measures: Measures | None, why: list[str]) -> None:
    """The rules that were compared, and the scores against the threshold."""
    if measures is None:
        raise BadInput(why)
    if measures.decision is None:
        part.paragraphs = [
            "Nothing was tuned for these maps yet, so masks are shown at threshold 0.5. "
            "Tune the run with: python -m kaggle_seg.tune"
        ]
    else:
        decision, competition = measures.decision, measures.competition
        lines = (*describing.introduction(decision), *describing.reason(decision), *describing.caveats(decision))
        part.paragraphs = [sentence(line) for line in lines]
        candidates = enumerate(describing.candidate_rows(decision, competition), start=1)
        rows = [
            (f"{place}: {rule}{' (chosen)' if chosen else ''}", *cells) for place, (chosen, (rule, *cells)) in candidates
        ]
        part.tables = [Table(("rule", *describing.headings(decision, competition)), rows)]
    part.plots = [score_plot(measures)]


def settings_part(part: Part, run: Run) -> None:
    """All settings."""
    part.tables = settings_tables(run)


def stages_part(part: Part, run: Run) -> None:
    """Time and memory of each stage."""
    part.tables = [stage_table(run)]


def ledger_part(part: Part, run: Run, competition: Competition) -> None:
    """The uploads, of this run and of others."""
    entries = uploads(competition.slug)
    plot = ledger_plot(entries, run)
    part.plots = [plot] if plot else []
    if not plot:
        part.paragraphs = ["No upload has a public score yet."]
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
    maps, test = measures.validation.maps, attempt(lambda: highest_levels(MapStore.open(run.folder / "test")))[0]
    facts = {"height": maps.height, "width": maps.width, "slider": slider_of(run, measures, test)}
    return Live([tiles[row] for row in best], [tiles[row] for row in worst], facts)


def slider_of(run: Run, measures: Measures, test: Any) -> dict[str, Any]:
    """What the slider says at each of the thresholds 1/256 to 255/256.

    Args:
        run: for the command that makes the CSV of a threshold.
        measures: of the validation tiles.
        test: the highest level of each test tile, int (N,); None where they are not predicted.
    """
    thresholds, command = list(range(1, LEVELS)), decide_command([run.name])
    tuned = level_of(measures.decision.rule) if measures.decision else None
    facts = slider_facts(thresholds, f"As decided: {measures.rule}", measures.rule, tuned, command, command)
    facts["scores"] = score_facts(measures, thresholds, own=True)
    if test is not None:
        facts["tiles"] = empty_tiles("test tiles left empty", test, len(thresholds), None)
    return facts
