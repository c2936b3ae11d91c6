"""Drivers of other people at an endpoint: connect, parameters, many rows, pools, transactions, cursors."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import asyncpg
import pg8000.dbapi
import pg8000.native
import psycopg
import psycopg_pool
import pytest
import redshift_connector

from redshift_local.endpoint.server import Endpoint

MOMENT = datetime.datetime.fromisoformat("2020-01-02 03:04:05")
ROW = ("ä'\\", 7, Decimal("1.50"), MOMENT, MOMENT.date(), 1.5, True, None)
TABLE = """
    create temp table t (
        a varchar(9) encode zstd, b integer, c decimal(8, 2), d timestamp, e date, f double precision, g boolean,
        h bigint
    ) distkey (b) sortkey (d)
"""


@pytest.fixture
def given(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": endpoint.port,
        "user": "dev",
        "password": "secret",
        "database": "dev",
    }


def _dbapi(connection: Any, mark: Callable[[int], str]) -> None:
    """What PEP 249 promises, by a driver that prepares its statements."""
    marks = ", ".join(map(mark, range(8)))
    cursor = connection.cursor()
    cursor.execute(TABLE)
    cursor.execute(f"insert into t values ({marks})", ROW)
    cursor.execute("select * from t")
    assert [tuple(row) for row in cursor.fetchall()] == [ROW]
    assert [column[0] for column in cursor.description] == ["a", "b", "c", "d", "e", "f", "g", "h"]
    connection.commit()
    cursor.executemany(
        f"insert into t values ({marks})", [(*ROW[:1], number, *ROW[2:]) for number in range(100)]
    )
    cursor.execute(f"select count(*) from t where b >= {mark(0)}", (50,))
    assert cursor.fetchall()[0][0] == 50
    connection.rollback()
    cursor.execute("select count(*) from t")
    assert cursor.fetchall()[0][0] == 1
    with pytest.raises(Exception, match="missing"):
        cursor.execute("select * from missing")
    connection.rollback()
    with pytest.raises(Exception, match="DISTINCT ON"):
        cursor.execute("select distinct on (a) a from t")
    connection.rollback()
    cursor.execute("truncate t")
    cursor.execute("select count(*) from t")
    assert cursor.fetchall()[0][0] == 0


def test_redshift_connector(given: dict[str, Any]) -> None:
    """AWS's own driver; it asks for binary results of some types, and tells its version at the start."""
    with redshift_connector.connect(**given, ssl=False) as connection:
        _dbapi(connection, lambda _: "%s")
        connection.rollback()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("vacuum t")
            cursor.execute("select version()")
            assert "Redshift 1.0" in cursor.fetchone()[0]
            cursor.execute("create temp table filled as select 1 as a")  # and analyzed at once
            assert cursor.execute("select count(*) from filled").fetchone() == [1]


def test_pg8000(given: dict[str, Any]) -> None:
    connection = pg8000.dbapi.connect(**given)
    _dbapi(connection, lambda _: "%s")
    connection.close()
    native = pg8000.native.Connection(**given)
    statement = native.prepare("select :a::integer + 1")
    assert [statement.run(a=a) for a in (1, 2)] == [[[2]], [[3]]]
    statement.close()
    native.close()


@pytest.mark.parametrize("binary", [False, True])
def test_psycopg(given: dict[str, Any], binary: bool) -> None:
    """It reads and writes binary values, and prepares what is run often."""
    with psycopg.connect(**{k: v for k, v in given.items() if k != "database"}, dbname="dev") as connection:
        _dbapi(connection, lambda _: "%b" if binary else "%s")
        connection.prepare_threshold = 1
        cursor = connection.cursor(binary=binary)
        for number in range(5):
            assert cursor.execute("select %s::integer", (number,)).fetchone() == (number,)
        with connection.pipeline():
            cursors = [connection.execute("select %s::integer", (number,)) for number in range(9)]
        assert [cursor.fetchone() for cursor in cursors] == [(number,) for number in range(9)]
        assert len(list(cursor.stream("select oid from pg_class"))) > 300
        with connection.cursor("named") as named:
            assert len(named.execute("select oid from pg_class").fetchmany(50)) == 50


def test_psycopgs_pool(given: dict[str, Any]) -> None:
    given["dbname"] = given.pop("database")
    with psycopg_pool.ConnectionPool(kwargs=given, min_size=1, max_size=1) as pool:
        for number in range(3):
            with pool.connection() as connection:
                assert connection.execute("select %s, len('ab')", (number,)).fetchone() == (number, 2)
                connection.execute("set search_path to pg_temp")


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_asyncpg(given: dict[str, Any]) -> None:
    """Everything it sends and reads is binary."""

    async def work() -> None:
        connection = await asyncpg.connect(**given, ssl=False)
        await connection.execute(TABLE)
        marks = ", ".join(f"${number + 1}" for number in range(8))
        await connection.execute(f"insert into t values ({marks})", *ROW)
        assert tuple(await connection.fetchrow("select * from t")) == ROW
        await connection.executemany("insert into t (b) values ($1)", [(number,) for number in range(1000)])
        async with connection.transaction():
            numbers = [
                row[0] async for row in connection.cursor("select b from t where a is null", prefetch=64)
            ]
        assert sorted(numbers) == list(range(1000))
        with pytest.raises(asyncpg.UndefinedColumnError) as failed:
            await connection.fetch("select nope from t")
        assert failed.value.position == "8"
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("delete from t")
        await transaction.rollback()
        assert await connection.fetchval("select count(*) from t") == 1001
        await connection.close()

    _run(work)


def test_asyncpgs_pool(given: dict[str, Any]) -> None:
    """It sends RESET ALL after every use, and statements that it has prepared stay."""

    async def work() -> None:
        async with asyncpg.create_pool(**given, ssl=False, min_size=2, max_size=4) as pool:
            for _ in range(3):
                asked = (pool.fetchval("select $1::integer + len('ab')", number) for number in range(20))
                assert await asyncio.gather(*asked) == [number + 2 for number in range(20)]

    _run(work)
