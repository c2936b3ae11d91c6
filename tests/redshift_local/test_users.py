"""Users that SQL makes at an endpoint: CREATE USER, ALTER USER and CREATE GROUP, and logging in as one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import psycopg2.errors
import pytest
from guarded_endpoint import Login, ask, login_at
from psycopg2.extensions import connection as Connection

from redshift_local.endpoint.server import Endpoint
from redshift_local.endpoint.users import fault_of_password, make_password


@pytest.fixture
def analyst(at: Login) -> Iterator[Callable[[str], Connection]]:
    """Makes the user `analyst` with these options; returns the superuser's session."""
    boss = at("boss")

    def make(options: str) -> Connection:
        ask(boss, f"create user analyst {options}")
        return boss

    yield make
    ask(boss, "drop user if exists analyst")


def refuses(endpoint: Endpoint, password: str) -> bool:
    try:
        login_at(endpoint, "analyst", password=password).close()
    except psycopg2.OperationalError as error:
        return 'password authentication failed for user "analyst"' in str(error)
    return False


def test_a_user_logs_in_with_the_password_of_its_statement(analyst: Callable, guarded: Endpoint) -> None:
    boss = analyst("with password 'First1Password'")
    assert not refuses(guarded, "First1Password")
    assert refuses(guarded, "first1password")
    ask(boss, "alter user analyst password 'Second2Password'")
    assert refuses(guarded, "First1Password")
    assert not refuses(guarded, "Second2Password")
    with closing(login_at(guarded, "analyst", password="Second2Password")) as own:
        ask(own, "alter user analyst password 'Third3Password'")
    assert not refuses(guarded, "Third3Password")
    ask(boss, "alter user analyst password disable")
    assert refuses(guarded, "Third3Password")


def test_a_digest_is_a_password(analyst: Callable, guarded: Endpoint) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html: 'select md5('ez' || 'user1')', there for
    user1; here the digest is of the password Ez4analyst and the name analyst.
    """
    analyst("password 'md5" + md5("Ez4analyst" + "analyst") + "'")
    assert not refuses(guarded, "Ez4analyst")


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def test_a_password_ends(analyst: Callable, guarded: Endpoint) -> None:
    boss = analyst("password 'First1Password' valid until '2020-01-01'")
    assert refuses(guarded, "First1Password")
    ask(boss, "alter user analyst valid until 'infinity'")
    assert not refuses(guarded, "First1Password")


def test_no_password_is_kept_as_it_was_written(analyst: Callable, users_database: str) -> None:
    analyst("password 'sha256|First1Password' createdb connection limit unlimited syslog access restricted")
    with closing(psycopg2.connect(users_database)) as connection:
        [(kept, may_create)] = ask(
            connection, "select rolpassword, rolcreatedb from pg_authid where rolname = 'analyst'"
        )
    assert kept == "md5" + md5("First1Password" + "analyst")
    assert may_create


def test_a_superuser_that_sql_makes_is_none_of_the_server_s(analyst: Callable, guarded: Endpoint) -> None:
    analyst("password 'First1Password' createuser")
    with closing(login_at(guarded, "analyst", password="First1Password")) as made:
        assert ask(made, "select rolsuper, rolcreaterole from pg_roles where rolname = current_user") == [
            (False, True)
        ]
        ask(made, "create user below password 'Below1Password'", "drop user below")


def test_a_user_is_in_its_groups(at: Login, analyst: Callable, guarded: Endpoint) -> None:
    ask(at("boss"), "create group analysts", "grant usage on schema star to group analysts",
        "grant select on star.plays to group analysts")  # fmt: skip
    boss = analyst("password 'First1Password' in group analysts")
    with closing(login_at(guarded, "analyst", password="First1Password")) as connection:
        assert ask(connection, "select song from star.plays") == [("Intro",)]
        ask(boss, "alter group analysts drop user analyst")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(connection, "select song from star.plays")
    ask(boss, "revoke all on star.plays from group analysts", "revoke all on schema star from group analysts",
        "drop group analysts")  # fmt: skip


def test_only_a_superuser_makes_users(login: Login) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(login("reader"), "create user more password 'More1Password'")


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ("", "42601"), ("createdb", "42601"), ("password 'short1A'", "22023"),
        ("password 'First1Password' superuser", "42601"),
        ("password 'First1Password' replication", "42601"), ("password 'First1Password' externalid 'x'", "0A000"),
        ("password 'First1Password' session timeout 60", "0A000"),
        ("password 'First1Password' syslog access unrestricted", "0A000"),
        ("password 'sha256|0ab1|salt'", "0A000"), ("password First1Password", "42601"),
    ],
)  # fmt: skip
def test_what_redshift_does_not_take_of_a_user_or_what_has_no_equal_is_refused(
    at: Login, options: str, state: str
) -> None:
    with pytest.raises(psycopg2.Error) as refused:
        ask(at("boss"), f"create user refused {options}")
    assert refused.value.pgcode == state


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Aa1aaaaa", ""), ("Aa1" + "a" * 61, ""), ("Aa1aaaa", "8 to 64"), ("Aa1" + "a" * 62, "8 to 64"),
        ("aa1aaaaa", "uppercase"),
        ("AA1AAAAA", "lowercase"), ("Aaaaaaaa", "digit"), ("Aa1aaaa@", "printable"), ("Aa1aaaa/", "printable"),
        ("Aa1aaaa\\", "printable"), ('Aa1aaaa"', "printable"), ("Aa1aaa a", "printable"), ("Aa1aaaaé", "printable"),
        ("Aa1~!#$%", ""),
    ],
)  # fmt: skip
def test_a_password_is_as_aws_says(password: str, fault: str) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html"""
    assert (fault in fault_of_password(password)) if fault else not fault_of_password(password)


def test_a_password_made_anew_is_one_that_redshift_takes() -> None:
    made = {make_password() for _ in range(100)}
    assert len(made) == 100
    assert not any(map(fault_of_password, made))
