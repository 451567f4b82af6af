"""Run directories as finished stages leave them, as far as the plan reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from kaggle_seg.pipeline.options import Options


def draw_tiles(folder: Path, training: int = 10, test: int = 4, size: int = 8) -> Path:
    """Empty tiles in the usual layout."""
    places = (("train/images", "img", training), ("train/masks", "mask", training), ("test", "test_image", test))
    for place, name, count in places:
        (folder / place).mkdir(parents=True)
        for number in range(count):
            Image.new("L" if name == "mask" else "RGB", (size, size)).save(folder / place / f"{name}_{number}.tif")
    return folder


def write(path: Path, content: Any) -> None:
    """A JSON or text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def record_run(run: Path, seconds: dict[str, float], options: Options | None = None, clusters: str = "clusters") -> None:
    """Records of stages: 100 training tiles of 1000 x 1000 pixels, of which 20 validate, and 50 test tiles; 10 epochs."""
    options = options or Options()
    write(run / "split.json", {"validation": ["1"] * 20, "excluded": [], clusters: ["1"] * 100})
    write(run / "test" / "ids.json", {"ids": ["1"] * 50, "height": 1000, "width": 1000})
    (run / "validation").mkdir()
    for name in ("model.keras", "history.csv", "decision.json"):
        write(run / name, "")
    training = "epochs = 10\nminutes = 0.0\ntraining_tiles = 0\n"
    write(run / "run.toml", f"[data]\nquick = {str(options.quick).lower()}\n[training]\n{training}")
    inputs = {
        "split": {"seed": 0},
        "predict": {"tta": "none" if options.quick else "d4", "engine": options.engine},
    }
    outputs = {"split": ["split.json"], "train": ["model.keras", "run.toml"], "predict": ["validation", "test"]}
    for stage, spent in seconds.items():
        notes = {"epochs": 10, "training_seconds": spent} if stage == "train" else {}
        facts = {"inputs": inputs.get(stage, {}), "outputs": outputs.get(stage, []), "seconds": spent, "notes": notes}
        write(run / "stages" / f"{stage}.json", facts)
