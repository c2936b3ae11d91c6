"""What a session has in common with psycopg2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import psycopg2
import psycopg2.errors
import pytest
from psycopg2 import sql as composed
from psycopg2.extras import RealDictCursor, execute_batch, execute_values

import redshift_local
from redshift_local import NotPortable, dialect
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]


def test_parameters_rows_and_description(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select %s as a, %s as b, '%%' as c", (1, "x'y"))
        assert [column.name for column in cursor.description or ()] == ["a", "b", "c"]
        assert cursor.fetchone() == (1, "x'y", "%")
        cursor.execute("select %(a)s + %(a)s, '%%'", {"a": 2, "b": 3})
        assert list(cursor) == [(4, "%")]
        cursor.execute("select '100%'")
        assert cursor.fetchall() == [("100%",)]
        cursor.execute(b"select 'bytes'")
        assert cursor.rowcount == 1
        cursor.execute(
            composed.SQL("select {} as {}").format(composed.Literal("x"), composed.Identifier("y"))
        )
        assert cursor.description[0].name == "y"


def test_transactions(connection: Connection, schema: str, server: str) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("create table shared.t as select 1 as a")
    with pytest.raises(psycopg2.errors.DivisionByZero), connection, connection.cursor() as cursor:
        cursor.execute("insert into shared.t values (2); select 1 / 0")
    with redshift_local.connect(server) as other, other.cursor() as cursor:
        cursor.execute("select a from shared.t")
        assert cursor.fetchall() == [(1,)]


def test_errors_are_psycopg2s(sql: Sql, connection: Connection) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable):
        sql("select a from nowhere")
    connection.rollback()
    assert sql("select 1") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "create table t (a integer, primary key",
        "create table t (a varchar(",
        "create table t (a varchar())",
        "create table t (a varchar(x))",
        "create table",
        "alter table t add column",
        "create table t (a integer identity(0, 1)",
        "copy t from",
        "copy",
        "copy t (a",
        "selec 1",
        "select 'x",
    ],
)
def test_statements_that_are_none(sql: Sql, statement: str) -> None:
    with pytest.raises(psycopg2.ProgrammingError):
        sql(statement)


def test_cursors_are_declared_as_redshift_does(connection: Connection) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/declare.html; psycopg2's named cursors write it themselves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "declare c cursor for select n from (select 1 as n union all select %s) as s order by n", (2,)
        )
        cursor.execute("fetch forward 1000 from c")
        assert cursor.fetchall() == [(1,), (2,)]
        cursor.execute("close c")
    with (
        connection.cursor("c") as cursor,
        pytest.raises(NotPortable, match=r"named cursor.*declare c cursor for"),
    ):
        cursor.execute("select 1")


def test_other_cursor_classes_are_psycopg2s_own(connection: Connection) -> None:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute("select 1 as a")
        assert cursor.fetchone() == {"a": 1}


@pytest.mark.parametrize("count", [3, 20_000])
def test_execute_values(connection: Connection, count: int) -> None:
    rows = [
        (number, f"it's {number} \\ %s (;) on conflict", None, date(2018, 11, 1)) for number in range(count)
    ]
    with connection.cursor() as cursor:
        cursor.execute("create temp table t (a integer, b varchar(80), c double precision, d date)")
        execute_values(cursor, "insert into t (a, b, c, d) values %s", rows, page_size=10_000)
        cursor.execute("select * from t order by a")
        assert cursor.fetchall() == rows
        with pytest.raises(NotPortable, match="ON CONFLICT"):
            execute_values(
                cursor, "insert into t (a, b, c, d) values %s on conflict do nothing", rows, page_size=10_000
            )


def test_a_long_list_of_values_costs_little_before_the_server_has_it(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is planned by its shape. Planned token by token, it takes twenty times as long."""
    plan, planned = dialect.plan, list[str]()
    monkeypatch.setattr(dialect, "plan", lambda sql, own: planned.append(sql) or plan(sql, own))
    row = "(1, 'some text that is quoted', null, 2.5)"
    assert connection.planning.steps("insert into t values " + ",".join([row] * 50_000))
    [shape] = planned
    assert len(shape) < 100


def test_executemany_and_execute_batch(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("create temp table t (a integer)")
        cursor.executemany("insert into t values (%s)", [(1,), (2,)])
        execute_batch(cursor, "insert into t values (%s)", [(3,), (4,)])
        cursor.execute("select a from t order by a")
        assert cursor.fetchall() == [(1,), (2,), (3,), (4,)]
        with pytest.raises(NotPortable):
            cursor.executemany("insert into t values (%s) on conflict do nothing", [(1,)])
