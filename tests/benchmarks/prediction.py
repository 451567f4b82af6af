"""How fast the test tiles are predicted, from the cache on disk to stored maps, and how well the masks agree.

    python -m tests.benchmarks.prediction --data DIR [--run RUN]

RUN is a trained run on these tiles; without it the default network is trained for a few epochs first. No test-time
augmentation. The reference is Keras's own `model.predict` of the network as it was trained, in float32, on arrays in memory;
then OpenVINO and ONNX Runtime as one would use them by hand: the network exported as it is, batches of 16 arrays in memory,
probabilities left in memory. What is timed are up to 1234 of the training tiles, for the competition has as many test
tiles. Agreement is the IoU of all masks at threshold 0.5 with those of float32, on the test tiles.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg import config
from kaggle_seg.competition import find_competition
from kaggle_seg.masks.maps import MapStore
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.tiles.cache import open_cache
from tests.benchmarks.children import children, serve
from tests.benchmarks.trained import train_split
from tests.benchmarks.turns import Row, installed, make_parser, not_measured, run, take_turns

BATCH, EPOCHS = 16, 8
TIMED = 1234  # tiles, the competition's
PREDICT = "Keras, model.predict, float32"
OURS, OURS_32 = "ours, Keras, bfloat16", "ours, OpenVINO, float32"
OURS_OPENVINO, OURS_INT8 = "ours, OpenVINO, bfloat16", "ours, OpenVINO, int8"
OPENVINO, OPENVINO_32, OPENVINO_INT8 = ("OpenVINO by hand, " + kind for kind in ("bfloat16", "float32", "int8"))
ONNX = "ONNX Runtime by hand, float32"
NEEDS = {
    **dict.fromkeys((OURS_32, OURS_OPENVINO, OPENVINO, OPENVINO_32), ("openvino",)),
    **dict.fromkeys((OURS_INT8, OPENVINO_INT8), ("openvino", "nncf")),
    ONNX: ("onnxruntime", "onnx", "tf2onnx"),
}
CLAIMS = [  # way, against, wanted
    (OURS, PREDICT, 2.4),
    (OURS_OPENVINO, PREDICT, None),
    (OURS_INT8, PREDICT, 4.5),
    (OURS_OPENVINO, OPENVINO, 0.9),
    (OURS_32, OPENVINO_32, 0.9),
    (OURS_32, ONNX, 0.9),
    (OURS_INT8, OPENVINO_INT8, 0.9),
]
AGREEMENT = {OURS: 0.998, OURS_OPENVINO: 0.998, OURS_INT8: 0.99}


def way_of(name: str, trained: Run, data: Path) -> Callable[[np.ndarray], np.ndarray | MapStore]:
    """Makes a way ready: called with images uint8 (N, H, W, 3), ours memory-mapped, it predicts them."""
    from kaggle_seg.network import engines, machine, quantising
    from kaggle_seg.network.inference import load_model, predict_tiles

    if name.startswith("ours"):
        machine.compute_batches_side_by_side()
    cache = open_cache(data, find_competition())
    settings = settings_of(trained)
    model = load_model(trained.model_file)
    if not name.startswith("ours"):
        return by_hand(name, float32(model, settings), np.array(cache.training.images[:128]))
    precision = "float32" if name == OURS_32 else machine.choose_precision("auto")
    if name == OURS_INT8:
        network = quantising.quantised(model, cache.training.images[: quantising.CALIBRATION_TILES])
        predictor = engines.with_openvino(network, precision, "int8")
    else:
        predictor = engines.make_predictor(model, "keras" if name == OURS else "openvino", precision)
    folder = tempfile.mkdtemp()

    def ours(images: np.ndarray) -> MapStore:
        shutil.rmtree(folder)
        ids = [str(tile) for tile in range(len(images))]
        store = MapStore.create(Path(folder), ids, ids, cache.height, cache.width)
        predict_tiles(predictor, images, store, np.arange(len(ids)), "none")
        return store

    return ours


def masks_of(maps: np.ndarray | MapStore) -> np.ndarray:
    """The masks at threshold 0.5 of what a way predicted, bool (N, H, W)."""
    if isinstance(maps, MapStore):
        return np.concatenate([levels >= 128 for _, levels, _ in maps.shards()])
    return maps >= 0.5


def float32(model: Any, settings: config.NetworkSettings) -> Any:
    """The network as it was trained, not folded, to compute in float32 and to end in probabilities."""
    import keras

    from kaggle_seg.network import unet

    exact = unet.build(settings, *model.input_shape[1:3], "float32")
    exact.set_weights(model.get_weights())
    return keras.Model(exact.input, keras.layers.Activation("sigmoid")(exact.output))


def by_hand(name: str, model: Any, calibration: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The peers, used as their first pages teach."""
    if name == PREDICT:
        return lambda images: model.predict(images, batch_size=BATCH, verbose=0)[..., 0]
    run_batch = with_onnx(model) if name == ONNX else with_openvino(model, name, calibration)

    def batches(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), BATCH)
        return np.concatenate([run_batch(images[start : start + BATCH])[..., 0] for start in starts])

    return batches


def with_openvino(model: Any, name: str, calibration: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """OpenVINO with the hint that suits batches one after another; int8 by nncf's defaults."""
    from kaggle_seg.network.engines import import_openvino, to_openvino

    openvino, network = import_openvino(), to_openvino(model, batch_size=None)
    if name == OPENVINO_INT8:
        import nncf

        batches = [calibration[start : start + BATCH] for start in range(0, len(calibration), BATCH)]
        network = nncf.quantize(network, nncf.Dataset(batches), subset_size=len(batches))
    kind = "f32" if name == OPENVINO_32 else "bf16"
    hints = {"INFERENCE_PRECISION_HINT": kind, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(network, "CPU", hints)
    return lambda images: compiled(images)[0]


def with_onnx(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """ONNX Runtime on the network as Keras exports it."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.onnx")
        model.predict_on_batch(np.zeros((1, *model.input_shape[1:]), np.uint8))  # Keras exports to ONNX what has been called
        model.export(path, format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (name,) = (put.name for put in session.get_inputs())
    return lambda images: session.run(None, {name: images})[0]


def rows(options: argparse.Namespace) -> list[Row]:
    """Speeds in turns, then agreements."""
    with tempfile.TemporaryDirectory() as folder:
        trained = find_run(options.run) if options.run else train(options, Path(folder))
        os.environ["KSEG_ROOT"] = str(trained.folder.parent.parent)
        lacking = {way for way, names in NEEDS.items() if not all(map(installed, names))}
        ways = [way for way in (PREDICT, OURS, *NEEDS) if way not in lacking]
        maps = {way: Path(folder) / f"{number}.npy" for number, way in enumerate(ways)}
        quick = ["--quick"] if options.quick else []
        words = {
            way: [*quick, "--data", options.data, "--run", trained.folder, "--child", way, "--out", maps[way]]
            for way in ways
        }
        with children("tests.benchmarks.prediction", words) as ready:
            turns = take_turns(ready, 1 if options.quick else 7)
        exact, tiles = np.load(maps[PREDICT]), timed_tiles(options).shape[0]
        name = name_of(trained)
        operation = f"prediction of {tiles} tiles, {name}"
        found = [turns.row(operation, way, turns.rate(way, tiles, "tiles")) for way in ways if not way.startswith("ours")]
        for way, against, wanted in CLAIMS:
            if {way, against} <= set(ways):
                found.append(turns.row(operation, way, turns.rate(way, tiles, "tiles"), against, wanted))
            else:
                found.append(not_measured(operation, way, against=against, wanted=wanted))
        return found + [agreement(way, name, np.load(maps[way]), exact) for way in ways if way in AGREEMENT]


def timed_tiles(options: argparse.Namespace) -> np.ndarray:
    """The images that are timed, uint8 (N, H, W, 3), memory-mapped."""
    return open_cache(options.data, find_competition()).training.images[: 32 if options.quick else TIMED]


def settings_of(trained: Run) -> config.NetworkSettings:
    """The settings of a run's network."""
    return config.read_settings(trained.settings_file).network


def name_of(trained: Run) -> str:
    """Which network a run has."""
    names = {config.NetworkSettings(): "default network", config.NetworkSettings(stem="full", depth=4): "plain U-Net"}
    return names.get(settings_of(trained), "another network")


def agreement(way: str, name: str, masks: np.ndarray, exact: np.ndarray) -> Row:
    """The IoU of all masks with those of float32."""
    iou = np.count_nonzero(masks & exact) / max(1, np.count_nonzero(masks | exact))
    return Row(f"agreement of masks with float32, {name}", way, f"IoU {iou:.4f}", value=iou, wanted=AGREEMENT[way])


def train(options: argparse.Namespace, root: Path) -> Run:
    """A run of the default network, trained for a few epochs."""
    os.environ["KSEG_ROOT"] = str(root)
    few = config.TrainingSettings(epochs=1, training_tiles=32) if options.quick else config.TrainingSettings(epochs=EPOCHS)
    train_split(options.data, "benchmark", config.RunSettings(training=few))
    return find_run("benchmark")


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints the table, or is one of its children."""
    parser = make_parser(__doc__, tiles=True)
    parser.add_argument("--child", choices=(PREDICT, OURS, *NEEDS), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if not options.child:
        return run(parser, rows, argv)
    predict = way_of(options.child, find_run(options.run), options.data)
    np.save(options.out, masks_of(predict(open_cache(options.data, find_competition()).test.images)))
    images = timed_tiles(options)
    images = images if options.child.startswith("ours") else np.array(images)
    serve(lambda: predict(images), warm_up=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
