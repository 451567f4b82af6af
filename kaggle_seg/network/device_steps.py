"""Epochs of training steps on tiles that lie on the accelerator: gathered and flipped there, many steps a dispatch.

A card trains on more tiles a second than a processor gathers, and a small step takes it less time than Python needs to ask
for it. Order and flips are those of `tiles.batches`, so that the training is the same but for rounding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kaggle_seg.network import machine
from kaggle_seg.network.steps import FedSteps, Running, Steps, carrying, jax_step, jax_variables, tensorflow_step
from kaggle_seg.tiles.batches import Batches

STEPS = 16  # a dispatch; its losses are read while the next one computes
MOST_ON_CARD = 4 << 30  # bytes of tiles; the smallest cards in use have 15 GiB
# the eight D4 symmetries of `tiles.batches.transform`: transposed, then upside down, then left to right
MOVES = ((0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1), (0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 1))


def fastest_steps(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss, batches: Batches
) -> Steps:
    """The fastest way to train on this machine; for the arguments see `steps.FedSteps`."""
    size = len(batches.rows) * (batches.images[0].nbytes + batches.masks[0].nbytes)
    on_card = machine.has_gpu() and keras.backend.backend() in LOOPS and size <= MOST_ON_CARD
    return (DeviceSteps if on_card else FedSteps)(model, optimizer, loss, batches)


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


class DeviceSteps:
    """Trains a model on tiles that are copied to its device once."""

    feeding = f"tiles kept on the card, {STEPS} steps a dispatch"

    def __init__(
        self, model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss, batches: Batches
    ) -> None:
        """Copies the tiles; for the arguments see `steps.FedSteps`."""
        self.batches, self.kept = batches, np.sort(batches.rows)
        images, masks = (ops.convert_to_tensor(array[self.kept]) for array in (batches.images, batches.masks))
        self.running = LOOPS[keras.backend.backend()](model, optimizer, loss, images, masks[..., None])

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Trains one epoch; see `steps.Steps`."""
        rows, chosen = self.batches.plan(number)
        places = np.searchsorted(self.kept, rows)
        begun: tuple[Any, np.ndarray] | None = None
        with self.running() as steps:
            for start in range(0, len(rows), STEPS):
                part = slice(start, start + STEPS)
                count = len(rows[part])
                # one shape for all dispatches, so that none but the first is compiled
                where, how = (np.resize(array[part], (STEPS, rows.shape[1])).astype(np.int32) for array in (places, chosen))
                losses = steps(where, how, count)
                if begun:
                    yield _read(*begun)
                begun = losses, rows[part]
            if begun:
                yield _read(*begun)


def _read(losses: Any, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(ops.convert_to_numpy(losses), float)[: len(rows)], rows


# both loops: from the tiles of STEPS batches, int32 (STEPS, B) places and symmetries, and how many of the steps are to be
# taken, to their losses (STEPS,)


def _tensorflow_loop(model: keras.Model, optimizer: Any, loss: Any, images: Any, masks: Any) -> Running:
    """Steps in a loop of TensorFlow's own; each is compiled by XLA on a card, and holds the variables as usual."""
    import tensorflow as tf

    step = tensorflow_step(model, optimizer, loss)

    @tf.function(jit_compile=machine.has_gpu(), autograph=False)
    def one(places: Any, symmetries: Any) -> Any:
        return step(gathered(images, places, symmetries), gathered(masks, places, symmetries))

    @tf.function(autograph=False)
    def steps(places: Any, symmetries: Any, count: Any) -> Any:
        return tf.while_loop(
            lambda index, _: index < count,
            lambda index, losses: (index + 1, losses.write(index, one(places[index], symmetries[index]))),
            (0, tf.TensorArray(tf.float32, STEPS)),
            parallel_iterations=1,
        )[1].stack()

    return lambda: contextlib.nullcontext(lambda *values: steps(*map(tf.constant, values)))


def _jax_loop(model: keras.Model, optimizer: Any, loss: Any, images: Any, masks: Any) -> Running:
    """Steps in a loop of JAX's own, which takes the variables' values and gives new ones."""
    import jax

    step = jax_step(model, optimizer, loss)

    def steps(state: Any, images: Any, masks: Any, places: Any, symmetries: Any, count: Any) -> Any:
        def body(index: Any, carried: Any) -> Any:
            batch, truth = (gathered(tiles, places[index], symmetries[index]) for tiles in (images, masks))
            state, value = step(carried[0], batch, truth)
            return state, carried[1].at[index].set(value)

        return jax.lax.fori_loop(0, count, body, (state, jax.numpy.zeros(STEPS)))

    compiled = jax.jit(steps, donate_argnums=0)

    @contextlib.contextmanager
    def running() -> Iterator[Any]:
        with carrying(compiled, jax_variables(model, optimizer)) as call:
            yield lambda *values: call(images, masks, *values)

    return running


LOOPS = {"tensorflow": _tensorflow_loop, "jax": _jax_loop}
