"""A decision in lines that a person reads: its candidates in a table, what to bear in mind, and one line of it all."""

from __future__ import annotations

from kaggle_seg.competition import Competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.bootstrap import FEWEST
from kaggle_seg.decisions.record import Decision
from kaggle_seg.masks.scores import MetricVariant, by_label


def decision_lines(decision: Decision, competition: Competition) -> list[str]:
    """The candidates and their scores; the chosen one has a star.

    Args:
        decision: of a run, or of several together.
        competition: says what its score is called.
    """
    rows = [["  rule", *headings(decision, competition)]]
    for chosen, cells in candidate_rows(decision, competition):
        rows.append([f"{'*' if chosen else ' '} {cells[0]}", *cells[1:]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        *introduction(decision),
        *("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows),
        *caveats(decision),
    ]


def introduction(decision: Decision) -> list[str]:
    """What the scores are of."""
    scores = decision.scores
    return [
        f"{scores.tiles} validation tiles, {scores.tiles_with_buildings} with buildings, in {scores.clusters} bootstrap "
        "clusters (scenes, groups or pieces of ids)",
        "scores are cross-fitted: each tile is scored in the setting that other clusters chose",
    ]


def shown_variants(decision: Decision, competition: Competition) -> dict[str, MetricVariant]:
    """The metric variants in the table by their label: first the one that was maximised."""
    own = decision.scores.variant
    other_rule = MetricVariant(own.score, "zero" if own.empty_tile == "one" else "one")
    other_score = MetricVariant("iou" if own.score == "competition" else "competition", own.empty_tile)
    return by_label([own, other_rule, MetricVariant(own.score, None), other_score], competition)


def headings(decision: Decision, competition: Competition) -> list[str]:
    """What stands above the columns behind the rule."""
    first, *others = shown_variants(decision, competition)
    return [f"{first}, 95 % interval", *others, "empty predictions"]


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
