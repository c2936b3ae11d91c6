"""Small objects, read some ahead of their turn, so that a COPY of many does not wait for each.

Belongs here: how many are read at once. Does not belong here: how one is read (`objects`), their order (`load`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

#: How many are in flight or wait for their turn; with objects of at most 1 MiB, memory stays below 20 MB.
IN_FLIGHT = 16

Content = Callable[[], bytes]


@contextmanager
def reading_ahead(reads: Sequence[Content | None]) -> Iterator[Iterator[Content | None]]:
    """For each object the call that returns its content, or raises what reading it raised; None for one without a call.

    The calls are made in threads, in their order, at most IN_FLIGHT of them before their turn.
    """
    if sum(read is not None for read in reads) < 2:
        yield iter(reads)
        return
    pool = ThreadPoolExecutor(IN_FLIGHT, "copy-read")
    try:
        yield _in_turn(pool, reads)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_turn(pool: ThreadPoolExecutor, reads: Sequence[Content | None]) -> Iterator[Content | None]:
    waiting: deque[Future[bytes] | None] = deque()
    for read in reads:
        waiting.append(pool.submit(read) if read else None)
        if len(waiting) == IN_FLIGHT:
            yield _result(waiting.popleft())
    while waiting:
        yield _result(waiting.popleft())


def _result(read: Future[bytes] | None) -> Content | None:
    return read.result if read else None
