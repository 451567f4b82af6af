"""The optimiser: AdamW with warm-up and decay, averaged weights, and for some variables a share of the learning rate."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kaggle_seg.config import TrainingSettings


class RatedAdamW(keras.optimizers.AdamW):
    """AdamW that trains some variables at a share of the learning rate."""

    def __init__(self, rates: Mapping[str, float], *values: Any, **settings: Any) -> None:
        """Takes the shares by the beginning of a variable's path, then what AdamW takes."""
        super().__init__(*values, **settings)
        self.rates, self.shares = dict(rates), dict[int, float]()

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Finds the share of each variable."""
        super().build(variables)
        for variable in variables:
            for start, share in self.rates.items():
                if variable.path.startswith(start):
                    # backends hand on the variable or what holds its value
                    self.shares |= {id(variable): share, id(variable.value): share}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One variable's step."""
        super().update_step(gradient, variable, learning_rate * self.shares.get(id(variable), 1.0))


def make_optimizer(
    training: TrainingSettings, steps: int, precision: str, rates: Mapping[str, float] | None = None
) -> keras.optimizers.Optimizer:
    """AdamW with warm-up, cosine decay and averaged weights.

    Args:
        training: its settings.
        steps: of the whole training.
        precision: as `machine.choose_precision` gives it; float16's small gradients need a larger loss.
        rates: shares of the learning rate, by the beginning of the path of the variables that they are for; others have 1.
    """
    warmup = max(1, round(steps * training.warmup))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup), alpha=0.0, warmup_target=training.learning_rate, warmup_steps=warmup
    )
    # a short training has no time for a long average: at most its last tenth
    averaging = min(training.averaging, 1 - 1 / max(2.0, steps / 10))
    make = functools.partial(RatedAdamW, rates) if rates else keras.optimizers.AdamW
    optimizer = make(rate, weight_decay=training.weight_decay, global_clipnorm=1.0, use_ema=True, ema_momentum=averaging)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return keras.optimizers.LossScaleOptimizer(optimizer) if precision == "mixed_float16" else optimizer
