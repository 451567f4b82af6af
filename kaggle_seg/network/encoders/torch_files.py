"""PyTorch's legacy `.pth` files read without PyTorch: a state dict of dense float32 and int64 tensors, and nothing else.

Such a file is five pickles, one behind the other, and then the numbers:

    magic number · protocol 1001 · {little_endian, type_sizes} · the state dict · the keys of the storages, in order
    for each storage: how many numbers it holds, int64, then the numbers, little-endian

The state dict calls `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …)` for each tensor; a storage is a
persistent id ('storage', kind, key, device, count). A pickle may call whatever it names, so a file is refused that names
anything besides the four names of a state dict, or holds other opcodes than PyTorch writes for one.

Source: `_legacy_save` in torch/serialization.py.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from kaggle_seg.errors import BadInput

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
KINDS = {"FloatStorage": "<f4", "LongStorage": "<i8"}
MOST_DIMENSIONS = 8
OPCODES = re.compile(
    "PROTO|STOP|LONG1|BININT[12]?|NEWTRUE|NEWFALSE|NONE|BINUNICODE|EMPTY_(DICT|LIST|TUPLE)|MARK|TUPLE[123]?|SETITEMS?|"
    "APPENDS?|GLOBAL|REDUCE|BUILD|BINPERSID|(LONG_)?BIN(GET|PUT)"
)


class Refused(Exception):
    """A file is damaged, or is no state dict."""


@dataclass(frozen=True)
class _Storage:
    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def read_state(data: bytes, name: str) -> dict[str, np.ndarray]:
    """The tensors of a `.pth` file.

    Args:
        data: the whole file.
        name: the file's, for errors.

    Returns:
        By name, float32 or int64.

    Raises:
        BadInput: the file is damaged, or holds anything else. Nothing that it names was called.
    """
    stream = io.BytesIO(data)
    try:
        for wanted in (MAGIC, PROTOCOL):
            if _unpickled(stream) != wanted:
                raise Refused("it does not begin as PyTorch's legacy files do")
        system = _unpickled(stream)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise Refused("its numbers are not little-endian")
        tensors, keys = _tensors(_unpickled(stream)), _unpickled(stream)
        storages = _read_storages(stream, tensors, keys)
        return {key: _array(storages[tensor.storage.key], tensor) for key, tensor in tensors.items()}
    except Refused as refused:
        raise BadInput(f"{name}: not a file of weights that can be read ({refused}); install or copy it anew") from None


class _Unpickler(pickle.Unpickler):
    """Knows four names; two of them stand for functions of its own, which an instance makes anew."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: _Tensor(storage, offset, size, stride)
        if module == "torch" and name in KINDS:
            return name
        raise Refused(f"it names {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", str(kind), str(key), str(), int(count), *_) if kind in KINDS:
                return _Storage(kind, key, count)
        raise Refused("it holds a storage of an unknown kind")


def _unpickled(stream: io.BytesIO) -> Any:
    """One pickle, whose opcodes are looked at before any of them is carried out."""
    start = stream.tell()
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if not OPCODES.fullmatch(opcode.name):
                raise Refused(f"it holds the pickle opcode {opcode.name}")
            # the unpickler makes room for as many objects as the highest number it is told
            if isinstance(argument, int) and opcode.name == "LONG_BINPUT" and argument > len(stream.getbuffer()):
                raise Refused("it numbers more objects than it has bytes")
        stream.seek(start)
        return _Unpickler(stream).load()
    except Refused:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        raise Refused(f"a pickle in it is damaged: {type(error).__name__}") from error


def _tensors(state: Any) -> dict[str, _Tensor]:
    if not isinstance(state, dict):
        raise Refused("it holds no state dict")
    for key, value in state.items():
        if not (isinstance(key, str) and isinstance(value, _Tensor) and isinstance(value.storage, _Storage)):
            raise Refused("its state dict holds something besides tensors")
    return dict(state)


def _read_storages(stream: io.BytesIO, tensors: dict[str, _Tensor], keys: Any) -> dict[str, np.ndarray]:
    """The numbers of each storage."""
    declared = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    if any(tensor.storage != declared[tensor.storage.key] for tensor in tensors.values()):
        raise Refused("it describes one storage in two ways")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or sorted(keys) != sorted(declared):
        raise Refused("its storages are not those of its tensors")
    storages = {}
    for key in keys:
        count, kind = int.from_bytes(stream.read(8), "little", signed=True), np.dtype(KINDS[declared[key].kind])
        rest = stream.getbuffer()[stream.tell() :]
        if count != declared[key].count or not 0 <= count * kind.itemsize <= len(rest):
            raise Refused(f"storage {key!r} does not hold as many numbers as it should")
        storages[key] = np.frombuffer(rest, kind, count)
        stream.seek(count * kind.itemsize, io.SEEK_CUR)
    if stream.read(1):
        raise Refused("something follows its last storage")
    return storages


def _array(storage: np.ndarray, tensor: _Tensor) -> np.ndarray:
    """A tensor's numbers. Its axes may lie in any order in the storage, but densely, as those of a transposed kernel do."""
    size, stride = tensor.size, tensor.stride
    for numbers in (size, stride, (tensor.offset,)):
        if not isinstance(numbers, tuple) or not all(type(number) is int and number >= 0 for number in numbers):
            raise Refused("a tensor's offset, size or stride is not made of whole numbers from 0 on")
    if len(size) != len(stride) or len(size) > MOST_DIMENSIONS:
        raise Refused("a tensor's size and stride do not fit together")
    if tensor.offset + math.prod(size) > len(storage):
        raise Refused("a tensor ends behind the end of its storage")
    long = [axis for axis in range(len(size)) if size[axis] != 1]  # the stride of an axis of one number says nothing
    order = [*(set(range(len(size))) - set(long)), *sorted(long, key=lambda axis: -stride[axis])]
    dense = 1
    for axis in reversed(order):
        if axis in long and stride[axis] != dense:
            raise Refused("a tensor's numbers do not lie side by side")
        dense *= size[axis]
    part = storage[tensor.offset : tensor.offset + dense].reshape([size[axis] for axis in order])
    return np.array(part.transpose(np.argsort(order)) if order else part)
