"""Staging one batch while another is published: in which order, and what becomes of what nobody waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from sparkify_assets.load.ahead import StagingAhead
from sparkify_assets.load.results import Batch
from sparkify_assets.load.stage import Progress

SECONDS = 20  # until a thread that hangs fails its test


class Stage:
    """A stage whose batches are opened, held back until `go`, and closed."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.go = threading.Event()
        self.go.set()
        self.at_work = threading.Event()
        self.changed = threading.Condition()

    @contextmanager
    def __call__(self, batch: Batch, progress: Progress) -> Iterator[Any]:
        self.opened.append(batch.id)
        self.at_work.set()
        try:
            assert self.go.wait(SECONDS)
            progress("stage", "events", 1, 2)
            if batch.id == "bad":
                raise ValueError("cannot be staged")
            yield batch.id
        finally:
            with self.changed:
                self.closed.append(batch.id)
                self.changed.notify_all()

    def wait_until_closed(self, *ids: str) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.closed == list(ids), SECONDS), self.closed


def batch(name: str) -> Batch:
    return Batch("events", {}, {}, id=name)


def silent(*_: Any) -> None:
    pass


def test_the_next_batch_is_staged_while_one_is_published() -> None:
    stage, one, two = Stage(), batch("one"), batch("two")
    with StagingAhead(stage, silent) as ahead:
        with ahead.staged(one) as staged:
            assert staged == "one"
            stage.at_work.clear()
            ahead.begin(two)
            assert stage.at_work.wait(SECONDS)  # while the first is open
        assert stage.closed == ["one"]
        with ahead.staged(two) as staged:
            assert staged == "two"
    assert stage.opened == stage.closed == ["one", "two"]


def test_at_most_one_batch_is_ahead() -> None:
    stage, two, three = Stage(), batch("two"), batch("three")
    with StagingAhead(stage, silent) as ahead:
        ahead.begin(two)
        ahead.begin(three)
        with ahead.staged(two):
            assert stage.opened == ["two"]


def test_a_batch_that_comes_between_is_staged_now_and_the_one_ahead_is_kept() -> None:
    """As the halves of a batch that COPY refused do."""
    stage, half, two = Stage(), batch("half"), batch("two")
    with StagingAhead(stage, silent) as ahead:
        ahead.begin(two)
        with ahead.staged(half) as staged:
            assert staged == "half"
        with ahead.staged(two) as staged:
            assert staged == "two"
    assert sorted(stage.opened) == ["half", "two"]


def test_the_error_of_a_batch_is_raised_where_it_is_waited_for_and_the_next_attempt_stages_it_anew() -> None:
    stage, bad = Stage(), batch("bad")
    with StagingAhead(stage, silent) as ahead:
        ahead.begin(bad)
        for _ in range(2):
            with pytest.raises(ValueError, match="cannot be staged"), ahead.staged(bad):
                pass
    assert stage.closed == ["bad", "bad"]


def test_a_batch_that_is_staged_and_not_wanted_is_closed() -> None:
    stage, two = Stage(), batch("two")
    with suppress(KeyboardInterrupt), StagingAhead(stage, silent) as ahead:
        ahead.begin(two)
        assert ahead._begun
        ahead._begun[1].result(SECONDS)
        raise KeyboardInterrupt
    stage.wait_until_closed("two")


def test_nobody_waits_for_a_batch_that_is_given_up_and_it_ends_by_itself() -> None:
    stage, two = Stage(), batch("two")
    stage.go.clear()
    seen: list[int] = []
    with suppress(KeyboardInterrupt), StagingAhead(stage, lambda *_: seen.append(1)) as ahead:
        ahead.begin(two)
        assert stage.at_work.wait(SECONDS)
        raise KeyboardInterrupt
    assert stage.closed == []  # it is still at work, and the load has ended
    stage.go.set()
    stage.wait_until_closed("two")
    assert seen == []
