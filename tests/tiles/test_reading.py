"""Reading ahead: in order, not too far, and over when it is over. What is read: test_cache.py and test_storing.py."""

from __future__ import annotations

import threading
import time

import pytest

from kaggle_seg.tiles.reading import ahead


def test_results_come_in_the_order_of_the_items_though_later_ones_are_done_sooner() -> None:
    def work(number: int) -> int:
        time.sleep(0.05 * (number % 2 == 0))
        return number * number

    assert list(ahead(work, range(9), most=4, threads=3)) == [number * number for number in range(9)]
    assert list(ahead(work, [], most=4)) == []


def test_no_more_is_begun_than_allowed() -> None:
    begun: list[int] = []
    results = ahead(lambda number: begun.append(number) or number, range(1000), most=3)
    assert [next(results), next(results)] == [0, 1]
    time.sleep(0.1)
    assert len(begun) <= 4
    results.close()  # type: ignore[attr-defined]
    time.sleep(0.1)
    assert len(begun) <= 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_an_error_comes_with_its_own_item_and_ends_the_work() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("the fourth")
        return number

    results = ahead(work, range(1000), most=2)
    assert [next(results), next(results), next(results)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the fourth"):
        next(results)
    assert max(begun) <= 4
