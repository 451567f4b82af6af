"""Numbers in text, against Python's own `int` and `str`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaggle_seg.masks import digits

any_number = st.integers(0, 18).flatmap(lambda width: st.integers(0, 10**width - 1))  # few digits as often as many


@given(numbers=st.lists(st.integers(1, 8).flatmap(lambda width: st.integers(0, 10**width - 1)), min_size=1))
def test_numbers_with_one_space_between_are_read(numbers: list[int]) -> None:
    found = digits.parse(" ".join(map(str, numbers)))
    assert found is not None
    assert found.dtype == np.int64
    assert found.tolist() == numbers


@given(
    words=st.lists(st.tuples(st.integers(0, 12), any_number, st.integers(1, 3)), min_size=1),
    before=st.sampled_from(["", " ", "  "]),
)
def test_zeros_in_front_and_more_spaces_do_no_harm(words: list[tuple[int, int, int]], before: str) -> None:
    text = before + "".join("0" * zeros + str(number) + " " * spaces for zeros, number, spaces in words)
    found = digits.parse(text)
    assert found is not None
    assert found.tolist() == [number for _, number, _ in words]


@given(text=st.text(alphabet="0189 /:-.x\t\n\0١é\ud800", min_size=1).filter(lambda text: set(text) - set("0189 ")))
def test_a_text_of_anything_else_is_refused(text: str) -> None:
    assert digits.parse(text) is None


@pytest.mark.parametrize("place", range(12))
@pytest.mark.parametrize("sign", ["/", ":", "x", "\0", "\x1f", "!", "\xb2"])
def test_one_wrong_sign_is_found_wherever_it_stands(sign: str, place: int) -> None:
    text = "12 345 6789 0"
    assert digits.parse(text[:place] + sign + text[place + 1 :]) is None


def test_what_is_too_large_becomes_the_largest_number() -> None:
    found = digits.parse("1 99999999999999999999999 3")
    assert found is not None
    assert found.tolist() == [1, 2**63 - 1, 3]


@given(numbers=st.lists(st.integers(1, digits.TABLE_NUMBERS - 1), min_size=1))
@pytest.mark.parametrize("largest", [digits.TABLE_NUMBERS - 1, digits.TABLE_NUMBERS])
def test_numbers_are_spelled_from_the_table_and_without_it(largest: int, numbers: list[int]) -> None:
    words, widths = digits.spell(np.array(numbers), largest)
    assert words.tobytes().replace(b"\0", b"").decode("ascii") == "".join(f"{number} " for number in numbers)
    assert widths.tolist() == [len(str(number)) + 1 for number in numbers]
