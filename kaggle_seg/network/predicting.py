"""Predicting a run: the maps of its validation and test tiles, those that are missing.

Light until there is something to predict: that a run is done is found without Keras.
"""

from __future__ import annotations

from kaggle_seg.competition import Competition
from kaggle_seg.config import Augmentation, Engine, Precision
from kaggle_seg.errors import BadInput
from kaggle_seg.network import machine
from kaggle_seg.output import file_hash, shown
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import Split
from kaggle_seg.tiles.cache import TileCache


def predict_run(
    run: Run,
    split: Split,
    cache: TileCache,
    competition: Competition,
    *,
    tta: Augmentation = "d4",
    precision: Precision = "auto",
    engine: Engine = "auto",
) -> dict[str, str] | None:
    """Predicts a run's tiles into `validation/` and `test/`, or finds that it is done.

    On a CPU, Keras predicts fastest in a process that has not computed anything yet.

    Args:
        run: a trained one.
        split: which tiles validate.
        cache: the tiles.
        competition: by whose score int8 is judged.
        tta: test-time augmentation.
        precision: what to compute in.
        engine: what computes.

    Returns:
        What computed the maps, for people, under "engine", and what became of int8 where that was asked for; None where
        the maps were there before.

    Raises:
        BadInput: the run is not trained, its model is damaged or not for these tiles or settings, or the engine, precision
            or backend is not to be had.
        Failure: another process holds the run.
    """
    if not run.model_file.exists():
        raise BadInput(f"{shown(run.model_file)} is not there: train it with python -m kaggle_seg.train --run {run.name}")
    inputs = {
        "model": file_hash(run.model_file),
        "tta": tta,
        "precision": precision,
        "engine": engine,
        "validation": split.validation,
        "tiles": cache.fingerprint,
    }
    with run.stage("predict", inputs, ["validation", "test"]) as stage:
        if stage.finished:
            return None
        machine.prepare_backend()
        from kaggle_seg.network.inference import Prediction

        machine.compute_batches_side_by_side()
        stage.notes.update(Prediction(run, cache, split, competition, tta, precision, engine, inputs).write())
    return stage.notes
