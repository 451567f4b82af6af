"""The resume state of a training: one folder an epoch, complete or not there at all.

backup/epoch-0007/state.npz    every variable of model and optimiser, in Keras's order
                  best.npz     every variable of the best averaged model so far
                  progress.json   epoch, best epoch, history
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kaggle_seg.errors import BadInput
from kaggle_seg.output import read_json, shown, write_json


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        epochs: all that are planned.
        epoch: finished ones.
        best_epoch: the one with the best validation score; 0 before the first.
        best_score: its competition score.
        seconds: spent in finished epochs, over all starts.
        history: one row a finished epoch.
    """

    epochs: int
    epoch: int = 0
    best_epoch: int = 0
    best_score: float = -1.0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def save(folder: Path, progress: Progress, state: Sequence[np.ndarray], best: Sequence[np.ndarray]) -> None:
    """Writes the state of a finished epoch and removes the one before; a kill leaves the old or the new one."""
    folder.mkdir(exist_ok=True)
    final = folder / f"epoch-{progress.epoch:04d}"
    temporary = folder / f".{final.name}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    for name, arrays in (("state", state), ("best", best)):
        with open(temporary / f"{name}.npz", "wb") as stream:
            np.savez(stream, *arrays)
            stream.flush()
            os.fsync(stream.fileno())
    write_json(temporary / "progress.json", dataclasses.asdict(progress))
    temporary.rename(final)
    for other in folder.iterdir():
        if other != final:
            shutil.rmtree(other)


def latest(folder: Path) -> Path | None:
    """The folder of the last finished epoch, if there is one."""
    return max(folder.glob("epoch-*"), default=None)


def load(state_folder: Path) -> tuple[Progress, list[np.ndarray], list[np.ndarray]]:
    """What `save` wrote.

    Raises:
        BadInput: a file is damaged.
    """
    try:
        arrays = []
        for name in ("state", "best"):
            with open(state_folder / f"{name}.npz", "rb") as stream, np.load(stream) as saved:
                arrays.append([saved[f"arr_{index}"] for index in range(len(saved.files))])
        return Progress(**read_json(state_folder / "progress.json")), arrays[0], arrays[1]
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(f"{shown(state_folder)}: the resume state is damaged ({error}); start anew with --restart") from error
