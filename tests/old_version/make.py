"""Makes this folder anew with version 0.1.0 of the project: tiles, runs, CSVs and a ledger; see the README beside it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

SIZE, TRAINING, TEST = 32, 40, 8
PLACE = "/data/roof-tiles"  # stands in all files for the folder of tiles
SPLIT = ("--method", "random", "--folds", "2")
TRAIN = (
    *("--base-filters", "2", "--depth", "1", "--convs-per-level", "1"),
    *("--batch-size", "4", "--learning-rate", "0.05", "--epochs", "12"),
)
ROOFS = """\
slug = "roofs"
columns = ["image", "rle"]
score = "dice"
empty_tile = "one"
pixel_order = "rows"
images = "images/*.png"
masks = "masks/*.png"
test = "test/*.png"
height = 32
width = 32
"""


def draw_tiles(folder: Path) -> None:
    """Tiles of few colours, so that their files are small: a bright roof on three of four."""
    random = np.random.default_rng(7)
    for name in ("images", "masks", "test"):
        (folder / name).mkdir(parents=True)
    for number in range(TRAINING + TEST):
        mask = np.zeros((SIZE, SIZE), bool)
        if number % 4:
            top, left = random.integers(2, 14, 2)
            mask[top : top + random.integers(6, 16), left : left + random.integers(6, 16)] = True
        ground = random.integers(60, 140, 3)
        spots = 8 * random.integers(0, 3, (8, 8, 1)).repeat(4, 0).repeat(4, 1)
        image = Image.fromarray((np.where(mask[..., None], ground + 60, ground) + spots).astype(np.uint8))
        if number < TRAINING:
            image.save(folder / "images" / f"img_{number}.png", optimize=True)
            Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / f"mask_{number}.png", optimize=True)
        else:
            image.save(folder / "test" / f"test_image_{number - TRAINING}.png", optimize=True)


def make_run(name: str, seed: int, *competition: str) -> None:
    """All stages of one run."""
    from kaggle_seg import predict, report, split, train, tune

    assert split.main(["--data", "tiles", "--run", name, *SPLIT, *competition]) == 0
    assert train.main(["--run", name, *TRAIN, "--seed", str(seed)]) == 0
    assert predict.main([name]) == 0
    assert tune.main([name]) == 0
    assert report.main([name]) == 0


def begin_run(name: str, epochs: int = 30) -> None:
    """A run whose training is killed after a few epochs."""
    from kaggle_seg import split

    assert split.main(["--data", "tiles", "--run", name, *SPLIT]) == 0
    command = [sys.executable, "-m", "kaggle_seg.train", "--run", name, *TRAIN, "--epochs", str(epochs)]
    history = Path("runs") / name / "history.csv"
    with subprocess.Popen(command) as started:
        while not history.exists() or len(history.read_text(encoding="utf-8").splitlines()) < 4:
            time.sleep(0.01)
        started.kill()


def upload(csv: str) -> None:
    """Uploads a CSV to the stand-in for Kaggle that the tests of version 0.1.0 bring."""
    from kaggle_seg import submit
    from tests.submission.kaggle_server import TOKEN, KaggleServer

    with KaggleServer() as server:
        os.environ |= {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "KAGGLE_API_TOKEN": TOKEN}
        os.environ |= {"http_proxy": server.url, "https_proxy": "http://127.0.0.1:9"}
        assert submit.main([csv, "-m", "the first one"]) == 0


def move_tiles(root: Path, before: str, after: str) -> None:
    """Names another folder of tiles in all files, as if the runs had been made with that one."""
    for path in [*root.rglob("*.json"), *root.rglob("*.toml"), *root.rglob("*.csv")]:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(json.dumps(before)[1:-1], json.dumps(after)[1:-1]), encoding="utf-8", newline="\n")
    for record in root.glob("runs/*/stages/tune.json"):  # it knows its split by the hash of the file
        tables = json.loads(record.read_text(encoding="utf-8"))
        split = root / "runs" / record.parents[1].name.partition("+")[0] / "split.json"
        tables["inputs"]["split"] = hashlib.sha256(split.read_bytes()).hexdigest()
        record.write_text(json.dumps(tables, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def tidy(root: Path) -> None:
    """Removes what is large; the first run stays whole but for its report, finished others lose pictures and backup."""
    shutil.rmtree(root / "runs" / ".cache")
    for path in [
        *root.glob("runs/*/report.html"),
        *root.glob("runs/half-done/*.png"),
        *root.rglob(".holder.json"),
        *root.rglob(".*lock"),
    ]:
        path.unlink()
    for name in ("second", "dice", "first+second"):
        shutil.rmtree(root / "runs" / name / "backup", ignore_errors=True)
        for picture in (root / "runs" / name).glob("*.png"):
            picture.unlink()


def main() -> None:
    """Makes the folder that is named on the command line."""
    root = Path(sys.argv[1]).resolve()
    root.mkdir()
    os.environ["KSEG_ROOT"] = str(root)
    os.chdir(root)
    draw_tiles(Path("tiles"))
    Path("roofs.toml").write_text(ROOFS, encoding="utf-8")

    from kaggle_seg import decide

    make_run("first", 1)
    make_run("second", 10)
    make_run("dice", 3, "--competition", "roofs.toml")
    for options in (["first"], ["second"], ["first", "second"], ["dice"], ["first", "--threshold", "0.42"]):
        assert decide.main(options) == 0
    upload("first")
    begin_run("half-done")
    tidy(root)
    move_tiles(root, str(root / "tiles"), PLACE)


if __name__ == "__main__":
    main()
