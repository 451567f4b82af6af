"""The command that splits the tiles."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kaggle_seg import split
from kaggle_seg.run_directory import Run
from tests.splits.drawn_scenes import cut, draw
from tests.tiles.trees import draw_mask, make_tree, put, tiff

SIZE = 64
SATBUILD = Path(__file__).resolve().parents[2] / "shared" / "data" / "satbuild"


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve training scenes of six tiles, shuffled, and two test scenes."""
    root = tmp_path_factory.mktemp("tiles")
    scenes = [cut(draw(seed, 2 * SIZE, 3 * SIZE), SIZE) for seed in range(14)]
    training, test = np.concatenate(scenes[:12]), np.concatenate(scenes[12:])
    for number, row in enumerate(np.random.default_rng(0).permutation(len(training))):
        put(root / f"train/images/img_{number}.tif", tiff(training[row]))
        put(root / f"train/masks/mask_{number}.tif", tiff(draw_mask(number, SIZE) * np.uint8(255 * (number % 3 > 0))))
    for number, tile in enumerate(test):
        put(root / f"test/test_image_{number}.tif", tiff(tile))
    return root


def call(tiles: Path, *words: str, run: str = "one") -> int:
    return split.main(["--data", str(tiles), "--run", run, *words])


def test_it_writes_the_split_and_says_why(tiles: Path, output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tiles) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("split: by scenes: ") and lines[0].endswith("of 72 tiles validate (runs/one/split.json)")
    assert lines[1].startswith("  why: the ids don't follow the ground")
    assert lines[-1].endswith("0.0% of the validation tiles; 0.0% of the test tiles")
    content = json.loads((output_root / "runs" / "one" / "split.json").read_text(encoding="utf-8"))
    assert content["method"] == "scenes" and content["asked"] == "auto" and content["data"]["root"] == str(tiles)
    assert Counter(Counter(content["clusters"].values()).values()) == {6: 12}


def test_what_is_done_is_skipped_and_the_same_everywhere(
    tiles: Path, output_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tiles) == 0 and call(tiles, run="two") == 0
    runs = output_root / "runs"
    assert (runs / "one" / "split.json").read_bytes() == (runs / "two" / "split.json").read_bytes()
    capsys.readouterr()
    assert call(tiles) == 0
    assert capsys.readouterr().out == "split: unchanged, skipped (runs/one/split.json)\n"
    (runs / "one" / "split.json").unlink()
    assert call(tiles) == 0
    assert (runs / "one" / "split.json").read_bytes() == (runs / "two" / "split.json").read_bytes()


def test_the_audit_compares_the_methods_and_changes_nothing(
    tiles: Path, output_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tiles) == 0
    before = (output_root / "runs" / "one" / "split.json").read_bytes()
    capsys.readouterr()
    assert call(tiles, "--audit") == 0
    out = capsys.readouterr().out
    assert out.startswith("split: unchanged, skipped")
    shares = {line.split()[2]: float(line.split()[3].rstrip("%")) for line in out.splitlines() if "validation, by" in line}
    assert list(shares) == ["blocks", "scenes", "random"]
    assert shares["scenes"] == 0.0 and shares["random"] > 60
    assert out.splitlines()[-1] == "nearest to the test tiles: scenes"
    assert (output_root / "runs" / "one" / "split.json").read_bytes() == before


def test_faulty_settings_are_all_told(tiles: Path, output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tiles, "--method", "groups", "--guard", "2", "--folds", "1") == 2
    assert call(tiles, "--fold", "5") == 2
    assert call(tiles, "--groups", "none.csv", "--method", "random") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len([line for line in errors if line.startswith("error: ")]) == 5
    assert "--fold 5: wanted 0 to 4" in "\n".join(errors)
    assert not (output_root / "runs").exists()


def test_groups_are_taken_from_a_csv(
    tiles: Path, output_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "farms.csv"
    rows = [f"img_{number}.tif,farm {number % 9}" for number in range(72)]
    path.write_text("\n".join(["tile,group", *rows[1:], "img_99.tif,farm 1"]), encoding="utf-8")
    assert call(tiles, "--groups", str(path)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3
    path.write_text("\n".join(["tile,group", *rows]), encoding="utf-8")
    assert call(tiles, "--groups", str(path)) == 0
    assert "  why: farms.csv names the groups" in capsys.readouterr().out
    content = json.loads((output_root / "runs" / "one" / "split.json").read_text(encoding="utf-8"))
    assert content["method"] == "groups" and content["clusters"]["10"] == "farm 1"
    path.write_text("\n".join(["tile,group", *(row.replace("farm 8", "farm 7") for row in rows)]), encoding="utf-8")
    assert call(tiles, "--groups", str(path)) == 0
    assert "unchanged" not in capsys.readouterr().out


def test_a_trained_run_is_not_split_anew_unasked(tiles: Path, output_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tiles) == 0
    run = Run(output_root / "runs" / "one")
    run.settings_file.write_text("", encoding="utf-8")
    before = run.split_file.read_bytes()
    capsys.readouterr()
    assert call(tiles, "--seed", "1") == 2
    assert "(seed: 0 -> 1)" in capsys.readouterr().err
    assert run.split_file.read_bytes() == before
    assert call(tiles, "--seed", "1", "--restart") == 0
    assert run.split_file.read_bytes() != before


def test_few_small_tiles_are_split(tmp_path: Path, output_root: Path) -> None:
    tree = make_tree(tmp_path / "few", training=5, test=1)
    assert call(tree) == 0
    assert json.loads((output_root / "runs" / "one" / "split.json").read_text(encoding="utf-8"))["validation"]


@pytest.mark.skipif(not SATBUILD.is_dir(), reason="needs ../shared")
def test_real_tiles_with_shuffled_ids(output_root: Path) -> None:
    words = [sys.executable, "-m", "kaggle_seg.split", "--data", str(SATBUILD), "--run", "real"]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    content = json.loads((output_root / "runs" / "real" / "split.json").read_text(encoding="utf-8"))
    with open(SATBUILD / "manifest_train.csv", encoding="utf-8", newline="") as stream:
        place = {row["n"]: (row["source"], row["y"], row["x"]) for row in csv.DictReader(stream)}
    assert content["method"] == "scenes" and content["audit"]["overlaps"] == [0, 12]
    validation = set(content["validation"])
    rest = [place[name] for name in place.keys() - validation]
    facing = {(source, y) for source, y, _ in rest}, {(source, x) for source, _, x in rest}
    torn = [name for name in validation if (place[name][:2] in facing[0]) or (place[name][::2] in facing[1])]
    assert len(torn) <= 15, "a lower bound of what a random split tears: 112 of 240"
    assert max(Counter(content["clusters"].values()).values()) <= 16
    assert content["audit"]["validation"] == content["audit"]["test"] == 0.0


def test_the_pipeline_keeps_a_split_made_with_settings_of_its_own_and_no_other(
    tiles: Path, output_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = output_root / "runs" / "one" / "split.json"
    assert call(tiles, "--method", "random", "--fold", "2") == 0
    own = path.read_bytes()
    assert call(tiles, "--keep", "--seed", "5") == 0
    assert capsys.readouterr().out.endswith("split: made with settings of your own, kept (runs/one/split.json)\n")
    assert path.read_bytes() == own
    assert call(tiles) == 0
    assert call(tiles, "--keep", "--seed", "5") == 0
    assert json.loads(path.read_text(encoding="utf-8"))["seed"] == 5


def test_verify_reads_what_size_and_time_do_not_tell(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiles, copy)
    assert call(copy) == 0
    image = copy / "train/images/img_3.tif"
    before, content = image.stat(), bytearray(image.read_bytes())
    content[-1] ^= 255
    image.write_bytes(content)
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    capsys.readouterr()
    assert call(copy) == 0
    assert "unchanged, skipped" in capsys.readouterr().out
    assert call(copy, "--verify") == 0
    assert "unchanged, skipped" not in capsys.readouterr().out
