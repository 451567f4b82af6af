"""The optimiser: its rate over a training, and the shares of it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kaggle_seg.config import TrainingSettings
from kaggle_seg.network.optimizer import make_optimizer


def test_the_rate_warms_up_and_falls_to_nothing() -> None:
    optimizer = make_optimizer(TrainingSettings(learning_rate=0.1, warmup=0.1), 100, "float32")
    rates = []
    for step in (0, 5, 10, 55, 100):
        optimizer.iterations.assign(step)
        rates.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
    np.testing.assert_allclose(rates, [0, 0.05, 0.1, 0.05, 0], atol=1e-6)
    assert optimizer.ema_momentum == 0.9, "a tenth of 100 steps"
    assert make_optimizer(TrainingSettings(), 10**6, "float32").ema_momentum == 0.998


@pytest.mark.parametrize("precision", ("float32", "mixed_float16"))
def test_a_share_of_the_rate_is_a_share_of_each_step(precision: str) -> None:
    training = TrainingSettings(learning_rate=0.1, warmup=0.0, weight_decay=0.0)
    slow, fast = (keras.Variable(np.ones(2, np.float32), name=name) for name in ("encoder_kernel", "kernel"))
    optimizer = make_optimizer(training, 100, precision, {"encoder_": 0.25})
    optimizer.build([slow, fast])
    for _ in range(3):  # the first one at a rate of 0
        optimizer.apply([keras.ops.ones(2), keras.ops.ones(2)])
    moved = [1 - keras.ops.convert_to_numpy(variable)[0] for variable in (slow, fast)]
    assert moved[0] == pytest.approx(0.25 * moved[1], rel=1e-4) and moved[1] > 0
