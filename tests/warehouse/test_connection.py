"""Transactions: the one lock and its holder, whole retries, and what is never tried again."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import time

import psycopg2
import psycopg2.errors
import pytest

from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import LockTimeout, WarehouseError
from tests.conftest import Admin
from tests.invariants import processes


@pytest.fixture
def ready(warehouse: Warehouse) -> Warehouse:
    warehouse.ensure_tables()
    return warehouse


def test_the_wait_for_the_lock_is_bounded_and_names_the_holder(ready: Warehouse) -> None:
    impatient = dataclasses.replace(ready, lock_wait_ms=300)
    with ready.transaction() as holder:
        pid = holder.connection.info.backend_pid
        with pytest.raises(LockTimeout) as refused, impatient.transaction():
            pass
    assert re.search(rf"process {pid} since \d{{4}}-\d{{2}}-\d{{2}}", str(refused.value))


def test_readers_are_not_kept_waiting(ready: Warehouse) -> None:
    with ready.transaction(), ready.transaction(lock=False) as reader:
        assert reader.records("report/row_counts")[0]["songplays"] == 0


@pytest.mark.parametrize("rows", [0, 5, 6, 7])
def test_a_stream_brings_every_row_once(ready: Warehouse, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr("sparkify_assets.warehouse.transaction.FETCH_ROWS", 3)
    names = [f"A{number}" for number in range(rows)]
    with ready.transaction() as transaction:
        for name in names:
            transaction.cursor.execute("insert into sparkify.artists (artist_id) values (%s)", (name,))
        for _ in range(2):  # the first cursor is closed
            streamed = [row["artist_id"] for row in transaction.stream("digest/sparkify_artists")]
            assert sorted(streamed) == names


def test_ctrl_c_ends_a_statement_that_waits(ready: Warehouse) -> None:
    """In a process of its own, for signals go to the main thread."""
    with ready.transaction():
        waiting = processes.start(lambda: take(ready))
        assert_waits(ready)
        assert waiting.pid is not None
        os.kill(waiting.pid, signal.SIGINT)
        assert processes.ended(waiting, seconds=60) == 1
        assert waiters(ready) == 0


def take(warehouse: Warehouse) -> None:
    with warehouse.transaction():
        pass


def waiters(warehouse: Warehouse) -> int:
    with Admin(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_locks where not granted and relation = 'ledger.load_lock'::regclass"
        )
        ((count,),) = cursor.fetchall()
    return int(count)


def assert_waits(warehouse: Warehouse) -> None:
    """Somebody comes to wait for the lock within a minute."""
    for _ in range(1200):
        if waiters(warehouse):
            return
        time.sleep(0.05)
    raise AssertionError("nobody waits for the lock")


def test_a_conflict_is_tried_again_whole(ready: Warehouse) -> None:
    tries = 0

    def work() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise psycopg2.errors.SerializationFailure("could not serialize access")
        return "done"

    assert ready.retried(work) == "done"
    assert tries == 3


def test_a_fault_of_the_data_is_not_tried_again(ready: Warehouse) -> None:
    tries = 0

    def work() -> None:
        nonlocal tries
        tries += 1
        raise psycopg2.errors.DivisionByZero("division by zero")

    with pytest.raises(psycopg2.errors.DivisionByZero):
        ready.retried(work)
    assert tries == 1


def test_a_failed_transaction_leaves_nothing(ready: Warehouse) -> None:
    def fail() -> None:
        with ready.transaction() as transaction:
            transaction.cursor.execute("insert into sparkify.songs (song_id, artist_id) values ('S', 'A')")
            transaction.cursor.execute("select * from nowhere")

    with pytest.raises(psycopg2.errors.UndefinedTable):
        fail()
    with ready.transaction(lock=False) as transaction:
        assert transaction.records("report/row_counts")[0]["songs"] == 0


def test_an_unreachable_warehouse_is_one_line(warehouse: Warehouse) -> None:
    gone = dataclasses.replace(warehouse, url="postgresql://127.0.0.1:9/none")
    with pytest.raises(WarehouseError) as refused:
        gone.connect()
    assert "\n" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


def test_tables_are_made_once_and_dropped_whole(ready: Warehouse) -> None:
    ready.ensure_tables()
    ready.drop_tables()
    with pytest.raises(psycopg2.errors.UndefinedTable), ready.transaction(lock=False) as transaction:
        transaction.run("report/row_counts")
    ready.ensure_tables()
    with ready.transaction(lock=False) as transaction:
        assert transaction.records("report/row_counts")[0]["users"] == 0
