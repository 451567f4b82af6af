"""The training step, written out for each of Keras's backends, and epochs of it, fed batch by batch.

Keras's own `train_on_batch` would hide it, and gives in some versions (3.13) the mean of all losses so far instead of the
step's own. float16's small gradients need a larger loss: the optimiser scales it, and the gradients back; with others the
scale is 1.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import keras
import numpy as np

from kaggle_seg.network import machine
from kaggle_seg.tiles.batches import Batches

# makes a context in which a function trains the model: by default from images (B, H, W, 3) and masks (B, H, W, 1) to a loss
Running = Callable[[], AbstractContextManager[Callable[..., Any]]]


class Steps(Protocol):
    """Trains a model epoch by epoch.

    Attributes:
        feeding: how it comes by its tiles, for people.
    """

    feeding: str

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Trains one epoch.

        Yields:
            Part by part, the loss of each step, float (S,), and the rows of its tiles, int (S, B).
        """


def tensorflow_step(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss) -> Any:
    """A step that changes the model and its optimiser, from images (B, H, W, 3) and masks (B, H, W, 1) to the loss."""
    import tensorflow as tf

    weights = model.trainable_variables

    @tf.function(jit_compile=machine.has_gpu(), autograph=False)  # XLA is slower on a CPU
    def step(images: Any, masks: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            value = loss(masks, logits)
            scaled = optimizer.scale_loss(value)
        gradients = tape.gradient(scaled, [weight.value for weight in weights])
        optimizer.apply(gradients, weights)
        return value

    return step


def jax_step(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss) -> Any:
    """A step from state, images (B, H, W, 3) and masks (B, H, W, 1) to the new state and the loss; see `jax_variables`."""
    import jax

    def value_of(trainable: Any, others: Any, moments: Any, images: Any, masks: Any) -> Any:
        logits, others = model.stateless_call(trainable, others, images, training=True)
        value = loss(masks, logits)
        with keras.StatelessScope(state_mapping=list(zip(optimizer.variables, moments, strict=True))):
            scaled = optimizer.scale_loss(value)
        return scaled, (value, others)

    def step(state: Any, images: Any, masks: Any) -> Any:
        trainable, others, moments = state
        gradient_of = jax.grad(value_of, has_aux=True)
        gradients, (value, others) = gradient_of(trainable, others, moments, images, masks)
        trainable, moments = optimizer.stateless_apply(moments, gradients, trainable)
        return (trainable, others, moments), value

    return step


def torch_step(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss) -> Any:
    """As `tensorflow_step`."""
    import torch

    def step(images: Any, masks: Any) -> Any:
        model.zero_grad()
        value = loss(masks, model(images, training=True))
        optimizer.scale_loss(value).backward()
        weights = model.trainable_variables
        with torch.no_grad():
            optimizer.apply([weight.value.grad for weight in weights], weights)
        return value.detach()

    return step


def jax_variables(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> tuple[Sequence[keras.Variable], ...]:
    """The variables whose values are the state of `jax_step`: trained weights, other weights, the optimiser's."""
    return model.trainable_variables, model.non_trainable_variables, optimizer.variables


@contextlib.contextmanager
def carrying(function: Any, variables: tuple[Sequence[keras.Variable], ...]) -> Iterator[Callable[..., Any]]:
    """Makes of a JAX function from (state, ...) to (state, result) one from ... to the result.

    The state stays on the device. The variables get their new values at the end: those they had are consumed.
    """
    state = tuple([variable.value for variable in group] for group in variables)

    def call(*values: Any) -> Any:
        nonlocal state
        state, result = function(state, *values)
        return result

    try:
        yield call
    finally:
        for group, values in zip(variables, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)


def running_step(model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss) -> Running:
    """The step on whichever backend Keras computes with."""
    if keras.backend.backend() == "jax":
        import jax

        step = jax.jit(jax_step(model, optimizer, loss), donate_argnums=0)
        return lambda: carrying(step, jax_variables(model, optimizer))
    make = torch_step if keras.backend.backend() == "torch" else tensorflow_step
    step = make(model, optimizer, loss)
    return lambda: contextlib.nullcontext(step)


class FedSteps:
    """Trains on batches that the processor gathers, one step a call."""

    feeding = "tiles fed batch by batch"

    def __init__(
        self, model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss, batches: Batches
    ) -> None:
        """Takes a model, its optimiser (built for it), what is minimised, and what it is trained on."""
        self.batches, self.running = batches, running_step(model, optimizer, loss)

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """See `Steps`."""
        with self.running() as step:
            for images, masks, rows in self.batches.epoch(number):
                value = step(keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(masks))
                yield np.array([float(value)]), rows[np.newaxis]
