"""Training a run: what it is trained by and on is checked and kept in run.toml, then its network is trained.

Light until there is something to train: that a run is done is found without Keras.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kaggle_seg import config, tables
from kaggle_seg.competition import Competition
from kaggle_seg.config import NetworkSettings, RunSettings
from kaggle_seg.errors import BadInput
from kaggle_seg.network import machine
from kaggle_seg.network.encoders.weight_files import find_weights
from kaggle_seg.output import file_hash, shown, write_atomic
from kaggle_seg.run_directory import Run
from kaggle_seg.splits.splitting import Split
from kaggle_seg.tiles.cache import TileCache

if TYPE_CHECKING:
    from kaggle_seg.network.backup import Progress

OUTPUTS = ("model.keras", "history.csv", "run.toml")
LEFT_BEHIND = (*OUTPUTS, "plan.json", "learning-curves.svg", "learning-curves.png")  # the last one by earlier versions


def train_run(
    run: Run,
    settings: RunSettings,
    split: Split,
    cache: TileCache,
    competition: Competition,
    *,
    quick: bool = False,
    restart: bool = False,
    after_epoch: Callable[[Progress], None] | None = None,
) -> Progress | None:
    """Trains a run, takes up its training after the last finished epoch, or finds that it is done.

    Nothing else may have been computed in this process, so that the same settings give the same bits.

    Args:
        run: where it is trained.
        settings: all that it fixes besides its split.
        split: which tiles train and which validate.
        cache: the tiles.
        competition: by whose score the epochs are judged.
        quick: whether the settings are those of a quick look; kept for the reports.
        restart: forget what was trained before.
        after_epoch: called after each epoch, e.g. to draw the learning curves.

    Returns:
        How the training went; None where it was done before.

    Raises:
        BadInput: the run was split from other tiles or begun with other settings, a precision or backend is not to be
            had, or a file of the run is damaged.
        Failure: another process holds the run, or the loss is no longer finite.
    """
    check_tiles(run, split, cache)
    if not restart:
        check_settings(run, settings)
    inputs = {
        "settings": tables.to_tables(settings),
        "tiles": cache.fingerprint,
        "validation": split.validation,
        "excluded": split.excluded,
    }
    with run.stage("train", inputs, OUTPUTS) as stage:
        if stage.finished and not restart:
            return None
        stage.finished = False
        find_weights(settings.network)  # missing ones are told before anything else is done
        machine.prepare_backend()
        from kaggle_seg.network.epochs import train_network
        from kaggle_seg.network.trainer import tiles_of

        machine.make_reproducible(settings.training.deterministic)
        chosen = machine.choose_precision(settings.training.precision)
        if restart:
            clear(run)
        encoder = encoder_facts(run, settings.network)
        data = {"root": str(cache.data), "fingerprint": cache.fingerprint, "quick": quick}
        write_settings(run, settings, {"data": data, **machine.record(chosen), **encoder})
        precision = chosen.removeprefix("mixed_")
        print(f"train: computing in {precision}", file=sys.stderr)
        if encoder:
            settings = with_encoder_training(settings, encoder["encoder"]["training"])
            stage.notes["encoder"] = f"{settings.network.encoder}, {settings.network.encoder_training}"
            print(f"train: encoder {stage.notes['encoder']}", file=sys.stderr)
        progress = train_network(run, settings, tiles_of(cache, split, settings.training, competition), after_epoch)
        stage.notes.update(
            best_epoch=progress.best_epoch,
            epochs=progress.epochs,
            training_seconds=round(progress.seconds, 1),
            precision=precision,
        )
    return progress


def check_tiles(run: Run, split: Split, cache: TileCache) -> None:
    """Refuses to train on other tiles than those that were split.

    Raises:
        BadInput: with the two ways on.
    """
    if cache.fingerprint != split.data["fingerprint"]:
        raise BadInput(
            f"run {run.name} was split from other tiles than those now in {shown(cache.data)}: "
            "split again (python -m kaggle_seg.split) and train with --restart, or take another --run name"
        )


def check_settings(run: Run, settings: RunSettings) -> None:
    """Refuses to go on with a run under other settings than it was begun with.

    Raises:
        BadInput: naming the differences and the two ways on.
    """
    if not run.settings_file.exists():
        return
    if changes := tables.differences(config.read_settings(run.settings_file), settings):
        raise BadInput(
            f"run {run.name} was begun with other settings ({'; '.join(changes)}): "
            "take another --run name, or forget what it has trained with --restart "
            f"(to change the threshold alone: python -m kaggle_seg.decide {run.name} --threshold X)"
        )


def encoder_facts(run: Run, network: NetworkSettings) -> dict[str, dict[str, str]]:
    """What run.toml says of the encoder: which file its weights come from, and whether they are trained, too.

    A run that was begun goes on as it was begun, on a machine with a GPU or without one.

    Raises:
        BadInput: the file is not there, or is another one than that the run was begun with.
    """
    if network.encoder == "none":
        return {}
    from kaggle_seg.network.encoders.features import is_frozen

    path = find_weights(network)
    facts = {
        "weights": path.name if path else "none",
        "sha256": file_hash(path) if path else "",
        "training": "frozen" if is_frozen(network) else "released",
    }
    begun = tables.read_toml(run.settings_file).get("encoder", {}) if run.settings_file.exists() else {}
    if begun.get("sha256", facts["sha256"]) != facts["sha256"]:
        raise BadInput(
            f"run {run.name} was begun with the encoder's weights {begun.get('weights')}, SHA-256 {begun['sha256']}; "
            f"{shown(path) if path else 'none'} is another file: bring that one back, or train anew with --restart"
        )
    return {"encoder": {**facts, "training": begun.get("training", facts["training"])}}


def with_encoder_training(settings: RunSettings, training: Any) -> RunSettings:
    """Settings in which it is decided whether the encoder is frozen or released."""
    return replace(settings, network=replace(settings.network, encoder_training=training))


def write_settings(run: Run, settings: RunSettings, facts: dict[str, Any]) -> None:
    """Writes run.toml: facts about tiles and machine, then the settings."""
    import tomli_w

    write_atomic(run.settings_file, tomli_w.dumps({**facts, **tables.to_tables(settings)}))


def clear(run: Run) -> None:
    """Forgets a training: its state, model, history and the plan of its epochs."""
    shutil.rmtree(run.folder / "backup", ignore_errors=True)
    for name in LEFT_BEHIND:
        (run.folder / name).unlink(missing_ok=True)


def summary_of(network: NetworkSettings, side: int = 256) -> str:
    """A network's parameters and FLOPs for square tiles of that side, level by level, as a table of text."""
    machine.prepare_backend()
    from kaggle_seg.network import unet

    return unet.summary(unet.build(replace(network, encoder_weights="none"), side, side))
