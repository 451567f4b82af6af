"""PyTorch's files without PyTorch: what is read, what is refused, and that nothing in a file is ever called."""

from __future__ import annotations

import pickle
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaggle_seg.errors import BadInput
from kaggle_seg.network.encoders.torch_files import read_state
from tests.network.encoders.written_files import SYSTEM, file_of, state, tensor, text, written

KERNEL = np.arange(36, dtype="<f4").reshape(3, 3, 2, 2)
ARRAYS = {
    "kernel": KERNEL.transpose(3, 2, 0, 1),  # as a kernel of TensorFlow lies in PyTorch's hands
    "offset": np.array([1.5, -2], "<f4"),
    "batches": np.array(7, "<i8"),
    "pointwise": np.arange(6, dtype="<f4").reshape(1, 1, 2, 3).transpose(3, 2, 0, 1),
}
FLOATS = {"7": np.arange(8, dtype="<f4")}


def one(offset: int, size: tuple[int, ...], stride: tuple[int, ...], kind: str = "FloatStorage", count: int = 8) -> bytes:
    """A file of one tensor."""
    return file_of(state({"weights": tensor(kind, "7", count, offset, size, stride)}), FLOATS)


def test_an_honest_file_is_read_in_any_order_of_axes() -> None:
    found = read_state(written(ARRAYS), "honest.pth")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_tensor_may_be_a_part_of_a_storage() -> None:
    np.testing.assert_array_equal(read_state(one(2, (2, 3), (3, 1)), "part.pth")["weights"], [[2, 3, 4], [5, 6, 7]])


@pytest.mark.parametrize(
    ("offset", "size", "stride", "reason"),
    [
        (3, (2, 3), (3, 1), "a tensor ends behind the end of its storage"),
        (0, (9,), (1,), "a tensor ends behind the end of its storage"),
        (0, (1 << 30, 1 << 30), (1, 1 << 30), "a tensor ends behind the end of its storage"),
        (0, (2, 2), (4, 1), "do not lie side by side"),
        (0, (4,), (0,), "do not lie side by side"),
        (0, (2, 2), (1, 1), "do not lie side by side"),
        (0, (2, 2), (2, -1), "whole numbers from 0 on"),
        (-4, (2,), (1,), "whole numbers from 0 on"),
        (0, (2, 2), (1,), "do not fit together"),
        (0, (1,) * 9, (1,) * 9, "do not fit together"),
    ],
)
def test_odd_tensors_are_refused(offset: int, size: tuple[int, ...], stride: tuple[int, ...], reason: str) -> None:
    with pytest.raises(BadInput, match=rf"odd\.pth: not a file of weights that can be read \(.*{reason}"):
        read_state(one(offset, size, stride), "odd.pth")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"PK\x03\x04" + bytes(40), "damaged|opcode"),
        (pickle.dumps(1, protocol=2), "begin"),
        (file_of(state({}), {}, {**SYSTEM, "little_endian": False}), "little-endian"),
        (file_of(pickle.dumps([1], protocol=2), {}), "no state dict"),
        (file_of(state({"weights": text("none")}), {}), "something besides tensors"),
        (one(0, (8,), (1,), count=7), "as many numbers"),
        (one(0, (4,), (1,), kind="LongStorage"), "as many numbers"),
        (one(0, (8,), (1,), kind="HalfStorage"), r"it names torch\.HalfStorage"),
        (one(0, (8,), (1,)) + b"\0", "follows its last storage"),
        (file_of(state({"weights": tensor("FloatStorage", "8", 8, 0, (8,), (1,))}), FLOATS), "not those of its tensors"),
        (file_of(pickle.dumps({}, protocol=4), {}), "the pickle opcode MEMOIZE"),
    ],
)
def test_other_files_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        read_state(data, "other.pth")
    assert len(caught.value.problems) == 1


CALLS = {
    "a command": b"cos\nsystem\n" + b"(" + text("touch called") + b"tR",
    "a builtin": b"cbuiltins\nexec\n" + b"(" + text("open('called', 'w')") + b"tR",
    "an instance": b"(" + text("touch called") + b"ios\nsystem\n",
    "a stacked name": text("os") + text("system") + b"\x93(" + text("touch called") + b"tR",
    "a new object": b"csubprocess\nPopen\n((" + text("touch") + text("called") + b"tt\x81",
    "a part of a name": b"ccollections\nOrderedDict.fromkeys\n(" + text("called") + b"tR",
    "another of PyTorch's": b"ctorch.hub\nload\n(" + text("called") + b"tR",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_is_called(call: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(BadInput, match=r"it names|it holds the pickle opcode"):
        read_state(file_of(state({"weights": call}), {}), "hostile.pth")
    assert list(Path().iterdir()) == []


def test_a_function_that_is_altered_is_altered_for_that_file_alone() -> None:
    """BUILD may set attributes of whatever lies on the stack."""
    changed = text("weights") + b"ctorch._utils\n_rebuild_tensor_v2\n" + b"N}(" + text("__defaults__") + b"NtubR"
    with pytest.raises(BadInput):
        read_state(file_of(b"\x80\x02}(" + changed + b"u.", {}), "altering.pth")
    test_an_honest_file_is_read_in_any_order_of_axes()


def test_a_file_takes_no_more_memory_or_time_than_it_has_bytes() -> None:
    far = b"\x80\x02}r" + struct.pack("<I", 2**32 - 2) + b"."
    started = time.monotonic()
    with pytest.raises(BadInput, match="numbers more objects than it has bytes"):
        read_state(file_of(far, {}), "far.pth")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("length", range(0, len(written(ARRAYS)), 7))
def test_a_truncated_file_is_refused(length: int) -> None:
    with pytest.raises(BadInput):
        read_state(written(ARRAYS)[:length], "short.pth")


@settings(max_examples=400)
@given(st.data())
def test_a_changed_file_is_read_or_refused(data: st.DataObject) -> None:
    """No other exception, whatever is changed, cut out or put in."""
    changed = bytearray(written(ARRAYS))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(changed) - 1))
        cut, new = data.draw(st.integers(0, 4)), data.draw(st.binary(max_size=4))
        changed[place : place + cut] = new
        if not changed:
            break
    try:
        found = read_state(bytes(changed), "changed.pth")
    except BadInput as error:
        assert len(error.problems) == 1
    else:
        assert all(array.size <= len(changed) for array in found.values())
