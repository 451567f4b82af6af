"""A decision in lines that a person reads: its candidates and their scores, caveats, and all of it in one line."""

from __future__ import annotations

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.bootstrap import FEWEST
from kaggle_seg.decisions.record import Decision
from kaggle_seg.masks.scores import MetricVariant, by_label


def decision_lines(decision: Decision, competition: Competition) -> list[str]:
    """The candidates by number, the chosen one with a star, and a table of their scores; at most 100 characters wide.

    Args:
        decision: of a run, or of several together.
        competition: says what its score is called.
    """
    candidates = candidate_rows(decision, competition)
    rules = [f"{'*' if chosen else ' '} {place}  {cells[0]}" for place, (chosen, cells) in enumerate(candidates, start=1)]
    columns = [["rule", *headings(decision, competition)]]
    columns += [[str(place), *cells[1:]] for place, (_, cells) in enumerate(candidates, start=1)]
    widths = [max(map(len, column)) for column in columns]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    return [*introduction(decision), *rules, *table, *caveats(decision)]


def introduction(decision: Decision) -> list[str]:
    """What the scores are of."""
    scores = decision.scores
    return [
        f"{scores.tiles} validation tiles, {scores.tiles_with_buildings} with buildings, in {scores.clusters} bootstrap "
        "clusters (scenes, groups or pieces of ids)",
        "scores are cross-fitted: each tile is scored in the setting that other clusters chose",
        "in brackets: 95 % intervals",
    ]


def shown_variants(decision: Decision, competition: Competition) -> dict[str, MetricVariant]:
    """The metric variants in the table by their label: first the one that was maximised."""
    own = decision.scores.variant
    other_rule = MetricVariant(own.score, "zero" if own.empty_tile == "one" else "one")
    other_score = MetricVariant("iou" if own.score == "competition" else "competition", own.empty_tile)
    return by_label([own, other_rule, MetricVariant(own.score, None), other_score], competition)


def headings(decision: Decision, competition: Competition) -> list[str]:
    """What the cells of a candidate are, those after its rule."""
    return [*shown_variants(decision, competition), "empty predictions"]


def candidate_rows(decision: Decision, competition: Competition) -> list[tuple[bool, list[str]]]:
    """For each candidate whether it was chosen, and its cells: the rule, then as `headings` says."""
    rows = []
    for candidate in decision.candidates:
        first, *others = (candidate.by_variant[variant] for variant in shown_variants(decision, competition).values())
        means = ["-" if estimate is None else f"{estimate.mean:.3f}" for estimate in others]
        cells = [str(candidate.rule), str(first), *means, f"{candidate.empty_share:.1%} of tiles"]
        rows.append((candidate.rule == decision.rule, cells))
    return rows


def caveats(decision: Decision) -> list[str]:
    """What to bear in mind about the scores, if anything."""
    scores, lines = decision.scores, []
    if len(decision.candidates) > 1 and scores.parts == 1:
        lines.append("all tiles are in one bootstrap cluster, so nothing could be left out: the choice flatters the scores")
    if not scores.reliable:
        lines.append(f"fewer than {FEWEST} bootstrap clusters ({scores.clusters}): the intervals are unreliable")
    return lines


def choice_line(choice: Choice, competition: Competition) -> str:
    """The rule of a CSV and its score, on one line."""
    scores = choice.scores
    if scores is None:
        return f"decision: {choice.rule}; validation score unknown"
    caveat = "" if scores.reliable else f", unreliable (bootstrap clusters: {scores.clusters})"
    return f"decision: {choice.rule}; {scores.variant.label(competition)} {scores.score}{caveat}"
