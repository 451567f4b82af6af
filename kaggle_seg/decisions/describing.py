"""A decision in lines that a person reads: its candidates and their scores, caveats, and all of it in one line."""

from __future__ import annotations

from collections.abc import Sequence

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.bootstrap import FEWEST, FEWEST_EFFECTIVE
from kaggle_seg.decisions.record import Decision, Estimate, Scores
from kaggle_seg.masks.scores import MetricVariant, by_label

REASONS = {
    "unbeaten": "rule 1, which follows from the score, stays: no tuned rule beats it by more than noise",
    "better": "rule {place} beats rule 1, which follows from the score, by more than noise: {lead}",
    "few clusters": "rule 1, which follows from the score, stays: with so few bootstrap clusters nothing is tuned",
}
"""Why a rule was chosen, by the key in the record."""
GAIN = "gain over threshold 0.5"


def decision_lines(decision: Decision, competition: Competition) -> list[str]:
    """The candidates by number, the chosen one with a star, and a table of their scores; at most 100 characters wide.

    Args:
        decision: of a run, or of several together.
        competition: says what its score is called.
    """
    rules = [
        f"{'*' if place == decision.place else ' '} {place + 1}  {candidate.rule}"
        for place, candidate in enumerate(decision.candidates)
    ]
    return [*introduction(decision), *rules, *table_lines(decision, competition), *reason(decision), *caveats(decision)]


def table_lines(decision: Decision, competition: Competition) -> list[str]:
    """The scores of the candidates, one to a column, with each interval below its mean."""
    names, rows = ["rule"], [[str(place) for place, _ in enumerate(decision.candidates, start=1)]]
    for name, estimates, digits, interval in score_rows(decision, competition):
        names.append(name)
        rows.append([format(one.mean, digits) if one else "-" for one in estimates])
        if interval:
            names.append("")
            rows.append([one.interval(digits) if one else "-" for one in estimates])
    names.append("empty predictions")
    rows.append([f"{candidate.empty_share:.1%} of tiles" for candidate in decision.candidates])
    columns = [names, *zip(*rows, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]


ScoreRow = tuple[str, Sequence[Estimate | None], str, bool]
"""A score's name, that of each candidate, how its numbers are written, and whether its interval is shown."""


def score_rows(decision: Decision, competition: Competition) -> list[ScoreRow]:
    """What is shown of the candidates: the score that was maximised, the gain where it was recorded, the other scores."""
    candidates = decision.candidates
    first, *others = (
        (label, [one.by_variant[variant] for one in candidates], ".3f", False)
        for label, variant in shown_variants(decision, competition).items()
    )
    gains: list[ScoreRow] = [(GAIN, [one.gain for one in candidates], "+.3f", True)]
    return [(*first[:3], True), *(gains if any(one.gain for one in candidates) else []), *others]


def introduction(decision: Decision) -> list[str]:
    """What the scores are of."""
    scores = decision.scores
    lines = [
        f"{scores.tiles} validation tiles, {scores.tiles_with_buildings} with buildings, in {scores.clusters} bootstrap "
        "clusters (scenes, groups or pieces of ids)",
    ]
    if scores.effective_clusters is not None:
        lines.append(f"these clusters count as {scores.effective_clusters:.1f} of equal size")
    if len(decision.candidates) > 1:
        lines.append("scores are cross-fitted: each tile is scored in the setting that other clusters chose")
    return [*lines, "all intervals are 95 % intervals"]


def shown_variants(decision: Decision, competition: Competition) -> dict[str, MetricVariant]:
    """The metric variants in the table by their label: first the one that was maximised."""
    own = decision.scores.variant
    other_rule = MetricVariant(own.score, "zero" if own.empty_tile == "one" else "one")
    other_score = MetricVariant("iou" if own.score == "competition" else "competition", own.empty_tile)
    return by_label([own, other_rule, MetricVariant(own.score, None), other_score], competition)


def headings(decision: Decision, competition: Competition) -> list[str]:
    """What the cells of a candidate are, those after its rule."""
    return [*(name for name, *_ in score_rows(decision, competition)), "empty predictions"]


def candidate_rows(decision: Decision, competition: Competition) -> list[tuple[bool, list[str]]]:
    """For each candidate whether it was chosen, and its cells: the rule, then as `headings` says."""
    columns = [
        [format(one if interval else one.mean, digits) if one else "-" for one in estimates]
        for _, estimates, digits, interval in score_rows(decision, competition)
    ]
    rows = []
    for place, candidate in enumerate(decision.candidates):
        cells = [str(candidate.rule), *(column[place] for column in columns), f"{candidate.empty_share:.1%} of tiles"]
        rows.append((place == decision.place, cells))
    return rows


def reason(decision: Decision) -> list[str]:
    """Why the rule was chosen, in one sentence; nothing where a record does not say it."""
    place = decision.place
    if decision.reason not in REASONS or place is None:
        return []
    lead = f"{decision.differences[place - 1].by:+.3f}" if 0 < place <= len(decision.differences) else ""
    return [REASONS[decision.reason].format(place=place + 1, lead=lead)]


def caveats(decision: Decision) -> list[str]:
    """What to bear in mind about the scores, if anything."""
    scores = decision.scores
    lines = [weakness(scores)] if not scores.reliable else []
    if len(decision.candidates) > 1 and scores.parts == 1:
        lines.append("all tiles are in one bootstrap cluster, so nothing could be left out: the choice flatters the scores")
    return lines


def weakness(scores: Scores) -> str:
    """Why the intervals of these scores are unreliable; empty where they are reliable."""
    if scores.reliable:
        return ""
    if scores.effective_clusters is None or (scores.clusters or 0) < FEWEST:
        return f"fewer than {FEWEST} bootstrap clusters ({scores.clusters}): the intervals are unreliable"
    return (
        f"{scores.clusters} bootstrap clusters count as only {scores.effective_clusters:.1f} of equal size, fewer than "
        f"{FEWEST_EFFECTIVE}: the intervals are unreliable"
    )


def choice_line(choice: Choice, competition: Competition) -> str:
    """The rule of a CSV and its score, on one line."""
    scores = choice.scores
    if scores is None:
        return f"decision: {choice.rule}; validation score unknown"
    caveat = "" if scores.reliable else f"; {weakness(scores)}"
    return f"decision: {choice.rule}; {scores.variant.label(competition)} {scores.score}{caveat}"
