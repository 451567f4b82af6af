"""The records as JSON: written and read again, those of older versions too; damage is one clear error."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.decisions.record import Candidate, Decision, Difference, Estimate, Provenance, Scores
from kaggle_seg.decisions.record_files import (
    provenance_of,
    read_decision,
    read_provenance,
    write_decision,
    write_provenance,
)
from kaggle_seg.decisions.rules import CleanedThreshold, CutOrEmpty, ExpectedIoUCut, Rule, Threshold
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.scores import VARIANTS, MetricVariant
from kaggle_seg.output import file_hash

from .old_records import OLD_DECISION, OLD_PROVENANCE, OLD_SCORES

EMPTY_ZERO = MetricVariant("competition", "zero")
ESTIMATES = {
    variant: Estimate(*numbers.values()) if numbers else None
    for variant, numbers in zip(VARIANTS, OLD_SCORES.values(), strict=True)
}
SCORES = Scores(EMPTY_ZERO, Estimate(0.5, 0.45, 0.55), ESTIMATES, False, 19, 0.125, 48, 36, 10)
CUT = ExpectedIoUCut(0.25)
DECISION = Decision(
    CUT,
    SCORES,
    (Candidate(Threshold(107), ESTIMATES, 0.125), Candidate(CUT, ESTIMATES, 0.125)),
    (Difference("expected-IoU cut", "threshold", Estimate(0.01, 0.005, 0.015)),),
    ("north", "south"),
    ("0123", "4567"),
    1.5,
)


def put(path: Path, record: Any) -> Path:
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def beside(folder: Path, record: Any) -> Path:
    """A CSV with this JSON beside it."""
    csv = folder / "a.csv"
    csv.write_bytes(b"ImageId,EncodedPixels,Width,Height\n")
    put(csv.with_suffix(".json"), record)
    return csv


# ---- decision.json ---------------------------------------------------------------------------------------------------


def test_an_old_decision_is_read(tmp_path: Path) -> None:
    assert read_decision(put(tmp_path / "decision.json", OLD_DECISION)) == DECISION


def test_a_decision_is_written_under_the_new_names(tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    write_decision(path, DECISION)
    assert read_decision(path) == DECISION
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["decision"] == {"rule": "expected-IoU cut", "minimum_expected_iou": 0.25}
    assert record["description"] == str(CUT) and record["threshold"] is None
    assert record["score"] == {
        "variant": "score_empty_zero",
        "mean": 0.5,
        "low": 0.45,
        "high": 0.55,
        "clusters": 19,
        "effective_clusters": None,
        "reliable": False,
    }
    assert record["reason"] == "" and [candidate["gain"] for candidate in record["candidates"]] == [None, None]
    assert [candidate["description"] for candidate in record["candidates"]] == ["threshold 0.418", str(CUT)]
    assert set(record["scores"]) == {variant.key for variant in VARIANTS}
    for name in ("words", "contenders", "silence", "units", "competition_one", "empty_tile"):
        assert f'"{name}"' not in path.read_text(encoding="utf-8")


RULES = st.one_of(
    st.builds(Threshold, st.integers(1, 255)),
    st.builds(CleanedThreshold, st.integers(1, 255), st.integers(0, 500), st.integers(0, 500)),
    st.builds(ExpectedIoUCut, st.floats(0, 1)),
    st.builds(CutOrEmpty, st.sampled_from(["iou", "dice"])),
)
NUMBERS = st.floats(-1, 1)
ANY_ESTIMATE = st.builds(Estimate, NUMBERS, NUMBERS, NUMBERS)


@given(RULES, st.sampled_from(VARIANTS), ANY_ESTIMATE, st.floats(0, 1), st.integers(1, 10**6))
def test_whatever_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory,
    rule: Rule,
    variant: MetricVariant,
    estimate: Estimate,
    share: float,
    count: int,
) -> None:
    estimates = dict.fromkeys(VARIANTS, estimate)
    scores = Scores(variant, estimate, estimates, count >= 20, count, share, count, count, 1, count / 3)
    candidates = Candidate(rule, estimates, share, estimate), Candidate(CUT, estimates, share)
    decision = Decision(rule, scores, candidates, (Difference("a", "b", estimate),), reason="unbeaten")
    path = tmp_path_factory.getbasetemp() / "decision.json"
    write_decision(path, decision)
    assert read_decision(path) == decision
    made = Provenance(path.with_suffix(".csv"), "1", "roofs", ("a",), rule, str(rule), scores, "other", ("7",), None, "/d")
    write_provenance(made)
    assert read_provenance(made.file) == made


def places(record: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the values of a record are."""
    items = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    inner = [place for key, value in items for place in places(value, (*path, key))]
    return [path, *inner] if path else inner


@pytest.mark.parametrize("damage", [[1], "?", 7, {"?": 1}, True, -1.5], ids=repr)
def test_damage_is_one_error_with_its_remedy(tmp_path: Path, damage: Any) -> None:
    """Whatever stands in the place of a value: it is read as what it says, or refused; nothing else happens."""
    refused = 0
    for old, read, remedy in (
        (OLD_DECISION, lambda record: read_decision(put(tmp_path / "decision.json", record)), "python -m kaggle_seg.tune"),
        (OLD_PROVENANCE, lambda record: read_provenance(beside(tmp_path, record)), "decide anew, or remove it"),
    ):
        for *inner, last in places(old):
            record = copy.deepcopy(old)
            table: Any = record
            for key in inner:
                table = table[key]
            table[last] = damage
            try:
                read(record)
            except BadInput as error:
                refused += 1
                assert len(error.problems) == 1
                assert ".json: not as " in error.problems[0] and remedy in error.problems[0]
    assert refused > 40


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"decision": {}}, "not a decision of this program"),
        ({"decision": None}, "decision: not there"),
        ({"score": None}, "score: not there"),
        ({"score": {"score": "luck", "empty_tile": "one", "mean": 1, "low": 1, "high": 1}}, "metric variant 'luck_one'"),
        ({"score": {"mean": 0.5, "low": 0.4, "high": 0.6}}, "score: not there"),
        ({"maps": ["a", 7]}, "maps: found ['a', 7], wanted texts"),
        ({"tiles": "many"}, "tiles: found 'many', wanted a whole number"),
        ({"differences": [7]}, "found 7, wanted an object"),
        ({"reason": 7}, "reason: found 7, wanted a text"),
        ({"contenders": [OLD_DECISION["contenders"][0] | {"gain": 7}]}, "gain: found 7, wanted an object"),
    ],
)
def test_an_error_says_what_is_wrong(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput) as error:
        read_decision(put(tmp_path / "decision.json", OLD_DECISION | change))
    assert told in str(error.value) and "decision.json" in str(error.value)


# ---- the JSON beside a CSV -------------------------------------------------------------------------------------------


def test_an_old_provenance_is_read(tmp_path: Path) -> None:
    csv = beside(tmp_path, OLD_PROVENANCE)
    assert read_provenance(csv) == Provenance(
        file=csv,
        sha256="0" * 64,
        competition="roofs",
        runs=("north", "south"),
        rule=CUT,
        description="expected-IoU cut, nothing below 0.250",
        scores=SCORES,
        stems=("7", "8"),
        data="/data/tiles",
        fingerprint="f",
        demo=True,
    )


def test_what_is_not_said_is_empty(tmp_path: Path) -> None:
    csv = tmp_path / "a.csv"
    assert read_provenance(csv) == Provenance(csv, competition="ann-and-dl-image-segmentation")
    assert read_provenance(beside(tmp_path, {})) == Provenance(csv)
    made = read_provenance(beside(tmp_path, {"decision": {"rule": "threshold", "level": 107}, "height": 5, "width": 6}))
    assert (made.description, made.threshold, made.shape) == ("threshold 0.418", 107 / 256, (5, 6))


def test_it_speaks_of_the_bytes_that_it_names(tmp_path: Path) -> None:
    csv = beside(tmp_path, OLD_PROVENANCE)
    own = file_hash(csv)
    assert provenance_of(csv) == Provenance(csv, own, competition="roofs", demo=True)
    beside(tmp_path, OLD_PROVENANCE | {"sha256": own})
    assert provenance_of(csv) == dataclasses.replace(read_provenance(csv), sha256=own)
    beside(tmp_path, {name: fact for name, fact in OLD_PROVENANCE.items() if name != "sha256"})
    assert provenance_of(csv).sha256 == own and provenance_of(csv).runs == ("north", "south")


def test_it_is_written_under_the_new_names(tmp_path: Path) -> None:
    made = read_provenance(beside(tmp_path, OLD_PROVENANCE))
    write_provenance(made)
    record = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert record["score"]["variant"] == "score_empty_zero" and record["description"] == str(CUT)
    assert record["overrides"] is None and record["stems"] == ["7", "8"]
    assert read_provenance(made.file) == dataclasses.replace(made, description=str(CUT))
    write_provenance(dataclasses.replace(made, scores=None))
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["score"] is None


@pytest.mark.parametrize("content", ["{", "[]", "7", '{"stems": 7}', '{"stems": [7]}', '{"runs": "north"}', '{"data": 5}'])
def test_a_damaged_provenance_is_named(tmp_path: Path, content: str) -> None:
    csv = beside(tmp_path, {})
    csv.with_suffix(".json").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=r"a\.json"):
        provenance_of(csv)
