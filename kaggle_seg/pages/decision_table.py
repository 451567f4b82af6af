"""A decision told in lines that a person reads."""

from __future__ import annotations

from typing import Any

from kaggle_seg.competition import EmptyTile
from kaggle_seg.decisions.bootstrap import FEWEST
from kaggle_seg.decisions.candidates import Objective, Score
from kaggle_seg.pages.decision import objective_of

NAMES: dict[Score, str] = {"competition": "competition score", "iou": "mean IoU"}
EARNINGS: dict[EmptyTile, str] = {"one": "1 for an empty prediction", "zero": "0 whatever is predicted"}
SCORE = "{mean:.3f} ({low:.3f} to {high:.3f})"


def table(decision: dict[str, Any]) -> list[str]:
    """The rules and their scores, in lines that a person reads; the chosen one has a star.

    Args:
        decision: what decision.json says.
    """
    rows = [["  rule", *headings(decision)]]
    for star, cells in contenders(decision):
        rows.append([f"{'*' if star else ' '} {cells[0]}", *cells[1:]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        *introduction(decision),
        *("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows),
        *caveats(decision),
    ]


def introduction(decision: dict[str, Any]) -> list[str]:
    """What the scores are of."""
    units = f"units (scenes, groups or pieces of ids): {decision['score']['units']}"
    earning = EARNINGS[objective_of(decision).empty_tile]
    return [
        f"{decision['tiles']} validation tiles, {decision['tiles_with_buildings']} with buildings; {units}",
        f"scores are cross-fitted; a tile without buildings earns {earning}",
    ]


def readings(decision: dict[str, Any]) -> dict[str, str]:
    """The columns of scores: how each is headed, and the reading it shows."""
    objective = objective_of(decision)
    other_earning: EmptyTile = "zero" if objective.empty_tile == "one" else "one"
    other_score: Score = "iou" if objective.score == "competition" else "competition"
    return {
        f"{NAMES[objective.score]} (95 % interval)": objective.reading,
        f"if empty tiles earn {'0' if other_earning == 'zero' else '1'}": Objective(objective.score, other_earning).reading,
        "with buildings": f"{objective.score}_buildings",
        NAMES[other_score]: Objective(other_score, objective.empty_tile).reading,
    }


def headings(decision: dict[str, Any]) -> list[str]:
    """What stands above the columns behind the rule."""
    return [*readings(decision), "nothing predicted"]


def contenders(decision: dict[str, Any]) -> list[tuple[bool, list[str]]]:
    """For each rule whether it was chosen, and its cells: the rule in words, then as `headings` says."""
    rows = []
    for contender in decision["contenders"]:
        scores = [contender["scores"][reading] for reading in readings(decision).values()]
        means = ["-" if score is None else f"{score['mean']:.3f}" for score in scores[1:]]
        share = f"{contender['empty_predictions']:.1%} of tiles"
        cells = [contender["words"], SCORE.format_map(scores[0]), *means, share]
        rows.append((contender["decision"] == decision["decision"], cells))
    return rows


def caveats(decision: dict[str, Any]) -> list[str]:
    """What to bear in mind about the scores, if anything."""
    units = decision["score"]["units"]
    lines = []
    if len(decision["contenders"]) > 1 and decision["parts"] == 1:
        lines.append("all tiles are of one unit, so nothing could be left out: the scores are flattered by the choice")
    if not decision["score"]["reliable"]:
        lines.append(f"fewer than {FEWEST} units ({units}): the intervals are unreliable")
    return lines


def score_line(decision: dict[str, Any]) -> str:
    """The decision and its score, on one line."""
    score = decision["score"]
    if score is None:
        return f"decision: {decision['words']}; validation score unknown"
    reading = Objective(score["score"], score["empty_tile"]).reading
    caveat = "" if score["reliable"] else f", unreliable (units: {score['units']})"
    return f"decision: {decision['words']}; {reading} " + SCORE.format_map(score) + caveat
