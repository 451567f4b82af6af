"""Files as PyTorch's legacy format has them, written byte by byte: honest ones and others."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
CODES = {"<f4": "FloatStorage", "<i8": "LongStorage"}


def number(value: int) -> bytes:
    """A whole number, as a pickle of protocol 2 has it."""
    return b"J" + struct.pack("<i", value)


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def many(values: Sequence[int]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(kind: str, key: str, count: int) -> bytes:
    return b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu") + number(count) + b"NtQ"


def tensor(kind: str, key: str, count: int, offset: int, size: Sequence[int], stride: Sequence[int]) -> bytes:
    """The call that rebuilds a tensor."""
    hooks = b"\x89ccollections\nOrderedDict\n)R"
    inner = storage(kind, key, count) + number(offset) + many(size) + many(stride) + hooks
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + inner + b"tR"


def state(entries: dict[str, bytes]) -> bytes:
    """The pickle of a state dict, from the pickled values of its entries."""
    inner = b"".join(text(name) + value for name, value in entries.items())
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + inner + b"u."


def file_of(pickled_state: bytes, storages: dict[str, np.ndarray], system: Any = SYSTEM) -> bytes:
    """A whole file."""
    heads = b"".join(pickle.dumps(value, protocol=2) for value in (MAGIC, 1001, system))
    numbers = b"".join(struct.pack("<q", array.size) + array.tobytes() for array in storages.values())
    return heads + pickled_state + pickle.dumps(list(storages), protocol=2) + numbers


def written(arrays: dict[str, np.ndarray]) -> bytes:
    """An honest file of arrays, float32 or int64; axes may lie in any order, as in a transposed array."""
    entries, storages = {}, {}
    for index, (name, array) in enumerate(arrays.items()):
        key, step = str(1000 + index), array.itemsize
        strides = [stride // step for stride in array.strides]
        entries[name] = tensor(CODES[array.dtype.str], key, array.size, 0, array.shape, strides)
        storages[key] = array.ravel(order="K")
    return file_of(state(entries), storages)
