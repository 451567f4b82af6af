"""Which CSV goes up when none is named, and when the pipeline uploads by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.record import Provenance
from kaggle_seg.masks.scores import MetricVariant
from kaggle_seg.remote import choice

from .conftest import Outcome, assert_agree, row
from .kaggle_server import SLUG, KaggleServer

Make = Callable[..., Path]
Run = Callable[..., Outcome]


def test_without_a_csv_the_best_one_goes_up(server: KaggleServer, token: str, make_csv: Make, run_submit: Run) -> None:
    make_csv("low.csv", 0.3)
    make_csv("high.csv", 0.5, runs=("1 2", "", ""))
    make_csv("quick.csv", 0.9, runs=("1 3", "", ""), quick=True)
    make_csv("demo.csv", 0.9, runs=("1 4", "", ""), demo=True)
    outcome = run_submit()
    assert outcome.code == 2 and "--yes" in outcome.err  # nobody there to ask
    outcome = run_submit("--yes")
    assert outcome.code == 0 and "submissions/high.csv: local score 0.5000, the best of 2 CSVs" in outcome.out
    assert server.submissions[0]["fileName"] == "high.csv"
    assert run_submit("--yes").code == 0
    assert server.submissions[1]["fileName"] == "low.csv"
    assert run_submit("--yes").code == 2
    assert_agree(server)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"quick": True}, "--quick"),
        ({"demo": True}, "demo tiles"),
        ({}, "not known to be those of"),
        ({"score": None}, "no cross-fitted"),
    ],
)
def test_the_pipeline_holds_back_and_says_why(
    facts: dict[str, Any], said: str, server: KaggleServer, token: str, make_csv: Make, run_submit: Run, tmp_path: Path
) -> None:
    if facts.get("score", "") is None:
        (tmp_path / ".downloaded.json").write_text(json.dumps({"slug": SLUG}), encoding="utf-8")
        facts = facts | {"data": str(tmp_path / "tiles")}
    outcome = run_submit(str(make_csv(**facts)), "--if-better")
    assert outcome.code == 0 and said in outcome.out
    assert ("python -m kaggle_seg.submit submissions/a.csv" in outcome.out) == ("demo" not in facts)
    assert server.requests == []


def test_the_pipeline_uploads_what_beats_all_uploads(
    server: KaggleServer, token: str, make_csv: Make, run_submit: Run, tmp_path: Path
) -> None:
    (tmp_path / ".downloaded.json").write_text(json.dumps({"slug": SLUG}), encoding="utf-8")
    data = str(tmp_path / "tiles")
    assert run_submit(str(make_csv("a.csv", 0.4, data=data)), "--if-better").code == 0
    outcome = run_submit(str(make_csv("b.csv", 0.39, runs=("1 2", "", ""), data=data)), "--if-better")
    assert outcome.code == 0 and "does not beat 0.4000 of submissions/a.csv" in outcome.out
    assert run_submit(str(make_csv("c.csv", 0.41, runs=("1 3", "", ""), data=data)), "--if-better").code == 0
    assert [item["fileName"] for item in server.submissions] == ["a.csv", "c.csv"]
    assert_agree(server)


def test_the_pipeline_succeeds_without_credentials(
    server: KaggleServer, home: Path, make_csv: Make, run_submit: Run, tmp_path: Path
) -> None:
    (tmp_path / ".downloaded.json").write_text(json.dumps({"slug": SLUG}), encoding="utf-8")
    outcome = run_submit(str(make_csv(data=str(tmp_path))), "--if-better")
    assert outcome.code == 0 and "1. sign in at" in outcome.out and "3. run: python -m kaggle_seg.submit" in outcome.out
    outcome = run_submit(str(make_csv("demo.csv", runs=("1 2", "", ""), demo=True)), "--if-better")
    assert outcome.code == 0 and "demo tiles" in outcome.out and "3. run: ./run_pipeline.sh" in outcome.out


@pytest.mark.parametrize("option", ["--if-better", "--once"])
def test_the_pipeline_started_again_shows_the_score(
    option: str, server: KaggleServer, token: str, make_csv: Make, run_submit: Run, tmp_path: Path
) -> None:
    (tmp_path / ".downloaded.json").write_text(json.dumps({"slug": SLUG}), encoding="utf-8")
    path = make_csv(data=str(tmp_path))
    assert run_submit(str(path), option, "--no-wait").code == 0
    outcome = run_submit(str(path), option)  # stopped while it waited for the score
    assert outcome.code == 0 and "public score 0.64797" in outcome.out
    outcome = run_submit(str(path), option)
    assert outcome.code == 0 and "public score 0.64797" in outcome.out
    assert len(server.submissions) == 1
    assert_agree(server)


def test_tiles_are_the_competitions_by_their_test_ids_or_by_their_download(tmp_path: Path) -> None:
    competition = replace(find_competition(), test_ids="1-3")
    made = Provenance(Path("a.csv"), "0", stems=("1", "2", "3"))
    assert choice.is_of_the_competition(made, competition)
    fewer = replace(made, stems=("1", "2"), data=str(tmp_path / "tiles"))
    assert not choice.is_of_the_competition(fewer, competition)
    (tmp_path / ".downloaded.json").write_text(json.dumps({"slug": SLUG}), encoding="utf-8")
    assert choice.is_of_the_competition(fewer, competition)


def test_the_best_upload_is_one_of_the_same_metric_variant() -> None:
    rows = [row(1, 0.5, 0.6), row(2, 0.4, 0.7), replace(row(3, 0.9, 0.6), metric_variant="iou_empty_one")]
    assert choice.best_uploaded(rows, MetricVariant("competition", "one")) == rows[0]
    assert choice.best_uploaded(rows, MetricVariant("iou", "one")) == rows[2]
    assert choice.best_uploaded(rows, MetricVariant("competition", None)) is None


def test_the_ledger_names_the_network_and_its_encoder(output_root: Path) -> None:
    run = output_root / "runs" / "some"
    run.mkdir(parents=True)
    told = {"": "U-Net 16", 'encoder = "none"': "U-Net 16", 'encoder = "ResNet50V2"': "U-Net on ResNet50V2"}
    for line, name in told.items():
        (run / "run.toml").write_text(f'[network]\nbase_filters = 16\n{line}\n[training]\nloss = "dice"\n', encoding="utf-8")
        assert choice._network_and_loss("some") == (name, "dice")
    assert choice._network_and_loss("none-such") == ("", "")
