"""What this machine computes in, and how to make it give the same bits twice."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import keras

from kaggle_seg.tiles.reading import cores


def choose_precision(asked: str) -> str:
    """What "auto" means on this machine; any other wish is granted or refused.

    bfloat16 pays where the processor multiplies in it (AVX512_BF16, AMX) and oneDNN is on, and on NVIDIA GPUs since
    Ampere; elsewhere on CPUs it is emulated, 40 times slower.
    """
    if asked != "auto":
        return asked
    if has_gpu():
        capability = card_capability()
        return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"
    return "mixed_bfloat16" if processor_has_bfloat16() else "float32"


def card_capability() -> tuple[int, ...]:
    """NVIDIA's compute capability of the GPU that Keras computes on, as (major, minor); (0, 0) where it is not told."""
    if keras.backend.backend() == "jax":
        import jax

        return tuple(map(int, getattr(jax.devices()[0], "compute_capability", "0.0").split(".")))
    import tensorflow as tf

    card = tf.config.list_physical_devices("GPU")[0]
    return tuple(tf.config.experimental.get_device_details(card).get("compute_capability", (0, 0)))


def has_gpu() -> bool:
    """Whether Keras computes on a GPU."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() == "gpu"
    return False


def processor_has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16 and oneDNN, which makes use of it, is on."""
    facts = Path("/proc/cpuinfo")
    flags = facts.read_text(encoding="utf-8", errors="replace") if facts.exists() else ""
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0" and ("avx512_bf16" in flags or "amx_bf16" in flags)


def compute_batches_side_by_side() -> None:
    """Gives each operation one thread, for a process that predicts several batches at a time; before anything is computed.

    On a CPU that is faster than sharing out each operation, and reproducible: nothing depends on how many threads were free.
    """
    if keras.backend.backend() != "tensorflow" or has_gpu():
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
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    if tf.config.threading.get_inter_op_parallelism_threads() != 1 and not has_gpu():
        tf.config.threading.set_inter_op_parallelism_threads(1)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
