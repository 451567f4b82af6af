"""Other competitions from end to end: the salt of TGS on tiles as Kaggle ships them, and one that is scored by Dice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tomli_w
from PIL import Image

from kaggle_seg import decide, inspect, predict, report, split, summary, train, tune
from kaggle_seg.competition import as_tables, find_competition
from kaggle_seg.submission.table import Submission

SALT = "tgs-salt-identification-challenge"
TRAINING, TEST, SIZE = 30, 6, 101
TINY = [
    *("--base-filters", "4", "--depth", "2", "--convs-per-level", "1", "--precision", "float32"),
    *("--epochs", "6", "--batch-size", "4", "--learning-rate", "0.02"),
]
Stage = Callable[[list[str]], int]


def salt_id(part: str, number: int) -> str:
    """Ids as TGS has them: ten hexadecimal digits, some of which begin with zeros or look like numbers."""
    return ("000" if number == 0 else "") + hashlib.sha256(f"{part} {number}".encode()).hexdigest()[
        : 7 if number == 0 else 10
    ]


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright body of salt in most tiles. Images are grey in three channels, masks are 16-bit greyscale of 0 and 65535."""
    root, random = tmp_path_factory.mktemp("salt"), np.random.default_rng(3)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for part, count in (("train", TRAINING), ("test", TEST)):
        for kind in ("images", "masks") if part == "train" else ("images",):
            (root / part / kind).mkdir(parents=True)
        for number in range(count):
            mask = rows + 8 * np.sin(columns / random.integers(9, 20)) > random.integers(20, 80)
            mask &= number % 4 > 0
            grey = 70 + 90 * mask + random.integers(0, 30, (SIZE, SIZE))
            image = Image.fromarray(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2))
            image.save(root / part / "images" / f"{salt_id(part, number)}.png")
            if part == "train":
                sixteen = Image.fromarray(mask.astype(np.uint16) * 65535)
                sixteen.save(root / part / "masks" / f"{salt_id(part, number)}.png")
    return root


@pytest.fixture(scope="module")
def by_dice(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same tiles, scored by the Dice coefficient: a competition described in a TOML file."""
    path = tmp_path_factory.mktemp("dice") / "salt-by-dice.toml"
    path.write_text(tomli_w.dumps(as_tables(find_competition(SALT)) | {"slug": "salt-by-dice", "score": "dice"}))
    return str(path)


@pytest.fixture(scope="module", params=["salt", "dice"])
def finished(
    request: pytest.FixtureRequest, tiles: Path, by_dice: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A run of either competition with its CSV: its name, and the folder of runs and submissions."""
    root, name = tmp_path_factory.mktemp("finished"), request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KSEG_ROOT", str(root))
        competition = SALT if name == "salt" else by_dice
        assert split.main(["--data", str(tiles), "--run", name, "--competition", competition]) == 0
        assert train.main(["--run", name, *TINY]) == 0
        assert predict.main([name, "--precision", "float32", "--engine", "keras", "--tta", "none"]) == 0
        assert tune.main([name]) == 0
        assert decide.main([name]) == 0
    return name, root


@pytest.fixture
def run(finished: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KSEG_ROOT", str(finished[1]))
    return finished[0]


def page_of(capsys: pytest.CaptureFixture[str], root: Path) -> str:
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("page: ")]
    return (root / line.removeprefix("page: ")).read_text(encoding="utf-8")


def in_words(page: str) -> str:
    """What a person reads on a page: no scripts, no styles, no tags."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page))


def test_the_csv_has_the_form_of_its_competition(run: str, finished: tuple[str, Path], tiles: Path) -> None:
    csv = finished[1] / "submissions" / f"{run}.csv"
    submission = Submission.read(csv, find_competition(SALT))
    assert submission.header == ("id", "rle_mask")
    assert {row.stem for row in submission.rows} == {path.stem for path in (tiles / "test" / "images").iterdir()}
    masks = [submission[row.stem] for row in submission.rows]
    assert all(mask.shape == (SIZE, SIZE) for mask in masks)
    assert any(mask.any() for mask in masks), "a network that learnt finds some"


def test_its_test_tiles_are_shown(run: str, finished: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([run, "--html", "--png"]) == 0
    page = page_of(capsys, finished[1])
    assert all(salt_id("test", number) in page for number in range(TEST))
    assert "data:image" in page or "base64" in page


def test_its_validation_tiles_are_shown(run: str, finished: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([run, "--validation"]) == 0
    page = page_of(capsys, finished[1])
    shown = sum(salt_id("train", number) in page for number in range(TRAINING))
    assert 4 <= shown < TRAINING
    assert ("Dice" in in_words(page)) == (run == "dice")


def test_its_report_names_its_score(run: str, finished: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main([run]) == 0
    words = in_words(page_of(capsys, finished[1]))
    assert ("Dice" in words) == (run == "dice")


@pytest.mark.parametrize("command", [tune, decide])
def test_its_decision_names_its_score(command: ModuleType, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([run]) == 0
    told = capsys.readouterr().out
    assert ("Dice (empty tiles count 1)" in told) == (run == "dice")
    assert ("score (empty tiles count 1)" in told) == (run == "salt")


def test_the_end_of_a_pipeline_names_its_score(
    run: str, finished: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert summary.main([str(finished[1] / "submissions" / f"{run}.csv")]) == 0
    told = capsys.readouterr().out
    assert ("Dice (empty tiles count 1)" in told) == (run == "dice")
    assert ("\nscore (empty tiles count 1)" in told) == (run == "salt")


def test_another_competition_is_refused(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune.main([run, "--competition", "ann-and-dl-image-segmentation"]) == 2
    assert f"run {run} is for " in capsys.readouterr().err
