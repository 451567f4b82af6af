"""The gallery's threshold slider: the maps of its tiles, the validation scores, and the commands that make its CSVs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kaggle_seg.decisions.applying import open_test_maps
from kaggle_seg.decisions.keeping import kept_decision
from kaggle_seg.decisions.record import Provenance
from kaggle_seg.decisions.record_files import provenance_of
from kaggle_seg.errors import BadInput
from kaggle_seg.pages.gallery.packed_maps import TileMap, pack_maps, thresholds_with
from kaggle_seg.pages.gallery.subject import Subject
from kaggle_seg.pages.measures import measure_runs
from kaggle_seg.pages.page import attempt
from kaggle_seg.pages.plot import Plot
from kaggle_seg.pages.slider import decide_command, empty_tiles, level_of, score_facts, score_plot, slider_facts
from kaggle_seg.run_directory import find_run
from kaggle_seg.submission.checks import usual_shape


@dataclass(frozen=True)
class Live:
    """What the slider needs; nothing where the CSV names no run.

    Attributes:
        facts: see `pages.slider`; None where there is no slider.
        plot: the curves under it; None where there are no validation scores.
        maps: the tiles' probability maps, by image id.
        notices: what of it is missing, and why.
    """

    facts: dict[str, Any] | None = None
    plot: Plot | None = None
    maps: dict[str, TileMap] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def find_live(subject: Subject, most_bytes: int) -> Live:
    """Finds it in the runs that made the CSV.

    Args:
        subject: what the gallery shows.
        most_bytes: how much the maps may take.

    Raises:
        BadInput: the runs or their maps are gone, or the maps are of another size than the masks.
    """
    made = provenance_of(subject.csv)
    if not made.runs:
        return Live()
    runs, competition = [find_run(name) for name in made.runs], subject.competition
    maps = subject.maps or open_test_maps(runs)
    if (maps.height, maps.width) != usual_shape(subject.submission):
        raise BadInput(f"the maps are of {maps.width} x {maps.height} pixels, the masks are not")
    decision, why_not_tuned = attempt(lambda: kept_decision(runs))
    facts = own_facts(made, level_of(decision.rule) if decision else None)
    thresholds = facts["thresholds"]
    readable = {row.stem: row.run_lengths for row in subject.figures.rows}
    packed = pack_maps(maps, thresholds, readable, competition.id_suffix, competition.pixel_order, most_bytes)
    facts["tiles"] = count_empty(subject, packed, len(thresholds))
    measures, why_no_scores = attempt(lambda: measure_runs(runs, competition, subject.data))
    if measures:
        facts["scores"] = score_facts(measures, thresholds, own=False)
    notices = [f"no tuned threshold: {problem}" for problem in why_not_tuned]
    notices += [f"no validation scores: {problem}" for problem in why_no_scores]
    return Live(facts, score_plot(measures) if measures else None, packed, notices)


def own_facts(made: Provenance, tuned: int | None) -> dict[str, Any]:
    """The facts of the slider that need neither maps nor validation tiles.

    Args:
        made: how the CSV was made.
        tuned: the level that was tuned for its runs; None if there is none, or not one for all tiles.
    """
    thresholds = thresholds_with(*{level for level in (level_of(made.rule), tuned) if level})
    heading = f"The CSV's own masks: {made.description}"
    facts = slider_facts(thresholds, heading, made.rule, tuned, decide_command(made.runs), own_command(made))
    return facts | {"ownScore": str(made.score) if made.score else None}


def own_command(made: Provenance) -> str:
    """The command that made a CSV as it stands."""
    options = ["--threshold", f"{made.threshold:.4f}"] if made.overrides else []
    if made.file.stem != "+".join(made.runs):
        options += ["--name", made.file.stem]
    return decide_command(made.runs, *options)


def count_empty(subject: Subject, packed: dict[str, TileMap], places: int) -> dict[str, Any]:
    """How many of the CSV's tiles are left empty, in it and at each place of the slider."""
    rows = subject.figures.rows
    images = {row.stem for row in subject.submission.images}
    highest = [tile.highest for stem, tile in packed.items() if stem in images]
    name = "validation tiles left empty" if subject.origin else "test tiles left empty"
    return empty_tiles(name, highest, places, (sum(not row.run_lengths.strip() for row in rows), len(rows)))
