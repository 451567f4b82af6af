"""What this machine computes with: backend, precision, threads, and what is recorded of it."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from kaggle_seg.errors import BadInput
from kaggle_seg.network import machine


def test_a_backend_that_keras_does_not_have_is_named_with_those_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(BadInput, match="KERAS_BACKEND=theano: wanted one of tensorflow, jax, torch"):
        machine.prepare_backend()


def test_one_that_is_not_installed_comes_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    machine.prepare_backend()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(BadInput, match="KERAS_BACKEND=jax: jax is not installed; pip install jax"):
        machine.prepare_backend()


def test_a_module_of_the_network_checks_nothing_when_it_is_imported() -> None:
    """And `machine` does not import Keras, which would end in a traceback."""
    script = "import sys, kaggle_seg.network.machine, kaggle_seg.network.training; sys.exit('keras' in sys.modules)"
    environment = os.environ | {"KERAS_BACKEND": "theano"}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0


def test_a_command_says_so_without_a_traceback() -> None:
    command = [sys.executable, "-m", "kaggle_seg.train", "--summary"]
    environment = os.environ | {"KERAS_BACKEND": "theano"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: KERAS_BACKEND=theano: wanted one of")
    assert "Traceback" not in done.stderr


def test_bfloat16_is_not_chosen_where_onednn_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert machine.choose_precision("auto") == "float32"


def test_bfloat16_is_refused_where_it_would_be_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    with pytest.raises(BadInput, match=r"mixed_bfloat16: TF_ENABLE_ONEDNN_OPTS=0 .*--precision auto, or float32"):
        machine.choose_precision("mixed_bfloat16")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    monkeypatch.setattr(Path, "read_text", lambda path, **settings: "flags: avx2 avx512f")
    with pytest.raises(BadInput, match="--precision mixed_bfloat16: this processor has neither AVX512_BF16 nor AMX"):
        machine.choose_precision("mixed_bfloat16")
    assert machine.choose_precision("auto") == "float32"


def test_what_is_asked_for_is_taken_where_it_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.choose_precision("mixed_float16") == "mixed_float16"
    monkeypatch.setattr(machine, "what_bfloat16_lacks", lambda: "")
    assert machine.choose_precision("mixed_bfloat16") == machine.choose_precision("auto") == "mixed_bfloat16"
    monkeypatch.setattr(machine, "what_bfloat16_lacks", lambda: "something")
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
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


def test_a_process_that_has_computed_is_no_place_for_a_training() -> None:
    """Its threads are fixed, and the sums of a training would depend on how many were free."""
    script = (
        "import tensorflow as tf; tf.config.threading.set_inter_op_parallelism_threads(2); tf.constant(1) + 1; "
        "from kaggle_seg.network import machine; machine.make_reproducible()"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False)
    assert "Failure: TensorFlow has computed in this process before" in done.stderr


def test_the_record_names_versions_processor_and_commit_but_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    record = machine.record("mixed_bfloat16")
    versions, facts = record["versions"], record["machine"]
    assert versions["python"] == platform.python_version()
    assert versions["tensorflow"] in (installed("tensorflow"), installed("tensorflow-cpu"))
    assert {name: versions[name] for name in ("keras", "numpy")} == {name: installed(name) for name in ("keras", "numpy")}
    assert (facts["backend"], facts["precision"]) == ("tensorflow", "bfloat16")
    assert facts["processor"]
    assert "card" not in facts
    assert str(Path.home()) not in str(record)
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    monkeypatch.setattr(machine, "_tensorflow_card", lambda: {"device_name": "Tesla T4"})
    assert machine.record("float32")["machine"]["card"] == "Tesla T4"


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@pytest.mark.skipif(not shutil.which("git"), reason="git is not there")
def test_the_commit_is_that_of_the_projects_own_checkout(tmp_path: Path) -> None:
    assert machine.commit_of(tmp_path) == ""

    def git(*words: str) -> None:
        identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "core.hooksPath=/dev/null"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("one", encoding="utf-8")
    git("add", "file")
    git("commit", "-m", "one")
    assert re.fullmatch("[0-9a-f]{40}", machine.commit_of(tmp_path))
    (tmp_path / "file").write_text("two", encoding="utf-8")
    assert re.fullmatch("[0-9a-f]{40}-dirty", machine.commit_of(tmp_path))
    (tmp_path / "below").mkdir()
    assert machine.commit_of(tmp_path / "below") == "", "another project's checkout around ours says nothing of ours"
