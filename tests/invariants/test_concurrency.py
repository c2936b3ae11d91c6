"""Invariants 5 and 7: loads that run at once give what one load gives, readers see whole batches only, and a holder of
the lock that dies leaves it free."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random

import psycopg2.extensions
import pytest

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import LockTimeout
from tests.conftest import loader_for
from tests.invariants import oracle, processes, world
from tests.invariants.world import DAYS, PREFIXES, load_in_order


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
@pytest.mark.parametrize(
    ("many", "rounds"),
    [(4, 2), pytest.param(8, 20, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])],
)
def test_loads_at_once(
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    many: int,
    rounds: int,
    isolation: str,
) -> None:
    """Each process loads all days and songs, in an order and in groups of its own, some of them twice."""
    options = (
        f"-c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')} -c synchronous_commit=off"
    )
    monkeypatch.setenv("PGOPTIONS", options)
    connection = warehouse.connect()
    with connection.cursor() as cursor:
        cursor.execute("show transaction_isolation")
        assert cursor.fetchall() == [(isolation,)]
    connection.close()
    files = world.random_files(Random(23))
    source = tmp_path / "source"
    world.write(source, files)
    warehouse.ensure_tables()
    expected = world.fresh_digest(warehouse, files, tmp_path)
    for number in range(rounds):
        world.clean(warehouse)

        def work(seed: str) -> None:
            random = Random(seed)
            loader = loader_for(warehouse, source, tmp_path / seed)
            load_in_order(loader, random.sample(DAYS, len(DAYS)), PREFIXES, random)

        children = [
            processes.start(lambda seed=f"round {number} process {own}": work(seed)) for own in range(many)
        ]
        assert [processes.ended(child) for child in children] == [0] * many, f"round {number}"
        world.assert_holds(warehouse, files)
        world.assert_reconciled(warehouse)
        assert digest(warehouse).value == expected, f"round {number}"


def test_first_loads_at_once(warehouse: Warehouse, tmp_path: Path) -> None:
    """Into a database without tables: each process finds that they are to be made."""
    files = world.random_files(Random(29), DAYS[:2], PREFIXES[:2])
    source = tmp_path / "source"
    world.write(source, files)
    children = [
        processes.start(lambda own=own: world.load_all(loader_for(warehouse, source, tmp_path / str(own))))
        for own in range(4)
    ]
    assert [processes.ended(child) for child in children] == [0] * 4
    world.assert_holds(warehouse, files)


@pytest.mark.parametrize(
    "publishes", [10, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])]
)
def test_a_reader_sees_whole_batches_only(small: Warehouse, tmp_path: Path, publishes: int) -> None:
    """The source changes between two versions, all of it at once; whatever the reader sees in one snapshot is what the
    oracle says for one version of the songs and one version of the days."""
    versions = [world.random_files(Random(seed), DAYS[:4], PREFIXES[:2]) for seed in (31, 37)]
    source = tmp_path / "source"
    loader = loader_for(small, source, tmp_path / "home", **world.PATIENT)
    world.write(source, versions[0])
    world.load_all(loader)
    allowed = []
    for songs, events in product(versions, versions):
        mixed = {key: (songs if key.startswith("song") else events)[key] for key in songs}
        allowed.append({table: Counter(rows) for table, rows in oracle.tables(mixed).items()})
    assert all(one != other for n, one in enumerate(allowed) for other in allowed[:n])

    seen: Counter[int] = Counter()
    torn: list[object] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set() and not torn:
            found = world.held(small)
            if found in allowed:
                seen[allowed.index(found)] += 1
            else:
                torn.append({table: found[table] - allowed[0][table] for table in found})

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, publishes + 1):
            world.remake(source, versions[number % 2])
            assert {result.partitions[0].state for result in world.load_all(loader)} == {"published"}
    finally:
        over.set()
        reader.join()
    print(f"{sum(seen.values())} snapshots during {2 * publishes} publications: {dict(seen)}")  # noqa: T201
    assert not torn, torn
    assert len(seen) > 1
    assert sum(seen.values()) >= publishes


@pytest.mark.parametrize("busy", [False, True], ids=["between statements", "in a statement"])
def test_a_dead_holder_leaves_the_lock_free(warehouse: Warehouse, busy: bool) -> None:
    warehouse.ensure_tables()
    told, tell = os.pipe()

    def hold() -> None:
        with warehouse.transaction() as transaction:
            os.write(tell, b"locked")
            if busy:
                plain = transaction.connection.cursor(cursor_factory=psycopg2.extensions.cursor)
                plain.execute("select pg_sleep(600)")
            time.sleep(600)

    holder = processes.start(hold)
    assert os.read(told, 6) == b"locked"
    impatient = Warehouse(url=warehouse.url, folder=warehouse.folder, lock_wait_ms=300)
    with pytest.raises(LockTimeout, match=r"another load has held the lock for .* process \d+ since"):
        take(impatient)
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    assert processes.ended(holder) == -signal.SIGKILL
    waited = seconds_of(lambda: take(warehouse))
    assert waited < 5


def test_a_load_waits_for_the_one_before_it(warehouse: Warehouse) -> None:
    """The lock is one for all: also a transaction that touches other rows waits, and then sees what was written."""
    warehouse.ensure_tables()
    order: list[str] = []
    locked = threading.Event()

    def first() -> None:
        with warehouse.transaction():
            locked.set()
            time.sleep(0.5)
            order.append("first")

    holder = threading.Thread(target=first)
    holder.start()
    locked.wait()
    with warehouse.transaction():
        order.append("second")
    holder.join()
    assert order == ["first", "second"]


def take(warehouse: Warehouse) -> None:
    with warehouse.transaction():
        pass


def seconds_of(work: Callable[[], None]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
