"""Keras: the U-Net, its losses, training and predicting. No other room imports Keras."""

import importlib.util
import os

from kaggle_seg.errors import BadInput

BACKENDS = ("tensorflow", "jax", "torch")


def check_backend(name: str) -> None:
    """Keras itself would end in a traceback.

    Raises:
        BadInput: Keras has no such backend, or it is not installed.
    """
    if name not in BACKENDS:
        raise BadInput(f"KERAS_BACKEND={name}: wanted one of {', '.join(BACKENDS)}; set it to one of them, or unset it")
    if not importlib.util.find_spec(name):
        raise BadInput(f"KERAS_BACKEND={name}: {name} is not installed; pip install {name}, or unset KERAS_BACKEND")


if "KERAS_BACKEND" in os.environ:
    check_backend(os.environ["KERAS_BACKEND"])

# TensorFlow's own log lines would bury the pipeline's; a user's setting wins
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
