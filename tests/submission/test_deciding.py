"""The CSV of a decision and the JSON beside it: their place, their name and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaggle_seg.competition import find_competition
from kaggle_seg.decisions.applying import Choice
from kaggle_seg.decisions.record import Provenance
from kaggle_seg.decisions.record_files import provenance_of
from kaggle_seg.decisions.rules import Threshold
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.output import file_hash, output_root, read_json, write_json
from kaggle_seg.run_directory import Run
from kaggle_seg.submission.deciding import Decided, decide_and_write, free_place, origin_of
from tests.drawn_runs import TEST, draw_run

COMPETITION = find_competition()


@pytest.fixture
def run(tree: Path) -> Run:
    return draw_run("drawn", tree)


def decided(run: Run, level: int, name: str = "mine", label: str = "") -> Decided:
    maps, origin = MapStore.open(run.folder / "test"), origin_of([run], COMPETITION)
    return decide_and_write(maps, Choice(Threshold(level), None, "another rule"), name, origin, COMPETITION, label)


def test_the_json_is_of_the_csv(run: Run, tree: Path) -> None:
    made = decided(run, 107)
    assert made.new and made.path == output_root() / "submissions" / "mine.csv" and made.tiles == TEST
    assert made.sha256 == file_hash(made.path)
    assert provenance_of(made.path) == Provenance(
        file=made.path,
        sha256=made.sha256,
        competition=COMPETITION.slug,
        runs=("drawn",),
        rule=Threshold(107),
        description="threshold 0.418",
        overrides="another rule",
        stems=tuple(f"test_image_{tile}" for tile in range(TEST)),
        data=str(tree),
        fingerprint=read_json(run.split_file)["data"]["fingerprint"],
    )


def test_the_same_bytes_keep_their_name(run: Run) -> None:
    first = decided(run, 107)
    second = decided(run, 107)
    assert not second.new and second.path == first.path


def test_other_bytes_take_a_name_of_their_own(run: Run) -> None:
    decided(run, 107)
    names = [decided(run, level, label=label).path.name for level, label in ((90, ""), (80, "t0.352"), (90, "x"))]
    assert names == ["mine-t0.352.csv", "mine-t0.352-2.csv", "mine-x.csv"]


def test_a_place_is_free_or_has_these_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("one", encoding="utf-8")
    (tmp_path / "a-b.csv").write_text("two", encoding="utf-8")
    hashes = [file_hash(tmp_path / name) for name in ("a.csv", "a-b.csv")]
    assert [free_place(tmp_path, "a", "b", sha256).name for sha256 in (*hashes, "")] == ["a.csv", "a-b.csv", "a-b-2.csv"]


def test_runs_of_other_tiles_are_named(run: Run, tree: Path) -> None:
    other = draw_run("other", tree, seed=17)
    split = read_json(other.split_file)
    write_json(other.split_file, split | {"data": split["data"] | {"fingerprint": "another"}})
    with pytest.raises(BadInput, match=r"other: its tiles .* only runs of the same data can be averaged"):
        origin_of([run, other], COMPETITION)
