"""What work takes, whatever else goes on in this process, where other tests' servers have threads."""

from __future__ import annotations

import multiprocessing
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor


def peak_memory(work: Callable[..., object], *given: object) -> int:
    """The most bytes that Python holds at once for `work`, a function of a module, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_traced, work, *given).result()


def _traced(work: Callable[..., object], *given: object) -> int:
    tracemalloc.start()
    work(*given)
    return tracemalloc.get_traced_memory()[1]
