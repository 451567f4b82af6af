"""The verb inspect: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaggle_seg.competition import find_competition
from kaggle_seg.inspect import main
from kaggle_seg.masks import rle
from kaggle_seg.submission.table import write_submission

COMPETITION = find_competition()


@pytest.fixture
def csv(output_root: Path) -> Path:
    """A valid submission of six tiles, with the JSON beside it."""
    path = output_root / "submissions" / "a.csv"
    masks = np.zeros((6, 8, 8), bool)
    masks[3:, 2:5, 2:5] = True
    stems = [f"t_{number}" for number in range(6)]
    write_submission(path, stems, rle.encode(masks), 8, 8, COMPETITION)
    path.with_suffix(".json").write_text(json.dumps({"stems": stems}), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["a", "a.csv", "the path"])
def test_a_valid_file_ends_with_0_and_its_summary(csv: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([str(csv) if name == "the path" else name]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert lines[0] == "submissions/a.csv: valid"
    assert lines[1].endswith("checked against the 6 ids of submissions/a.json")
    assert any(line.split() == ["empty", "3", "(50.0%)"] for line in lines)
    assert any(line.startswith("regions per tile   mean 1.0, median 1, most 1 (t_3)") for line in lines)


def test_faults_are_lines_on_stdout_and_end_with_1(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv.write_text(csv.read_text(encoding="utf-8").replace("t_1,,", "t_9,nan,"), encoding="utf-8", newline="\n")
    assert main(["a"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("line 3: found the id 't_9', wanted one of submissions/a.json; ")
    assert lines[1].startswith("line 3: found 'nan' for an empty mask")
    assert lines[2].startswith("whole file: found no row for 1 of 6 ids (t_1)")
    assert lines[3] == "submissions/a.csv: 3 faults"
    assert any(line.split() == ["masks", "5"] for line in lines), "the other rows still have a summary"


def test_unknown_ids_are_said_to_be_unchecked(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv.with_suffix(".json").unlink()
    assert main(["a"]) == 0
    assert "could not be checked" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\xff", "a,b\n1,2\n".encode("utf-16")])
def test_a_file_that_is_no_submission_ends_with_1(csv: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    csv.write_bytes(content)
    assert main(["a"]) == 1
    assert "; " in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("words", [["none"], ["submissions"], ["a", "--data", "none"], ["a", "--png"]])
def test_what_cannot_be_read_ends_with_2(csv: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_png_writes_a_contact_sheet_beside_the_csv(csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in ("images/1.png", "masks/1.png", *(f"test/t_{number}.png" for number in range(6))):
        path = tmp_path / "tiles" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((8, 8) if path.parent.name == "masks" else (8, 8, 3), np.uint8)).save(path)
    assert main(["a", "--png", "--data", str(tmp_path / "tiles")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "contact sheet      submissions/a.png"
    assert csv.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_it_loads_nothing_that_would_cost_it_its_second(csv: Path) -> None:
    code = (
        "import sys; from kaggle_seg.inspect import main; status = main(['a']); "
        "print(sorted({'tensorflow', 'keras', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules))); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom kaggle_seg.inspect import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'scipy', 'PIL', 'pandas', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
