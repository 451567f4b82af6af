"""Draws small trees of tiles, and runs that have predicted them, for the tests of tune and decide."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import tomli_w
from PIL import Image

from kaggle_seg.competition import find_competition
from kaggle_seg.config import QUICK
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.output import output_root, write_atomic, write_json
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import Split
from kaggle_seg.tables import to_tables
from kaggle_seg.tiles.cache import open_cache

SIZE, TRAINING, TEST = 32, 60, 9
VALIDATION = range(10, 58)


def draw_masks(count: int, seed: int) -> np.ndarray:
    """A rectangle on each tile, but none on every fourth; bool (N, 32, 32)."""
    random = np.random.default_rng(seed)
    masks = np.zeros((count, SIZE, SIZE), bool)
    for tile in range(count):
        top, left = random.integers(2, 16, 2)
        masks[tile, top : top + random.integers(8, 16), left : left + random.integers(8, 16)] = tile % 4 > 0
    return masks


def draw_tree(folder: Path) -> Path:
    """A tree of 60 training and 9 test tiles."""
    random = np.random.default_rng(0)
    for name in ("images", "masks", "test"):
        (folder / name).mkdir(parents=True)
    for tile, mask in enumerate(draw_masks(TRAINING, seed=1)):
        Image.fromarray(random.integers(0, 256, (SIZE, SIZE, 3), np.uint8)).save(folder / "images" / f"img_{tile}.png")
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / f"mask_{tile}.png")
    for tile in range(TEST):
        Image.fromarray(random.integers(0, 256, (SIZE, SIZE, 3), np.uint8)).save(folder / "test" / f"test_image_{tile}.png")
    return folder


def predicted(masks: np.ndarray, seed: int, noise: float = 0.2) -> np.ndarray:
    """Probability maps that are right for most pixels, float32 (N, 32, 32)."""
    random = np.random.default_rng(seed)
    return np.clip(np.where(masks, 0.7, 0.15) + random.normal(0, noise, masks.shape), 0, 1).astype(np.float32)


def write_maps(folder: Path, names: list[str], probabilities: np.ndarray, stem: str) -> MapStore:
    """Stores maps, seven tiles to a shard."""
    store = MapStore.create(folder, names, [f"{stem}_{name}" for name in names], SIZE, SIZE, shard=7)
    for tiles in store.missing_shards():
        store.write_shard(tiles.start // 7, *quantise(probabilities[tiles]))
    return store


def draw_run(name: str, tree: Path, seed: int = 5, validation: range = VALIDATION) -> Run:
    """A run that has predicted its validation and test tiles; pieces of two consecutive ids are its clusters."""
    cache = open_cache(tree, find_competition())
    run = Run(output_root() / "runs" / name)
    ids = [str(number) for number in validation]
    split = Split(
        method="blocks",
        asked="blocks",
        reason="drawn",
        seed=0,
        guard=0,
        fold=0,
        folds=[],
        validation=ids,
        excluded=[],
        clusters={str(number): f"piece {number // 2}" for number in range(TRAINING)},
        audit={},
        data={"root": str(cache.data), "fingerprint": cache.fingerprint},
    )
    write_json(run.split_file, dataclasses.asdict(split))
    truth = draw_masks(TRAINING, seed=1)[list(validation)]
    write_maps(run.folder / "validation", ids, predicted(truth, seed), "img")
    test = [str(number) for number in range(TEST)]
    write_maps(run.folder / "test", test, predicted(draw_masks(TEST, seed=2), seed + 1), "test_image")
    return run


def draw_training(run: Run) -> Run:
    """Adds to a drawn run what a training of three epochs leaves, but for the model."""
    rows = ["1,1.5,0.002,0.2,0.1,30", "2,1.25,0.001,0.4,0.3,28.5", "3,1.125,0,0.5,0.3,28"]
    header = "epoch,loss,learning_rate,validation_iou,validation_score,seconds"
    write_atomic(run.folder / "history.csv", "\n".join([header, *rows]) + "\n")
    data = {"root": "tiles", "fingerprint": "f", "quick": True}
    write_atomic(run.settings_file, tomli_w.dumps({"data": data, **to_tables(QUICK)}))
    with run.stage("train", {}, []) as stage:
        stage.notes["best_epoch"] = 3
    with run.stage("predict", {"tta": "d4", "model": "0123"}, []):
        pass
    return run
