"""Training on tiles that lie on the accelerator: gathered and flipped there, many steps a dispatch.

A card trains on more tiles a second than a processor gathers, and a small step takes it less time than Python needs to ask
for it. Order and flips are those of `tiles.batches`, so that the training is the same but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kaggle_seg.network.machine import has_gpu
from kaggle_seg.tiles.batches import Batches

STEPS = 16  # a dispatch; its losses are read while the next one computes
# the eight D4 symmetries of `tiles.batches.transform`: transposed, then upside down, then left to right
MOVES = ((0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 1))


def turned(arrays: Any, symmetries: Any) -> Any:
    """Flips and quarter turns, each tile its own; exact.

    Args:
        arrays: (B, H, W, C), any dtype; a quarter turn needs H = W.
        symmetries: int (B,), as in `tiles.batches.transform`.
    """
    moves = ops.take(ops.convert_to_tensor(MOVES, "int32"), symmetries, axis=0)
    transposed, upside_down, mirrored = (ops.reshape(moves[:, which] > 0, (-1, 1, 1, 1)) for which in range(3))
    if arrays.shape[1] == arrays.shape[2]:
        arrays = ops.where(transposed, ops.transpose(arrays, (0, 2, 1, 3)), arrays)
    arrays = ops.where(upside_down, ops.flip(arrays, 1), arrays)
    return ops.where(mirrored, ops.flip(arrays, 2), arrays)


def gathered(tiles: Any, places: Any, symmetries: Any) -> Any:
    """A batch (B, H, W, C) of the tiles (N, H, W, C) at the places int (B,), turned."""
    return turned(ops.take(tiles, places, axis=0), symmetries)


class ResidentSteps:
    """Trains a model on tiles that are copied to its device once."""

    words = f"tiles kept on the card, {STEPS} steps a dispatch"

    def __init__(self, model: keras.Model, batches: Batches, loss: keras.losses.Loss) -> None:
        """Copies the tiles.

        Args:
            model: compiled, its optimiser built.
            batches: what it is trained on.
            loss: from masks (B, H, W, 1) and logits (B, H, W, 1) to a scalar.
        """
        self.batches, self.kept = batches, np.sort(batches.rows)
        images, masks = (ops.convert_to_tensor(array[self.kept]) for array in (batches.images, batches.masks))
        self.dispatch = BACKENDS[keras.backend.backend()](model, loss, images, masks[..., None])

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Trains one epoch; see `steps.Steps`."""
        rows, chosen = self.batches.plan(number)
        places = np.searchsorted(self.kept, rows)
        begun: tuple[Any, np.ndarray] | None = None
        self.dispatch.begin()
        try:
            for start in range(0, len(rows), STEPS):
                part = slice(start, start + STEPS)
                count = len(rows[part])
                # one shape for all dispatches, so that none but the first is compiled
                where, how = (np.resize(array[part], (STEPS, rows.shape[1])).astype(np.int32) for array in (places, chosen))
                losses = self.dispatch.steps(where, how, count)
                if begun:
                    yield _read(*begun)
                begun = losses, rows[part]
            if begun:
                yield _read(*begun)
        finally:
            self.dispatch.end()


def _read(losses: Any, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(ops.convert_to_numpy(losses), float)[: len(rows)], rows


class _OnTensorFlow:
    """Steps in a loop of TensorFlow's own; each is compiled by XLA on a card, and holds the variables as usual."""

    def __init__(self, model: keras.Model, loss: keras.losses.Loss, images: Any, masks: Any) -> None:
        import tensorflow as tf

        weights, optimizer = model.trainable_variables, model.optimizer

        @tf.function(jit_compile=has_gpu())
        def step(places: Any, symmetries: Any) -> Any:
            batch, truth = (gathered(tiles, places, symmetries) for tiles in (images, masks))
            with tf.GradientTape() as tape:
                value = loss(truth, model(batch, training=True))
                scaled = optimizer.scale_loss(value)
            optimizer.apply(tape.gradient(scaled, [weight.value for weight in weights]), weights)
            return value

        @tf.function
        def steps(places: Any, symmetries: Any, count: Any) -> Any:
            return tf.while_loop(
                lambda index, _: index < count,
                lambda index, losses: (index + 1, losses.write(index, step(places[index], symmetries[index]))),
                (0, tf.TensorArray(tf.float32, STEPS)),
                parallel_iterations=1,
            )[1].stack()

        self._steps, self._constant = steps, tf.constant

    def begin(self) -> None:
        """Nothing: the variables are where they are."""

    def steps(self, places: np.ndarray, symmetries: np.ndarray, count: int) -> Any:
        """The losses (STEPS,) of the first `count` of the steps on tiles int32 (STEPS, B)."""
        return self._steps(self._constant(places), self._constant(symmetries), self._constant(count))

    def end(self) -> None:
        """Nothing."""


class _OnJax:
    """Steps in a loop of JAX's own, which takes the variables' values and gives new ones."""

    def __init__(self, model: keras.Model, loss: keras.losses.Loss, images: Any, masks: Any) -> None:
        import jax

        def step(state: Any, images: Any, masks: Any, places: Any, symmetries: Any) -> Any:
            batch, truth = (gathered(tiles, places, symmetries) for tiles in (images, masks))

            def value_of(trainable: Any, others: Any) -> Any:
                logits, others = model.stateless_call(trainable, others, batch, training=True)
                return loss(truth, logits), others

            trainable, others, optimizer = state
            (value, others), gradients = jax.value_and_grad(value_of, has_aux=True)(trainable, others)
            trainable, optimizer = model.optimizer.stateless_apply(optimizer, gradients, trainable)
            return (trainable, others, optimizer), value

        def steps(state: Any, images: Any, masks: Any, places: Any, symmetries: Any, count: Any) -> Any:
            def body(index: Any, carried: Any) -> Any:
                state, value = step(carried[0], images, masks, places[index], symmetries[index])
                return state, carried[1].at[index].set(value)

            return jax.lax.fori_loop(0, count, body, (state, jax.numpy.zeros(STEPS)))

        self._variables = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        self._tiles, self._steps = (images, masks), jax.jit(steps, donate_argnums=0)
        self._state: Any = None

    def begin(self) -> None:
        """Takes the variables' values."""
        self._state = tuple([variable.value for variable in variables] for variables in self._variables)

    def steps(self, places: np.ndarray, symmetries: np.ndarray, count: int) -> Any:
        """The losses (STEPS,) of the first `count` of the steps on tiles int32 (STEPS, B)."""
        self._state, losses = self._steps(self._state, *self._tiles, places, symmetries, count)
        return losses

    def end(self) -> None:
        """Gives the variables their new values: those they had were consumed."""
        for variables, values in zip(self._variables, self._state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


BACKENDS: dict[str, Callable[..., _OnTensorFlow | _OnJax]] = {"tensorflow": _OnTensorFlow, "jax": _OnJax}
