"""A Keras backend that is not to be had is one plain error."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from kaggle_seg import network
from kaggle_seg.errors import BadInput


def test_a_backend_that_keras_does_not_have_is_named_with_those_it_has() -> None:
    with pytest.raises(BadInput, match="KERAS_BACKEND=theano: wanted one of tensorflow, jax, torch"):
        network.check_backend("theano")


def test_one_that_is_not_installed_comes_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    network.check_backend("tensorflow")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="KERAS_BACKEND=jax: jax is not installed; pip install jax"):
        network.check_backend("jax")


def test_a_command_says_so_without_a_traceback() -> None:
    command = [sys.executable, "-m", "kaggle_seg.train", "--summary"]
    environment = os.environ | {"KERAS_BACKEND": "theano"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: KERAS_BACKEND=theano: wanted one of")
    assert "Traceback" not in done.stderr
