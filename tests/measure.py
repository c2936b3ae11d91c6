"""What work costs, whatever else goes on: in this process other tests' servers have threads, on this machine other
programs run.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


def peak_memory(work: Callable[..., object], *given: object) -> int:
    """The most bytes that Python holds at once for `work`, a function of a module, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_traced, work, *given).result()


def growth(work: Callable[[bytes], object], less: bytes, more: bytes) -> float:
    """How many times as much of the processor `work` takes for `more`, in a process of its own: for each the least of
    five tries, without the collector of garbage, which looks at all that a process holds.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_growth, work, less, more).result()


def _traced(work: Callable[..., object], *given: object) -> int:
    tracemalloc.start()
    work(*given)
    return tracemalloc.get_traced_memory()[1]


def _growth(work: Callable[[bytes], object], less: bytes, more: bytes) -> float:
    gc.disable()
    return _seconds(work, more) / _seconds(work, less)


def _seconds(work: Callable[[bytes], object], data: bytes) -> float:
    def once() -> float:
        begun = time.thread_time()
        work(data)
        return time.thread_time() - begun

    return min(once() for _ in range(5))
