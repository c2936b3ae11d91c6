"""The search path: Redshift's names come before PostgreSQL's, and nobody sees how (r_search_path in AWS's guide)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import cursor as PlainCursor
from psycopg2.extensions import make_dsn

import redshift_local
from redshift_local.search_path import searching
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]

DEFAULT = '"$user", public'


@pytest.fixture
def shadowed(server: str) -> Iterator[None]:
    """A function of schema redshift with the signature of one of PostgreSQL's."""
    redshift_local.connect(server).close()
    with closing(psycopg2.connect(server)) as plain, plain.cursor() as cursor:
        plain.autocommit = True
        cursor.execute("create function redshift.reverse(text) returns text language sql as 'select $1'")
        yield
        cursor.execute("drop function redshift.reverse(text)")


@pytest.mark.parametrize(
    "before",
    [
        "select 1",
        "reset all",
        "reset search_path",
        "set search_path to public",
        "set search_path = 'public', pg_catalog",
        "set session search_path to pg_catalog, public",
        "set local search_path to public",
        "set search_path to default",
        "set search_path to ''",
        "select set_config('search_path', 'public', false)",
    ],
)
def test_what_redshift_has_comes_before_what_postgresql_has(sql: Sql, shadowed: None, before: str) -> None:
    sql(before)
    assert sql("select reverse('ab'), pg_catalog.reverse('ab')") == [("ab", "ba")]


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        ("select 1", DEFAULT),
        ("set search_path to public; reset all", DEFAULT),
        ("set search_path to enterprise", "enterprise"),
        ("set search_path to '$user', public, enterprise", '"$user", public, enterprise'),
        ("set search_path to public, pg_catalog", "public, pg_catalog"),
        ("set search_path to pg_catalog, public", "pg_catalog, public"),
        ("select set_config('search_path', 'public', false)", "public"),
    ],
)
def test_the_path_is_shown_as_it_was_set(sql: Sql, before: str, shown: str) -> None:
    sql(before)
    expected = [(shown,)] if shown != "public, pg_catalog" else [("public",)]  # there it is searched anyway
    assert sql("show search_path") == expected
    assert sql("select current_setting('search_path')") == expected


def test_psycopg2s_reset_returns_to_the_default(connection: Connection, sql: Sql) -> None:
    sql("set search_path to pg_temp")
    connection.reset()
    assert sql("show search_path") == [(DEFAULT,)]
    assert sql("select len('x'), current_setting('timezone')") == [(1, "UTC")]


@pytest.mark.parametrize("how", ["dsn", "parameter", "environment"])
@pytest.mark.parametrize("option", ["-c search_path=a,\\ public", "--search-path=a,\\ public -c jit=off"])
def test_a_path_among_the_options_is_kept(
    server: str, monkeypatch: pytest.MonkeyPatch, how: str, option: str
) -> None:
    given = {}
    if how == "environment":
        monkeypatch.setenv("PGOPTIONS", option)
    elif how == "parameter":
        given = {"options": option}
    else:
        server = make_dsn(server, options=option)
    with closing(redshift_local.connect(server, **given)) as session, session.cursor() as cursor:
        cursor.execute("show search_path")
        assert cursor.fetchall() == [("a, public",)]


def test_current_schemas_are_those_of_the_user(connection: Connection) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CURRENT_SCHEMAS.html"""
    with connection.cursor(cursor_factory=PlainCursor) as cursor:
        cursor.execute("select current_schemas(false)::text, current_schemas(true)::text")
        assert cursor.fetchall() == [("{public}", "{pg_catalog,public}")]


def test_a_new_table_goes_to_the_users_schema(sql: Sql, connection: Connection) -> None:
    sql("create table made_here (a integer)")
    assert sql("select schemaname from pg_catalog.pg_tables where tablename = 'made_here'") == [("public",)]
    connection.rollback()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "redshift, pg_catalog"),
        ("a, pg_catalogue", "a, pg_catalogue, redshift, pg_catalog"),
        ("a, PG_CATALOG, b", "a, redshift, PG_CATALOG, b"),
        ('"pg_catalog"', 'redshift, "pg_catalog"'),
    ],
)
def test_the_path_that_postgresql_needs(path: str, expected: str) -> None:
    assert searching(path) == expected
