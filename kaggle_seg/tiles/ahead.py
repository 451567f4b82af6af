"""Work done ahead of whoever asks for it, in threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(work: Callable[[T], R], items: Iterable[T], most: int, threads: int = 1) -> Generator[R, None, None]:
    """The results of some work in the order of its items, begun before they are asked for.

    After an error, or when nobody asks any more, nothing new is begun.

    Args:
        work: called in threads.
        items: taken one by one, as the work goes on.
        most: how many results may be begun and not asked for yet, so that memory stays flat.
        threads: how many work at a time.
    """
    begun: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) == most:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
