"""Objects read ahead of their turn: concurrently, in order, and not more than so many."""

from __future__ import annotations

from functools import partial
from threading import Barrier, Lock

import pytest

from redshift_local.copy.ahead import IN_FLIGHT, reading_ahead


def test_reads_are_concurrent() -> None:
    together = Barrier(IN_FLIGHT, timeout=60)  # passes only if so many reads wait at once

    def read(number: int) -> bytes:
        together.wait()
        return b"%d" % number

    with reading_ahead([partial(read, number) for number in range(3 * IN_FLIGHT)]) as contents:
        assert [content() for content in contents if content] == [b"%d" % n for n in range(3 * IN_FLIGHT)]


def test_no_more_are_read_than_are_soon_due() -> None:
    begun, lock = [], Lock()

    def read(number: int) -> bytes:
        with lock:
            begun.append(number)
        return b""

    with reading_ahead([partial(read, number) for number in range(100)]) as contents:
        for number, content in enumerate(contents):
            assert content is not None
            content()
            assert max(begun) < number + IN_FLIGHT


def test_an_error_is_raised_in_its_turn() -> None:
    def fail() -> bytes:
        raise OSError("gone")

    with reading_ahead([lambda: b"a", None, fail, lambda: b"b"]) as contents:
        first, none, failed, last = contents
        assert first is not None
        assert failed is not None
        assert last is not None
        assert (first(), none, last()) == (b"a", None, b"b")
        with pytest.raises(OSError, match="gone"):
            failed()
