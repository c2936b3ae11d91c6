"""What fails in the middle of a tick over a queue: SQS, the warehouse, the disk. Nothing announced is given up.

A message that nobody deletes comes again, and SQS gives it up after a few receptions, so a failure may not cost one
reception for each tick while it lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest
from botocore.exceptions import EndpointConnectionError

from sparkify_assets.defs.announced import ReceiptFile
from sparkify_assets.source.store import SourceError
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import WarehouseError
from tests.automation.announcing import MAX_RECEIVED, Announcing, Daemon, calls_of_aws, day, in_step
from tests.conftest import Admin


def test_a_queue_that_is_away_keeps_what_it_holds(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is noted is loaded meanwhile; a queue that is not there at all fails the tick."""
    place.put(day(sample, 1), sample[day(sample, 1)])
    assert len(daemon.tick()) == 1
    daemon.work()
    place.put(day(sample, 2), sample[day(sample, 2)])
    with daemon.queue_away():
        assert not daemon.tick()
        assert (daemon.skipped or "").startswith("The queue does not answer, and keeps what it holds: ")
        assert "\n" not in (daemon.skipped or "")
        assert "Nothing to load: what was announced is in the ledger." in (daemon.skipped or "")
        assert not daemon.tick()
    daemon.settle()
    assert not place.messages  # those of the first tick too, which nobody hid again
    assert in_step(daemon)

    place.put(day(sample, 3), sample[day(sample, 3)])
    daemon.tick()
    monkeypatch.setattr(daemon.queue, "url", daemon.queue.url + "-gone")
    assert len(daemon.tick()) == 1
    daemon.work()
    assert in_step(daemon)
    daemon.tick()
    with pytest.raises(SourceError, match=r"-gone: .*NonExistentQueue"):
        daemon.tick()


@contextmanager
def failing(operation: str, numbers: Callable[[int], bool]) -> Iterator[list[str]]:
    """For a while, the calls of an operation of AWS that have these numbers, from 1 on, find no server."""
    calls = 0

    def call(step: str) -> None:
        nonlocal calls
        if step == f"before {operation}":
            calls += 1
            if numbers(calls):
                raise EndpointConnectionError(endpoint_url="https://sqs.us-west-2.amazonaws.com")

    with calls_of_aws(call) as names:
        yield names


def test_what_was_received_counts_although_the_queue_then_fails(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    """Of the many calls of a tick one may always fail. What the others brought must not come again each time."""
    for key, content in sample.items():
        place.put(key, content)
        for _ in range(4):
            place.send(place.notification(key))
    with failing("ReceiveMessage", lambda number: number % 2 == 0):
        for _ in range(MAX_RECEIVED + 1):
            daemon.tick()
            daemon.work()
            place.let_time_pass()
    assert not place.dead_letters
    daemon.settle()
    assert not place.messages
    assert in_step(daemon)


def test_a_queue_that_stops_answering_is_told(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    for _ in range(11):
        place.send(place.notification(day(sample, 1)))
    with failing("ReceiveMessage", lambda number: number == 2):
        assert not daemon.tick()
    assert (daemon.skipped or "").startswith("The queue stopped answering after 10 messages: ")


def test_messages_that_could_not_be_deleted_are_deleted_later(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    """Their handles are kept while other ticks find and load other things."""
    place.put(day(sample, 1), sample[day(sample, 1)])
    with failing("DeleteMessageBatch", lambda number: True) as calls:
        for _ in range(3):
            daemon.tick()
            daemon.work()
    assert calls.count("DeleteMessageBatch") == 2
    assert calls.count("ReceiveMessage") == 2  # two brought the message and nothing; nothing new comes on top
    assert in_step(daemon)
    daemon.tick()
    assert not place.messages


def no_server(daemon: Daemon) -> None:
    daemon.loader.warehouse = Warehouse("postgresql://nobody@127.0.0.1:1/nothing", Path("/nowhere"))


def no_such_column(daemon: Daemon) -> None:
    renamed(daemon.loader.warehouse, "state", "was")


def renamed(warehouse: Warehouse, column: str, name: str) -> None:
    with Admin(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(f"alter table ledger.loads rename column {column} to {name}")


@pytest.mark.parametrize("fault", [no_server, no_such_column])
def test_what_is_announced_is_noted_although_it_cannot_be_compared(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes], fault: Callable[[Daemon], None]
) -> None:
    """Otherwise each tick that fails would receive the messages once more, until SQS gives them up."""
    there = daemon.loader.warehouse
    there.ensure_tables()
    place.put(day(sample, 1), sample[day(sample, 1)])
    fault(daemon)
    assert not daemon.tick()
    assert (daemon.skipped or "").startswith("2018-11-01: noted, but not compared with the ledger: ")
    with pytest.raises((WarehouseError, psycopg2.errors.UndefinedColumn)):
        daemon.tick()
    assert not place.messages
    daemon.loader.warehouse = there
    if fault is no_such_column:
        renamed(there, "was", "state")
    daemon.settle()
    assert in_step(daemon)


def test_what_is_announced_is_noted_although_the_handles_cannot_be_kept(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    draft = ReceiptFile(daemon.loader.settings).path.with_suffix(".draft")
    draft.mkdir()
    place.put(day(sample, 1), sample[day(sample, 1)])
    assert len(daemon.tick()) == 1
    for _ in range(MAX_RECEIVED):
        place.let_time_pass()
        daemon.tick()
    assert len(place.dead_letters) == 1  # given up by SQS, and loaded all the same
    daemon.work()
    daemon.settle()
    assert in_step(daemon)
