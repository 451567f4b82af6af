"""The records as JSON: `decision.json`, and the JSON beside a CSV. Their keys are read and written here alone.

Keys that older versions named otherwise are read under both names; damage of any kind is one error that names the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kaggle_seg.competition import FIRST
from kaggle_seg.decisions.record import Candidate, Decision, Difference, Estimate, Provenance, Scores
from kaggle_seg.decisions.rules import Rule, from_plain, to_plain
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.scores import MetricVariant, parse_variant
from kaggle_seg.output import file_hash, read_json, shown, write_json

FORMER_NAMES = {"description": "words", "candidates": "contenders", "clusters": "units"}
KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
Kind = TypeVar("Kind")
Record = TypeVar("Record")


class Fields:
    """The values of a JSON object, asked for by name and kind.

    Its errors are ValueErrors that name the key, what was found and what was wanted.
    """

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"found {value!r:.60}, wanted an object")
        self.values = value

    def get(self, name: str, kind: type[Kind]) -> Kind | None:
        """The value of a key; None where it is missing or null."""
        value = self.values.get(name, self.values.get(FORMER_NAMES.get(name, name)))
        if value is None:
            return None
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"{name}: found {value!r:.60}, wanted {KINDS[kind]}")
        return value

    def need(self, name: str, kind: type[Kind]) -> Kind:
        """The value of a key that must be there."""
        value = self.get(name, kind)
        if value is None:
            raise ValueError(f"{name}: not there")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where it is missing."""
        values = self.get(name, list) or []
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{name}: found {values!r:.60}, wanted texts")
        return tuple(values)

    def table(self, name: str) -> Fields | None:
        """An object; None where it is missing or null."""
        value = self.get(name, dict)
        return None if value is None else Fields(value)


def read_decision(path: Path) -> Decision:
    """The decision in `decision.json`.

    Raises:
        BadInput: the file is damaged.
    """
    return parsed(path, parse_decision, "not as tuning writes it", "delete it and run: python -m kaggle_seg.tune")


def write_decision(path: Path, decision: Decision) -> None:
    """Writes `decision.json`, atomically."""
    table = {
        "runs": decision.runs,
        "maps": decision.maps,
        **plain_rule(decision.rule),
        **plain_scores(decision.scores),
        "candidates": [
            {**plain_rule(one.rule), **plain_results(one), "gain": plain_estimate(one.gain)} for one in decision.candidates
        ],
        "reason": decision.reason,
        "differences": [dataclasses.asdict(difference) for difference in decision.differences],
        "seconds": decision.seconds,
    }
    write_json(path, table)


def read_provenance(csv: Path) -> Provenance:
    """What the JSON beside a CSV says, of whatever bytes; nothing where there is none.

    Raises:
        BadInput: the JSON is damaged.
    """
    path = csv.with_suffix(".json")
    if not path.is_file():
        return Provenance(csv)
    said = parsed(path, parse_provenance, "not as `decide` writes it", "decide anew, or remove it")
    return dataclasses.replace(said, file=csv)


def provenance_of(csv: Path) -> Provenance:
    """How a CSV was made, so far as the JSON beside it speaks of the bytes that are there now; `sha256` is theirs.

    Raises:
        BadInput: the JSON is damaged.
    """
    said, sha256 = read_provenance(csv), file_hash(csv)
    if said.sha256 in ("", sha256):
        return dataclasses.replace(said, sha256=sha256)
    return Provenance(csv, sha256, competition=said.competition, demo=said.demo)


def write_provenance(made: Provenance) -> None:
    """Writes the JSON beside a CSV, atomically."""
    same = ("competition", "runs", "data", "fingerprint", "quick", "demo")
    table = {
        **{name: getattr(made, name) for name in same},
        **(plain_rule(made.rule) if made.rule else {}),
        **(plain_scores(made.scores) if made.scores else {"score": None}),
        "overrides": made.overrides or None,
        "stems": made.stems,
        "sha256": made.sha256,
    }
    write_json(made.file.with_suffix(".json"), table)


def parsed(path: Path, parse: Callable[[Fields], Record], fault: str, remedy: str) -> Record:
    """What a JSON file says; an error names the file, the fault and the remedy."""
    value = read_json(path)
    try:
        return parse(Fields(value))
    except (ValueError, BadInput) as error:
        raise BadInput(f"{shown(path)}: {fault} ({error}); {remedy}") from error


def parse_decision(record: Fields) -> Decision:
    """A decision of this version or an older one."""
    if (scores := parse_scores(record)) is None:
        raise ValueError("score: not there")
    return Decision(
        rule=from_plain(record.need("decision", dict)),
        scores=scores,
        candidates=tuple(parse_candidate(Fields(item)) for item in record.get("candidates", list) or ()),
        differences=tuple(parse_difference(Fields(item)) for item in record.get("differences", list) or ()),
        runs=record.texts("runs"),
        maps=record.texts("maps"),
        seconds=record.get("seconds", float) or 0.0,
        reason=record.get("reason", str) or "",
    )


def parse_provenance(record: Fields) -> Provenance:
    """The provenance of a CSV of this version or an older one."""
    plain_rule, height, width = record.get("decision", dict), record.get("height", int), record.get("width", int)
    rule = None if plain_rule is None else from_plain(plain_rule)
    return Provenance(
        file=Path(),
        sha256=record.get("sha256", str) or "",
        competition=record.get("competition", str) or FIRST,
        runs=tuple(Path(run).name for run in record.texts("runs")),
        rule=rule,
        description=record.get("description", str) or (str(rule) if rule else ""),
        scores=parse_scores(record),
        overrides=record.get("overrides", str) or "",
        stems=None if record.get("stems", list) is None else record.texts("stems"),
        shape=(height, width) if height and width else None,
        data=record.get("data", str) or "",
        fingerprint=record.get("fingerprint", str) or "",
        quick=record.get("quick", bool) or False,
        demo=record.get("demo", bool) or False,
    )


def parse_scores(record: Fields) -> Scores | None:
    """The validation scores of a record's rule; None where they are unknown."""
    score = record.table("score")
    if score is None:
        return None
    name = score.get("variant", str) or f"{score.need('score', str)}_{score.need('empty_tile', str)}"
    variant, estimate = parse_variant(name), parse_estimate(score)
    reliable = score.get("reliable", bool)
    return Scores(
        variant=variant,
        score=estimate,
        by_variant={variant: estimate} | parse_estimates(record.table("scores")),
        reliable=True if reliable is None else reliable,
        clusters=score.get("clusters", int),
        empty_share=record.get("empty_predictions", float),
        tiles=record.get("tiles", int),
        tiles_with_buildings=record.get("tiles_with_buildings", int),
        parts=record.get("parts", int),
        effective_clusters=score.get("effective_clusters", float),
    )


def parse_candidate(record: Fields) -> Candidate:
    """One of a decision's candidates."""
    rule, scores = from_plain(record.need("decision", dict)), parse_estimates(record.table("scores"))
    gain = record.table("gain")
    return Candidate(rule, scores, record.need("empty_predictions", float), parse_estimate(gain) if gain else None)


def parse_difference(record: Fields) -> Difference:
    """A paired difference of two candidates."""
    return Difference(record.need("rule", str), record.need("than", str), parse_estimate(Fields(record.need("by", dict))))


def parse_estimate(record: Fields) -> Estimate:
    """A mean and its interval."""
    return Estimate(*(record.need(name, float) for name in ("mean", "low", "high")))


def parse_estimates(record: Fields | None) -> dict[MetricVariant, Estimate | None]:
    """Estimates by metric variant, whatever version named the variants."""
    tables = {name: record.table(name) for name in record.values} if record else {}
    return {parse_variant(name): parse_estimate(table) if table else None for name, table in tables.items()}


def plain_rule(rule: Rule) -> dict[str, Any]:
    """A rule as JSON keeps it, with what people ask of it."""
    return {"decision": to_plain(rule), "threshold": rule.threshold, "description": str(rule)}


def plain_scores(scores: Scores) -> dict[str, Any]:
    """Validation scores as JSON keeps them."""
    trust = {name: getattr(scores, name) for name in ("clusters", "effective_clusters", "reliable")}
    return {
        **plain_results(scores),
        "score": {"variant": scores.variant.key, **dataclasses.asdict(scores.score), **trust},
        "tiles": scores.tiles,
        "tiles_with_buildings": scores.tiles_with_buildings,
        "parts": scores.parts,
    }


def plain_results(of: Candidate | Scores) -> dict[str, Any]:
    """Scores by the key of their variant, and the share of empty predictions."""
    estimates = {variant.key: plain_estimate(one) for variant, one in of.by_variant.items()}
    return {"scores": estimates, "empty_predictions": of.empty_share}


def plain_estimate(estimate: Estimate | None) -> dict[str, float] | None:
    """An estimate as JSON keeps it."""
    return dataclasses.asdict(estimate) if estimate else None
