"""Precision and reproducibility."""

from __future__ import annotations

import pytest

from kaggle_seg.network import machine


def test_bfloat16_is_not_chosen_where_onednn_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert not machine.processor_has_bfloat16()
    assert machine.choose_precision("auto") == "float32"


def test_what_is_asked_for_is_taken() -> None:
    assert machine.choose_precision("mixed_bfloat16") == "mixed_bfloat16"


def test_one_operation_runs_at_a_time() -> None:
    import tensorflow as tf

    machine.make_reproducible()
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1
