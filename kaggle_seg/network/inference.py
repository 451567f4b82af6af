"""From a trained network to probability maps on disk, with test-time augmentation."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from kaggle_seg.competition import Competition
from kaggle_seg.config import Augmentation, Engine, Precision
from kaggle_seg.decisions.search import truth_of
from kaggle_seg.errors import BadInput
from kaggle_seg.masks.maps import MapStore, quantise
from kaggle_seg.masks.scores import own_variant
from kaggle_seg.network import engines, quantising
from kaggle_seg.network.engines import Predictor
from kaggle_seg.network.layers import FusedBatchNormalization, ReflectPadding
from kaggle_seg.network.machine import choose_precision
from kaggle_seg.output import shown
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import Split
from kaggle_seg.tiles.batches import inverse, symmetries, transform, transform_image
from kaggle_seg.tiles.cache import TileArrays, TileCache
from kaggle_seg.tiles.reading import ahead


def load_model(path: Path) -> keras.Model:
    """Loads a trained network in Keras's safe mode.

    Raises:
        BadInput: the file is no Keras model.
    """
    own = {f"kaggle_seg>{layer.__name__}": layer for layer in (FusedBatchNormalization, ReflectPadding)}
    try:
        return keras.models.load_model(path, own, compile=False, safe_mode=True)
    except (ValueError, OSError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"{shown(path)}: cannot be loaded ({reason}); train again with --restart") from error


def augmentations(kind: Augmentation, height: int, width: int) -> tuple[int, ...]:
    """The flips and quarter turns (see `tiles.batches.transform`) whose predictions are averaged."""
    if kind == "none":
        return (0,)
    possible = symmetries(height, width)
    return possible if kind == "d4" else tuple(symmetry for symmetry in possible if symmetry % 2 == 0)


def probabilities(predictor: Predictor, images: np.ndarray, over: Sequence[int] = (0,)) -> np.ndarray:
    """Probability maps of a batch, averaged over flips and quarter turns.

    Args:
        predictor: the network, ready.
        images: uint8 (B, H, W, 3).
        over: symmetries, as `augmentations` gives.

    Returns:
        float32 (B, H, W) in [0, 1].
    """
    turned = (predictor.run(np.ascontiguousarray(transform_image(images, symmetry))) for symmetry in over)
    total = sum(transform(maps, inverse(symmetry)) for maps, symmetry in zip(turned, over, strict=True))
    return np.minimum(total / np.float32(len(over)) if len(over) > 1 else total, np.float32(1))


def predict_tiles(
    predictor: Predictor, images: np.ndarray, store: MapStore, rows: np.ndarray, kind: Augmentation = "d4"
) -> None:
    """Writes the probability maps that a store still misses, shard by shard; memory does not grow with the tiles.

    Args:
        predictor: the network, ready.
        images: uint8 (N, H, W, 3), memory-mapped.
        store: where the maps go.
        rows: int, the row of `images` for each tile of the store.
        kind: test-time augmentation.
    """
    over = augmentations(kind, store.height, store.width)
    missing = store.missing_shards()

    def maps_of(part: slice) -> tuple[np.ndarray, np.ndarray]:
        return quantise(probabilities(predictor, images[rows[part]], over))

    batches = [batches_of(shard, predictor.batch_size) for shard in missing]
    tiles = sum(shard.stop - shard.start for shard in missing)
    in_order = itertools.chain.from_iterable(batches)
    with tqdm(total=tiles, unit="tile", desc=store.folder.name, disable=None) as bar:
        results = ahead(maps_of, in_order, 2 * predictor.threads, predictor.threads)
        for shard, parts in zip(missing, batches, strict=True):
            maps = []
            for part, levels_and_sums in zip(parts, results, strict=False):
                maps.append(levels_and_sums)
                bar.update(part.stop - part.start)
            levels, sums = (np.concatenate(arrays) for arrays in zip(*maps, strict=True))
            store.write_shard(shard.start // store.shard, levels, sums)


def batches_of(tiles: slice, size: int) -> list[slice]:
    """A slice in parts of at most `size`."""
    return [slice(start, min(start + size, tiles.stop)) for start in range(tiles.start, tiles.stop, size)]


@dataclass(frozen=True)
class Prediction:
    """What is predicted, and how.

    Attributes:
        run: the run directory, held by the caller.
        cache: its tiles.
        split: which of them validate.
        competition: by whose score int8 is judged.
        tta: test-time augmentation.
        precision: as asked for.
        engine: as asked for.
        inputs: all that decides what the maps will be; half-finished maps of other inputs are not taken up.
    """

    run: Run
    cache: TileCache
    split: Split
    competition: Competition
    tta: Augmentation
    precision: Precision
    engine: Engine
    inputs: dict[str, Any]

    def write(self) -> dict[str, str]:
        """Predicts all tiles into `validation/` and `test/`.

        Returns:
            What computed them, for people and the run's record.

        Raises:
            BadInput: the model is damaged or not for these tiles, or a package of the engine is not installed.
        """
        engine, precision = engines.choose_engine(self.engine), choose_precision(self.precision)
        model = self._load()
        try:
            predictor = engines.make_predictor(model, "openvino" if engine == "int8" else engine, precision)
        except ValueError as error:
            raise BadInput(f"{shown(self.run.model_file)}: {error}; train again with --restart") from error
        validation = self._maps(predictor, "validation", self.cache.training, self._rows(self.split.validation))
        notes = {}
        if engine == "int8":
            predictor, notes["int8"] = self._try_int8(model, predictor, precision, validation)
        self._maps(predictor, "test", self.cache.test, np.arange(len(self.cache.test.ids)))
        return {"engine": predictor.description, **notes}

    def _load(self) -> keras.Model:
        model = load_model(self.run.model_file)
        height, width = model.input_shape[1:3]
        if (height, width) != (self.cache.height, self.cache.width):
            raise BadInput(
                f"{shown(self.cache.data)}: tiles of {self.cache.width}×{self.cache.height} pixels, but the network was "
                f"trained on {width}×{height}: give the tiles it was trained for, or train on these"
            )
        return model

    def _rows(self, ids: list[str]) -> np.ndarray:
        row_of = {name: row for row, name in enumerate(self.cache.training.ids)}
        return np.array([row_of[name] for name in ids])

    def _maps(self, predictor: Predictor, folder: str, tiles: TileArrays, rows: np.ndarray) -> MapStore:
        source = hashlib.sha256(json.dumps([self.inputs, predictor.description]).encode()).hexdigest()
        ids, stems = ([names[row] for row in rows] for names in (tiles.ids, tiles.stems))
        store = MapStore.create(self.run.folder / folder, ids, stems, self.cache.height, self.cache.width, source=source)
        predict_tiles(predictor, tiles.images, store, rows, self.tta)
        return store

    def _try_int8(self, model: keras.Model, exact: Predictor, precision: str, validation: MapStore) -> tuple[Predictor, str]:
        """Predicts the validation tiles in 8 bits too; the maps that stay are those of the predictor it returns."""
        rows, images, masks = self._rows(self.split.validation), self.cache.training.images, self.cache.training.masks
        if masks is None or not len(rows):
            return exact, "not taken: there are no validation tiles to judge it by"
        others = sorted(set(self.cache.training.ids) - {*self.split.validation, *self.split.excluded})
        few = np.random.default_rng(0).permutation(self._rows(others))[: quantising.CALIBRATION_TILES]
        network = quantising.quantised(model, images[np.sort(few)])
        coarse = engines.with_openvino(network, precision, "int8")
        trial = self._maps(coarse, "validation-int8", self.cache.training, rows)
        clusters = [self.split.clusters[name] for name in self.split.validation]
        variant = own_variant(self.competition)
        comparison = quantising.compare(trial, validation, truth_of(masks, rows), clusters, variant, self.competition)
        if not comparison.harmless:
            shutil.rmtree(trial.folder)
            return exact, str(comparison)
        shutil.rmtree(validation.folder)
        trial.folder.rename(validation.folder)
        return coarse, str(comparison)
