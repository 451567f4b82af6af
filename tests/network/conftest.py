"""Networks in tests compute as in a training: reproducibly."""

from kaggle_seg.network import machine

machine.make_reproducible()
