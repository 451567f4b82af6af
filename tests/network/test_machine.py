"""Precision and reproducibility."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kaggle_seg.network import machine


def test_bfloat16_is_not_chosen_where_onednn_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert not machine.processor_has_bfloat16()
    assert machine.choose_precision("auto") == "float32"


def test_what_is_asked_for_is_taken() -> None:
    assert machine.choose_precision("mixed_bfloat16") == "mixed_bfloat16"


@pytest.mark.parametrize(
    ("capability", "precision"),
    [((9, 0), "mixed_bfloat16"), ((8, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"), ((6, 0), "float32")],
)
def test_a_card_computes_in_what_it_is_fast_in(
    capability: tuple[int, int], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    monkeypatch.setattr(machine, "card_capability", lambda: capability)
    assert machine.choose_precision("auto") == precision


def test_one_operation_runs_at_a_time() -> None:
    import tensorflow as tf

    machine.make_reproducible()
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1


def test_a_process_that_predicts_gives_each_operation_one_thread() -> None:
    """In a process of its own, for the threads are fixed once something is computed; later, nothing happens."""
    script = (
        "from kaggle_seg.network import machine; machine.compute_batches_side_by_side(); import tensorflow as tf; "
        "threading = tf.config.threading; assert threading.get_intra_op_parallelism_threads() == 1; "
        "from kaggle_seg.tiles.reading import cores; "
        "assert threading.get_inter_op_parallelism_threads() == cores(); tf.constant(1) + 1"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=False).returncode == 0
    import tensorflow as tf

    before = int(tf.constant(1)) and tf.config.threading.get_intra_op_parallelism_threads()
    machine.compute_batches_side_by_side()
    assert tf.config.threading.get_intra_op_parallelism_threads() == before
