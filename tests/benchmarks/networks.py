"""Two networks given the same time to train: which scores better on tiles that it did not see?

    python -m tests.benchmarks.networks --data DIR --minutes 6 --folds 3

The plain U-Net (full size, 16 filters, depth 4) against the default one. How many epochs fit into the minutes is measured
once, in turns; let the machine rest until the first line appears. The trainings after that may be slowed down, stopped and
taken up again without changing the result. Each fold has a seed of its own; every tile is scored by the run that left it
out, with the decision tuned on the others (cross-fitted); the difference is paired by tiles, its interval from bootstraps
of whole scenes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np

from kaggle_seg.config import NetworkSettings, RunSettings, TrainingSettings
from kaggle_seg.decisions.bootstrap import BootstrapClusters
from kaggle_seg.decisions.record import Estimate
from kaggle_seg.decisions.tuning import tune
from kaggle_seg.decisions.validation import validation_of
from kaggle_seg.masks.scores import own_variant
from kaggle_seg.output import read_json, write_json
from kaggle_seg.run_directory import Run, find_run
from kaggle_seg.splits.splitting import read_split
from kaggle_seg.tiles.cache import open_cache
from tests.benchmarks.trained import predict, split_tiles, train

NETWORKS = {"plain": NetworkSettings(stem="full", depth=4), "default": NetworkSettings()}
ROUNDS = 3


def run_of(network: str, fold: int, minutes: float) -> Run:
    return find_run(f"network-{network}-{minutes:g}min-fold{fold}", must_exist=False)


def measure_epochs(data: Path, minutes: float) -> dict[str, int]:
    """The epochs of each network that fit into the minutes, from measurements in turns; kept beside the runs."""
    kept = run_of("default", 0, minutes).folder / "epochs.json"
    if kept.exists():
        return read_json(kept)
    from kaggle_seg.network import machine
    from kaggle_seg.network.backup import Progress
    from kaggle_seg.network.epochs import UNKNOWN, measure_speed
    from kaggle_seg.network.trainer import Trainer, tiles_of

    machine.make_reproducible()
    run, training = run_of("default", 0, minutes), TrainingSettings(minutes=minutes)
    competition = run.competition()
    tiles = tiles_of(open_cache(data, competition), read_split(run.split_file), training, competition)
    fits: dict[str, list[int]] = {network: [] for network in NETWORKS}
    for _ in range(ROUNDS):
        for network, settings in NETWORKS.items():
            trainer = Trainer(RunSettings(settings, training), tiles, Progress(UNKNOWN))
            fits[network].append(measure_speed(trainer, 60 * minutes)["epochs"])
    epochs = {network: round(statistics.median(counts)) for network, counts in fits.items()}
    write_json(kept, epochs)
    return epochs


def values_of(run: Run, data: Path) -> tuple[list[str], np.ndarray]:
    """The bootstrap cluster of each validation tile, and the tuned decision's cross-fitted score on it, float64 (N,)."""
    validation = validation_of([run], data)
    variant = own_variant(validation.competition)
    tuned = tune(validation.maps, validation.truth, validation.clusters, variant, validation.competition)
    return list(validation.clusters), tuned.chosen_values


def main() -> int:
    """Measures, trains what is not trained yet, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--folds", type=int, default=3, help="how many of the five folds")
    options = parser.parse_args()
    for fold in range(options.folds):
        for network in NETWORKS:
            split_tiles(options.data, run_of(network, fold, options.minutes).name, "--fold", fold)
    epochs = measure_epochs(options.data, options.minutes)
    print(f"epochs in {options.minutes:g} minutes: {epochs}", flush=True)
    clusters: list[str] = []
    values: dict[str, list[np.ndarray]] = {network: [] for network in NETWORKS}
    for fold in range(options.folds):
        for network, settings in NETWORKS.items():
            run = run_of(network, fold, options.minutes)
            train(run, options.data, RunSettings(settings, TrainingSettings(epochs=epochs[network], seed=fold)))
            predict(run, options.data)
            names, scores = values_of(run, options.data)
            values[network].append(scores)
        clusters += [f"{fold} {name}" for name in names]
        print_table(epochs, values, BootstrapClusters(clusters))
    return 0


def print_table(epochs: dict[str, int], values: dict[str, list[np.ndarray]], clusters: BootstrapClusters) -> None:
    """What the folds so far say."""
    print("\n| network | epochs | each fold | all folds, 95 % interval |\n|---|---|---|---|")
    for network, folds in values.items():
        each = ", ".join(f"{scores.mean():.3f}" for scores in folds)
        print(f"| {network} | {epochs[network]} | {each} | {clusters.estimate(np.concatenate(folds))} |")
    by: Estimate | None = clusters.estimate(np.concatenate(values["default"]) - np.concatenate(values["plain"]))
    print(f"\ndefault minus plain, paired: {by}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
