"""What this machine computes with, how to make it give the same bits twice, and what a run's record says of it.

Keras is imported where it is needed alone: `prepare_backend` must run before that, and much can be said without it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from kaggle_seg.errors import BadInput, Failure
from kaggle_seg.tiles.reading import cores

BACKENDS = ("tensorflow", "jax", "torch")
# a backend and its distributions, of which the first that is installed counts
RECORDED = {
    "kaggle_seg": ("kaggle_seg",),
    "keras": ("keras",),
    "numpy": ("numpy",),
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
    "openvino": ("openvino",),
}


def prepare_backend() -> None:
    """Makes sure that Keras can be imported; to be called before it is, where it would end in a traceback.

    Raises:
        BadInput: KERAS_BACKEND names a backend that Keras does not have, or that is not installed.
    """
    # TensorFlow's own log lines would bury ours; a user's setting wins
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if (name := os.environ.get("KERAS_BACKEND")) is None:
        return
    if name not in BACKENDS:
        raise BadInput(f"KERAS_BACKEND={name}: wanted one of {', '.join(BACKENDS)}; set it to one of them, or unset it")
    if not importlib.util.find_spec(name):
        raise BadInput(f"KERAS_BACKEND={name}: {name} is not installed; pip install {name}, or unset KERAS_BACKEND")


def backend() -> str:
    """What Keras computes with: "tensorflow", "jax" or "torch"."""
    import keras

    return keras.backend.backend()


def choose_precision(asked: str) -> str:
    """What "auto" means on this machine; any other wish is granted or refused.

    bfloat16 pays where the processor multiplies in it (AVX512_BF16, AMX) and oneDNN is on, and on NVIDIA GPUs since
    Ampere; elsewhere on CPUs it is emulated, 40 times slower.

    Raises:
        BadInput: bfloat16 is asked for where it would be emulated.
    """
    if asked == "mixed_bfloat16" and not has_gpu() and (lacking := what_bfloat16_lacks()):
        raise BadInput(
            f"--precision mixed_bfloat16: {lacking}, so bfloat16 would be emulated, about 40 times slower; "
            "take --precision auto, or float32"
        )
    if asked != "auto":
        return asked
    if has_gpu():
        capability = card_capability()
        return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"
    return "float32" if what_bfloat16_lacks() else "mixed_bfloat16"


def what_bfloat16_lacks() -> str:
    """Why the processor would emulate bfloat16, for people; empty where it multiplies in it."""
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") == "0":
        return "TF_ENABLE_ONEDNN_OPTS=0 switches off what computes in it (unset it)"
    facts = Path("/proc/cpuinfo")
    flags = facts.read_text(encoding="utf-8", errors="replace") if facts.exists() else ""
    has_it = "avx512_bf16" in flags or "amx_bf16" in flags
    return "" if has_it else "this processor has neither AVX512_BF16 nor AMX"


def card_capability() -> tuple[int, ...]:
    """NVIDIA's compute capability of the GPU that Keras computes on, as (major, minor); (0, 0) where it is not told."""
    if backend() == "jax":
        import jax

        return tuple(map(int, getattr(jax.devices()[0], "compute_capability", "0.0").split(".")))
    return tuple(_tensorflow_card().get("compute_capability", (0, 0)))


def has_gpu() -> bool:
    """Whether Keras computes on a GPU."""
    if backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    if backend() == "jax":
        import jax

        return jax.default_backend() == "gpu"
    return False


def compute_batches_side_by_side() -> None:
    """Gives each operation one thread, for a process that predicts several batches at a time; before anything is computed.

    On a CPU that is faster than sharing out each operation, and reproducible: nothing depends on how many threads were free.
    """
    if backend() != "tensorflow" or has_gpu():
        return
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # something was computed already, as in a notebook: its threads stay
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(cores())


def make_reproducible(deterministic: bool = False) -> None:
    """Makes a training give the same bits on every start; to be called before anything is computed.

    On a CPU one operation must run at a time, each on all cores: how many threads oneDNN takes for an operation depends on
    what else is running, and with them the order of its sums. On a GPU it takes TensorFlow's own deterministic operations,
    which cost speed and so are a matter of choice.

    Args:
        deterministic: take those too.

    Raises:
        Failure: TensorFlow has computed something in this process, so that its threads can't be changed any more.
    """
    if backend() != "tensorflow":
        return
    import tensorflow as tf

    if tf.config.threading.get_inter_op_parallelism_threads() != 1 and not has_gpu():
        try:
            tf.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError as error:
            raise Failure(
                "TensorFlow has computed in this process before, so a training here would not be reproducible; "
                "train in a new process (in a notebook: restart the kernel)"
            ) from error
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def record(precision: str) -> dict[str, dict[str, str | int]]:
    """What computes a run, for run.toml: versions, processor, card and precision. It names no folder and no person.

    Args:
        precision: as `choose_precision` gives it.
    """
    versions: dict[str, str | int] = {"python": platform.python_version()}
    versions |= {name: version for name, names in RECORDED.items() if (version := _installed(names))}
    if commit := commit_of(Path(__file__).resolve().parents[2]):
        versions["commit"] = commit
    machine: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": cores(),
        "backend": backend(),
        "precision": precision.removeprefix("mixed_"),
    }
    if has_gpu():
        machine["card"] = _card()
    return {"versions": versions, "machine": machine}


def _installed(names: tuple[str, ...]) -> str:
    """The version of the first of some distributions that is there."""
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return ""


def commit_of(project: Path) -> str:
    """The commit of the project's checkout, with "-dirty" where files differ from it; empty where there is no checkout."""
    if not (project / ".git").exists():
        return ""
    command = ["git", "-C", str(project), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    """The processor's name."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8", errors="replace").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _card() -> str:
    """The name of the GPU that Keras computes on."""
    if backend() == "jax":
        import jax

        return str(jax.devices()[0].device_kind)
    return str(_tensorflow_card().get("device_name", "unknown"))


def _tensorflow_card() -> dict[str, Any]:
    import tensorflow as tf

    return tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
