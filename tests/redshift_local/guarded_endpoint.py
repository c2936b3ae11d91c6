"""An endpoint with users of different rights, for the tests of its guard.

`boss` is a superuser of Redshift, `reader` reads the table star.plays, `other` may nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn

from redshift_local.endpoint.accounts import Accounts
from redshift_local.endpoint.server import Endpoint
from redshift_local.endpoint.users import make_password


def ask(connection: Connection, *statements: str) -> list[tuple]:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


PASSWORDS = {name: make_password() for name in ("boss", "reader", "other")}

#: Opens a session of a user: at the endpoint, or past it.
Login = Callable[..., Connection]


@pytest.fixture(scope="module")
def allowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one folder that COPY may read."""
    return tmp_path_factory.mktemp("allowed")


@pytest.fixture(scope="module")
def users_database(server: str) -> Iterator[str]:
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create database rights")
            yield make_dsn(server, dbname="rights")
            cursor.execute("drop database rights with (force)")
            for user in PASSWORDS:
                cursor.execute(f"drop role {user}")


@pytest.fixture(scope="module")
def guarded(users_database: str, allowed: Path) -> Iterator[Endpoint]:
    """A warehouse with a superuser of Redshift, a reader of schema `star`, and one who may nothing."""
    accounts = Accounts(users_database, folders=[allowed])
    for user, password in PASSWORDS.items():
        accounts.add(user, password, superuser=user == "boss")
    with Endpoint(None, accounts.engine, accounts.password) as made:
        with closing(login_at(made, "boss")) as connection, connection.cursor() as cursor:
            cursor.execute("create schema star")
            cursor.execute("create table star.plays (song varchar(20))")
            cursor.execute("insert into star.plays values ('Intro')")
            cursor.execute("grant usage on schema star to reader")
            cursor.execute("grant select on star.plays to reader")
        yield made


def login_at(
    endpoint: Endpoint, user: str, database: str = "rights", *, password: str = "", **options: str
) -> Connection:
    connection = psycopg2.connect(
        host="127.0.0.1", port=endpoint.port, dbname=database, user=user,
        password=password or PASSWORDS[user], **options,
    )  # fmt: skip
    connection.autocommit = True
    return connection


@pytest.fixture
def at(guarded: Endpoint) -> Iterator[Login]:
    """Opens sessions at the endpoint only."""
    opened = []

    def open_session(user: str, **options: str) -> Connection:
        opened.append(login_at(guarded, user, **options))
        return opened[-1]

    yield open_session
    for connection in opened:
        connection.close()


@pytest.fixture(params=["at the endpoint", "past it"])
def login(request: pytest.FixtureRequest, guarded: Endpoint, users_database: str) -> Iterator[Login]:
    opened = []

    def open_session(user: str) -> Connection:
        if request.param == "at the endpoint":
            connection = login_at(guarded, user)
        else:
            connection = psycopg2.connect(users_database, user=user)
            connection.autocommit = True
        opened.append(connection)
        return connection

    yield open_session
    for connection in opened:
        connection.close()
