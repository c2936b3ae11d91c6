"""What the tests of the local Redshift share. They run without the rest of the repository, and without Dagster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from guarded_endpoint import allowed, at, guarded, login, users_database
from wire_client import Client

import redshift_local
from redshift_local.endpoint.server import Endpoint
from redshift_local.endpoint.session import Engine
from redshift_local.session import Connection

__all__ = ["allowed", "at", "guarded", "login", "users_database"]

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a local server for the whole session."""
    folder = tmp_path_factory.mktemp("local") / "warehouse"
    yield redshift_local.ensure(folder)
    redshift_local.stop(folder)


@pytest.fixture
def connection(server: str) -> Iterator[Connection]:
    """A session whose tables go with it: schema pg_temp comes first."""
    opened = redshift_local.connect(server)
    yield opened
    opened.close()


@pytest.fixture
def schema(server: str) -> str:
    """An empty schema for tables that several sessions see."""
    with closing(psycopg2.connect(server)) as plain, plain, plain.cursor() as cursor:
        cursor.execute("drop schema if exists shared cascade; create schema shared")
    return "shared"


@pytest.fixture
def sql(connection: Connection) -> Callable[..., list[tuple]]:
    """Run SQL; the rows of the last statement, if it has any."""

    def run(text: str, parameters: object = None) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., str]:
    """Write an object; its URL. A dict is written as JSON."""

    def write(name: str, content: bytes | str | dict) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path.as_uri()

    return write


TABLE = """
    create temp table t (
        a varchar(8), i integer, f double precision, b boolean, d date, ts timestamp, o varchar(200), c char(3),
        n decimal(8, 2)
    )
"""
ERRORS = """
    select regexp_substr(trim(file_name), '[^/]+$'), line_number, trim(column_name), error_code, trim(error_message)
    from sys_load_error_detail where query_id = %s order by file_name, line_number
"""


@pytest.fixture
def load(sql: Sql, put: Put) -> Callable[..., list[tuple]]:
    """Load one object into a fresh table; the rows of `columns`."""

    def run(
        content: bytes | str, columns: str = "a", options: str = "", json_option: str = "auto"
    ) -> list[tuple]:
        sql("drop table if exists t")
        sql(TABLE)
        url = put("data.json", content)
        sql(f"copy t from '{url}' iam_role default format json '{json_option}' {options}")
        return sql(f"select {columns} from t")

    return run


@pytest.fixture
def errors(sql: Sql) -> Callable[[], list[tuple]]:
    """The load errors of the last COPY that succeeded."""
    return lambda: sql(
        ERRORS, sql("select max(query_id) from sys_load_history where session_id = pg_backend_pid()")[0]
    )


@pytest.fixture
def table(sql: Sql) -> None:
    """The table t with one column."""
    sql("create temp table t (i integer)")


def endpoint_of(server: str, folders: Sequence[Path] | None) -> Endpoint:
    """An endpoint in front of the server, without TLS. Its user is the database's, with the password `secret`."""
    redshift_local.connect(server).close()  # the catalog is there

    def engine(_: str, user: str, options: str) -> Engine:
        return Engine(server, user, options=options, folders=folders)

    return Endpoint(None, engine, {"dev": "secret"}.get)


@pytest.fixture(scope="session")
def endpoint(server: str) -> Iterator[Endpoint]:
    """An endpoint whose COPY opens all files."""
    with endpoint_of(server, None) as made:
        yield made


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[Client]:
    """A session at the endpoint, message by message."""
    with Client(endpoint.port, "dev") as opened:
        yield opened
