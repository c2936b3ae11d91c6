"""Invariant 4: a crash loses nothing. The loading process, its connection or the server dies at any moment; one plain
load later everything is as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from urllib.parse import quote, urlencode

import psycopg2
import pytest
from psycopg2.extensions import parse_dsn

import redshift_local
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import WarehouseError
from tests.conftest import Admin, loader_for
from tests.invariants import processes, world
from tests.invariants.proxy import Proxy
from tests.invariants.world import DAYS, PREFIXES, Files

#: The tests kill clients, so commits need not wait for the disk; the one that kills the server has its own.
QUICK = " options='-c synchronous_commit=off'"

DROPPED = "drop schema if exists incoming, staging, sparkify, ledger cascade"


@pytest.fixture
def warehouse(warehouse: Warehouse) -> Warehouse:
    return Warehouse(url=warehouse.url + QUICK, folder=warehouse.folder)


@pytest.fixture
def files() -> Files:
    return world.random_files(Random(11), DAYS[:3], PREFIXES[:2])


@pytest.fixture
def source(tmp_path: Path, files: Files) -> Path:
    folder = tmp_path / "source"
    world.write(folder, files)
    return folder


@pytest.fixture
def expected(warehouse: Warehouse, source: Path, tmp_path: Path) -> str:
    """D of a load that nothing disturbs."""
    return load_again(warehouse, source, tmp_path / "undisturbed")


def load_again(warehouse: Warehouse, source: Path, home: Path) -> str:
    """One plain load; D afterwards, once every table holds what the oracle says."""
    plain = Warehouse(url=warehouse.url, folder=warehouse.folder)
    world.load_all(loader_for(plain, source, home))
    world.assert_holds(plain, world.files_of(source))
    world.assert_reconciled(plain)
    assert world.load_all(loader_for(plain, source, home)) == []
    found = digest(plain)
    assert not found.blocked
    return found.value


def emptied(warehouse: Warehouse) -> None:
    with Admin(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(DROPPED)


def watched(warehouse: Warehouse, before_statement: Callable[[str], None]) -> Warehouse:
    return Warehouse(url=warehouse.url, folder=warehouse.folder, before_statement=before_statement)


def kind(statement: str) -> str:
    """The name of the SQL file that a statement is of."""
    return statement.partition(":")[0]


def statements(warehouse: Warehouse, source: Path, home: Path) -> list[str]:
    """What a load into an empty database runs, in order."""
    emptied(warehouse)
    seen: list[str] = []
    world.load_all(loader_for(watched(warehouse, seen.append), source, home))
    return seen


def load_until_killed(warehouse: Warehouse, source: Path, home: Path, point: int) -> None:
    """Load, and die before the statement of this number, or after the last."""
    left = iter(range(point))

    def count(statement: str) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    world.load_all(loader_for(watched(warehouse, count), source, home))
    os.kill(os.getpid(), signal.SIGKILL)


def one_of_each_kind(found: list[str]) -> list[int]:
    """The first statement of every file and every commit, and the end."""
    kinds = [kind(statement) for statement in found]
    return [n for n, name in enumerate(kinds) if name == "commit" or name not in kinds[:n]] + [len(found)]


@pytest.mark.parametrize(
    "every",
    [
        pytest.param(False, marks=pytest.mark.timeout(900)),
        pytest.param(True, marks=[pytest.mark.soak, pytest.mark.timeout(7200)]),
    ],
)
def test_the_process_is_killed(
    warehouse: Warehouse, source: Path, expected: str, tmp_path: Path, every: bool
) -> None:
    found = statements(warehouse, source, tmp_path / "counted")
    points = list(range(len(found) + 1)) if every else one_of_each_kind(found)
    print(f"killed at {len(points)} points of {len(found) + 1}")  # noqa: T201 - the proof's size
    assert len(points) > 60
    home = tmp_path / "home"
    for point in points:
        emptied(warehouse)
        child = processes.start(lambda point=point: load_until_killed(warehouse, source, home, point))
        assert processes.ended(child) == -signal.SIGKILL
        where = found[point] if point < len(found) else "the end"
        assert load_again(warehouse, source, home) == expected, f"killed before {point}: {where}"


def cut_load(warehouse: Warehouse, source: Path, home: Path) -> None:
    """A load over a bad line. It tries again by itself where that can help; where not, it says so."""
    with suppress(WarehouseError, psycopg2.OperationalError, psycopg2.InterfaceError):
        world.load_all(loader_for(warehouse, source, home))


@contextmanager
def proxied(warehouse: Warehouse) -> Iterator[tuple[Proxy, Warehouse]]:
    """The warehouse behind a proxy on the loopback interface."""
    target = parse_dsn(warehouse.url)
    with Proxy(f"{target['host']}/.s.PGSQL.{target['port']}") as proxy:
        url = (
            f"host=127.0.0.1 port={proxy.port} user={target['user']} dbname={target['dbname']}"
            f" sslmode=disable gssencmode=disable{QUICK}"
        )
        yield proxy, Warehouse(url=url, folder=warehouse.folder)


@pytest.mark.parametrize(
    "cuts", [10, pytest.param(None, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_the_connection_is_cut(
    warehouse: Warehouse, source: Path, expected: str, tmp_path: Path, cuts: int | None
) -> None:
    """Before any message of the client reaches the server."""
    home = tmp_path / "home"
    with proxied(warehouse) as (proxy, distant):
        emptied(warehouse)
        world.load_all(loader_for(distant, source, home))
        messages = proxy.messages
        assert messages > 100
        points = (
            range(1, messages + 1) if cuts is None else sorted(Random(5).sample(range(1, messages), cuts))
        )
        print(f"cut at {len(points)} of {messages} messages")  # noqa: T201 - the proof's size
        for point in points:
            emptied(warehouse)
            proxy.cut_before(point)
            cut_load(distant, source, home)
            assert proxy.cut, point
            assert load_again(warehouse, source, home) == expected, f"cut before message {point}"


def test_the_reply_to_a_commit_is_lost(
    warehouse: Warehouse, source: Path, expected: str, tmp_path: Path
) -> None:
    """The server has committed and the client cannot know: the ledger tells it, and nothing is loaded twice."""
    home = tmp_path / "home"
    with proxied(warehouse) as (proxy, distant):
        emptied(warehouse)
        world.load_all(loader_for(distant, source, home))
        commits = proxy.commits
        assert commits > 6
        for number in range(1, commits + 1):
            emptied(warehouse)
            proxy.cut_after_commit(number)
            cut_load(distant, source, home)
            assert proxy.cut, number
            assert load_again(warehouse, source, home) == expected, f"commit {number}"
            with Admin(warehouse.url) as connection, connection.cursor() as cursor:
                cursor.execute("select count(*) from ledger.loads where state <> 'published'")
                assert cursor.fetchall() == [(0,)], f"commit {number}: a load was done twice"


@pytest.mark.parametrize("moment", ["copy/events_compacted", "merge/users", "commit"])
def test_the_server_is_killed(source: Path, files: Files, tmp_path: Path, moment: str) -> None:
    """kill -9 of the embedded server's first process. The server starts again with the next connection."""
    warehouse = Warehouse(url="embedded", folder=tmp_path / "own-server")
    killed: list[str] = []

    def kill(statement: str) -> None:
        if not killed and kind(statement) == moment and songs_are_loaded():
            killed.append(statement)
            pid = int((warehouse.folder / "data/postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, signal.SIGKILL)

    def songs_are_loaded() -> bool:
        return moment != "commit" or len(commits) > 6

    commits: list[str] = []

    def watch(statement: str) -> None:
        if statement == "commit":
            commits.append(statement)
        kill(statement)

    try:
        with suppress(WarehouseError, psycopg2.OperationalError, psycopg2.InterfaceError):
            world.load_all(loader_for(watched(warehouse, watch), source, tmp_path / "home"))
        assert killed
        local = Warehouse(url=redshift_local.ensure(warehouse.folder, "sparkify"), folder=warehouse.folder)
        again = load_again(local, source, tmp_path / "home")
        assert again == world.fresh_digest(local, files, tmp_path)
    finally:
        redshift_local.stop(warehouse.folder)


def as_url(dsn: str) -> str:
    """The same server and database, as a user names them."""
    parts = parse_dsn(dsn)
    return f"postgresql:///{quote(parts.pop('dbname'))}?{urlencode(parts, quote_via=quote)}"


@pytest.mark.parametrize("home_after", ["kept", "removed"])
def test_the_command_is_killed(
    warehouse: Warehouse, source: Path, expected: str, tmp_path: Path, home_after: str
) -> None:
    """`sparkify load` is killed in the middle of publishing: another session holds a table that it waits for."""
    home = tmp_path / "cli-home"
    environment = os.environ | {
        "SPARKIFY_HOME": str(home),
        "SPARKIFY_SOURCE": str(source),
        "SPARKIFY_WAREHOUSE": as_url(warehouse.url),
    }
    world.clean(warehouse)
    command = [str(Path(sys.executable).with_name("sparkify")), "load"]
    with closing(psycopg2.connect(warehouse.url)) as holder, Admin(warehouse.url) as connection:
        holder.cursor().execute("lock table sparkify.artists")
        loading = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            waited = wait_for_waiter(connection, holder.info.backend_pid, loading)
        finally:
            loading.kill()
            output, _ = loading.communicate()
    assert waited, output
    assert loading.returncode == -signal.SIGKILL
    if home_after == "removed":
        shutil.rmtree(home)
    again = subprocess.run(
        command, env=environment, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert digest(warehouse).value == expected
    world.assert_holds(warehouse, world.files_of(source))


def wait_for_waiter(
    connection: psycopg2.extensions.connection, holder: int, loading: subprocess.Popen[bytes]
) -> bool:
    """Whether a session came to wait for what the holder has locked, before the load ended."""
    deadline = time.monotonic() + 90
    with connection.cursor() as cursor:
        while time.monotonic() < deadline and loading.poll() is None:
            cursor.execute(
                "select count(*) from pg_stat_activity where %s = any(pg_blocking_pids(pid))", (holder,)
            )
            if cursor.fetchall() != [(0,)]:
                return True
            time.sleep(0.1)
    return False
