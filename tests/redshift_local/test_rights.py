"""Who may do what at an endpoint: each session is the user who logged in, and has that user's rights."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest
from guarded_endpoint import Login, ask, login_at
from psycopg2.extensions import connection as Connection

from redshift_local.endpoint.server import Endpoint
from redshift_local.endpoint.users import make_password

# --- whose session it is ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "back", ["set session authorization default", "reset all", "reset session authorization"]
)
def test_a_session_is_the_user_who_logged_in(login: Login, back: str) -> None:
    assert ask(login("reader"), back, "select current_user, session_user") == [("reader", "reader")]


def test_a_connection_that_psycopg2_resets_is_its_user_s(at: Login) -> None:
    connection = at("reader")
    connection.reset()
    assert ask(connection, "select current_user, len('abc')") == [("reader", 3)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(connection, "drop table star.plays")


@pytest.mark.parametrize("role", ["boss", "other", "redshift_superuser", "dev", "pg_read_server_files"])
@pytest.mark.parametrize("how", ["set session authorization", "set role"])
def test_nobody_becomes_another(login: Login, role: str, how: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(login("reader"), f"{how} {role}")


def test_a_superuser_is_not_the_server_s(login: Login) -> None:
    assert ask(login("boss"), "select rolsuper from pg_roles where rolname = current_user") == [(False,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(login("boss"), "set session authorization dev")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(login("boss"), "grant pg_execute_server_program to boss")


def test_the_server_s_own_user_does_not_log_in(guarded: Endpoint) -> None:
    with pytest.raises(psycopg2.OperationalError, match='password authentication failed for user "dev"'):
        psycopg2.connect(host="127.0.0.1", port=guarded.port, dbname="rights", user="dev", password="dev")


@pytest.mark.parametrize("name", ["postgres", "template1", "template0", "absent"])
def test_no_session_is_in_a_database_of_the_server_s(guarded: Endpoint, name: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match=f'database "{name}" does not exist'):
        login_at(guarded, "reader", name)


def test_past_the_endpoint_the_server_s_databases_are_closed_as_well(
    guarded: Endpoint, users_database: str
) -> None:
    with pytest.raises(psycopg2.OperationalError, match='permission denied for database "postgres"'):
        psycopg2.connect(users_database, user="reader", dbname="postgres")


@pytest.mark.parametrize(
    "options",
    [
        "-c session_preload_libraries=x", "-c local_preload_libraries=x", "-c log_statement=none",
        "-c lo_compat_privileges=on", "-c session_replication_role=replica", "-c role=dev",
        "-c session_authorization=dev", "-c allow_system_table_mods=on", "-c data_directory=/",
    ],
)  # fmt: skip
def test_a_client_s_options_set_nothing_of_the_server_s(at: Login, options: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match="parameter"):
        at("reader", options=options)


def test_replication_is_not_begun(guarded: Endpoint) -> None:
    connection = login_at(guarded, "reader", replication="database")
    with closing(connection), pytest.raises(psycopg2.errors.SyntaxError):
        ask(connection, "identify_system")


# --- what a user may ----------------------------------------------------------------------------------------------


def test_a_reader_reads_and_writes_nothing(login: Login) -> None:
    reader = login("reader")
    assert ask(reader, "select song from star.plays") == [("Intro",)]
    for statement in (
        "insert into star.plays values ('x')", "delete from star.plays", "update star.plays set song = 'x'",
        "truncate star.plays",
    ):  # fmt: skip
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied for table plays"):
            ask(reader, "set default_transaction_read_only = off", statement)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied for schema star"):
        ask(reader, "create table star.mine (i integer)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied for database rights"):
        ask(reader, "create schema mine")


def test_a_user_without_rights_on_a_schema_reads_nothing_in_it(login: Login) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="permission denied for schema star"):
        ask(login("other"), "select * from star.plays")


def test_a_superuser_has_the_rights_of_those_it_made(at: Login, guarded: Endpoint) -> None:
    boss = at("boss")
    ask(
        boss,
        f"create user maker password '{(password := make_password())}'",
        "grant create on database rights to maker",
    )
    with closing(login_at(guarded, "maker", password=password)) as maker:
        ask(maker, "create schema made", "create table made.t (i integer)", "insert into made.t values (7)")
        assert ask(boss, "select * from made.t") == [(7,)]
        ask(boss, "drop table made.t", "drop schema made", "revoke create on database rights from maker")
    ask(boss, "drop user maker")


def test_a_superuser_makes_databases_that_are_guarded_as_well(
    at: Login, guarded: Endpoint, users_database: str
) -> None:
    boss = at("boss")
    ask(boss, "create database second")
    with closing(login_at(guarded, "boss", "second")) as inside:
        assert ask(inside, "select current_database(), len('abc')") == [("second", 3)]
        ask(inside, "create table t (a varchar(3))", "insert into t values ('abc')")
    with (
        closing(psycopg2.connect(users_database, user="boss", dbname="second")) as past_it,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        ask(past_it, "select lo_create(0)")
    ask(boss, "drop database second")


def test_queries_of_others_are_not_shown_nor_ended(login: Login) -> None:
    boss, reader = login("boss"), login("reader")
    [(process, _)] = ask(boss, "select pg_backend_pid(), 'a secret'")
    shown = ask(reader, f"select query from pg_stat_activity where pid = {process}")
    assert shown == [("<insufficient privilege>",)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(reader, f"select pg_terminate_backend({process})")


def test_what_a_user_makes_in_public_is_not_called_with_more_rights(at: Login, users_database: str) -> None:
    """A type that counts bytes is made by the server's own user, on a path without the users' schemas."""
    other, name = at("other"), "public.octet_length(varchar)"
    with closing(psycopg2.connect(users_database, user="other")) as past_it, past_it:
        ask(past_it, f"create function {name} returns integer language plpgsql as"
                     " $$ begin raise exception 'called by %', current_user; end $$")  # fmt: skip
    try:
        ask(other, "create temp table t (a varchar(4321))", "insert into t values ('abc')")
        with closing(psycopg2.connect(users_database)) as connection:
            [(check,)] = ask(
                connection,
                "select pg_get_constraintdef(oid) from pg_constraint"
                " where contypid = 'redshift.varchar_4321'::regtype",
            )
        assert "public" not in check
    finally:
        ask(other, f"drop function {name}")


@pytest.mark.parametrize("user", ["boss", "dev"])
def test_a_late_binding_view_runs_nothing_in_the_definitions_of_others(
    guarded: Endpoint, users_database: str, user: str
) -> None:
    """Such a view finds its tables again after a definition; what stands for it meanwhile is a text of its owner's."""
    with closing(psycopg2.connect(users_database, user="other")) as owner:
        ask(
            owner,
            "create view public.late with (security_barrier = false) as"
            " select 1 as a where redshift.unbound('select 1 as a; create table star.planted ()')",
        )
        owner.commit()
        with closing(psycopg2.connect(users_database, user=user)) as another:
            ask(another, "create temp table t (i integer)")
            assert ask(another, "select to_regclass('star.planted')") == [(None,)]
        ask(owner, "drop view public.late")
        owner.commit()


# --- loads --------------------------------------------------------------------------------------------------------


def test_each_user_sees_the_load_errors_of_its_own(at: Login, allowed: Path) -> None:
    (allowed / "bad.json").write_text('{"i": 1}\n{"i": "many"}')
    copy = f"copy t from 'file://{allowed}/bad.json' iam_role default format json 'auto'"
    for user, tolerance in (("reader", ""), ("other", " maxerror 5")):
        connection = at(user)
        ask(connection, "create temp table t (i integer)")
        if tolerance:
            ask(connection, copy + tolerance)
        else:
            with pytest.raises(psycopg2.errors.InternalError_, match="Load into table 't' failed"):
                ask(connection, copy)
        assert ask(connection, "select trim(raw_field_value) from stl_load_errors") == [("many",)]
    assert ask(at("other"), "select loaded_rows from sys_load_history") == [(1,)]
    assert ask(at("reader"), "select loaded_rows from sys_load_history") == []
    assert ask(at("boss"), "select count(*) from stl_load_errors") == [(2,)]


@pytest.mark.parametrize("table", ["loads", "load_errors"])
def test_a_row_of_a_load_is_its_writer_s_whatever_it_says(
    guarded: Endpoint, users_database: str, table: str
) -> None:
    """Past the endpoint, which lets nobody draw a number."""
    with (
        closing(psycopg2.connect(users_database)) as owner,
        closing(psycopg2.connect(users_database, user="other")) as forger,
    ):
        [(number, role)] = ask(owner, "select nextval('redshift.query_ids'), redshift.user_number('boss')")
        owner.commit()
        ask(
            forger,
            "select nextval('redshift.query_ids')",
            f"insert into redshift.{table} (query_id, transaction_id, session_id, user_id, start_time"
            f"{', end_time' if table == 'loads' else ''})"
            f" values ({number}, 1, 1, {role}, '2020-01-01'{', default' if table == 'loads' else ''})",
        )
        forger.commit()
        written = f"from redshift.{table} where start_time = '2020-01-01'"
        found = ask(
            owner,
            f"select query_id - {number}, user_id = redshift.user_number('other'), session_id {written}",
        )
        assert found == [(1, True, forger.info.backend_pid)]
        ask(owner, f"delete {written}")
        owner.commit()


# --- the machine's files ------------------------------------------------------------------------------------------


def copied(connection: Connection, source: str, options: str = "format json 'auto'") -> list[tuple]:
    return ask(
        connection, "create temp table if not exists c (i integer)",
        f"copy c from '{source}' iam_role default {options}", "select count(*) from c",
    )  # fmt: skip


def test_copy_reads_the_folders_that_were_named_only(at: Login, allowed: Path, tmp_path: Path) -> None:
    (allowed / "good.json").write_text('{"i": 1}')
    outside = tmp_path / "outside.json"
    outside.write_text('{"i": 1}')
    (allowed.parent / f"{allowed.name}-beside.json").write_text('{"i": 1}')
    (allowed / "link.json").symlink_to(outside)
    (allowed / "linked").symlink_to(tmp_path)
    (allowed / "manifest").write_text(json.dumps({"entries": [{"url": outside.as_uri(), "mandatory": True}]}))
    (tmp_path / "paths.json").write_text('{"jsonpaths": ["$.i"]}')
    reader = at("reader")
    assert copied(reader, f"file://{allowed}/good.json") == [(1,)]
    for source, options in (
        (outside.as_uri(), "format json 'auto'"),
        (f"file://{allowed}/../{tmp_path.name}/outside.json", "format json 'auto'"),
        (f"file://{allowed}/link.json", "format json 'auto'"),
        (f"file://{allowed}/linked/outside.json", "format json 'auto'"),
        (f"file://{allowed}/manifest", "format json 'auto' manifest"),
        (f"file://{allowed}/good.json", f"format json '{tmp_path.as_uri()}/paths.json'"),
        (f"file://{allowed}-", "format json 'auto'"),
    ):
        with pytest.raises(psycopg2.errors.InternalError_, match="is in none of the folders"):
            copied(reader, source, options)
    assert ask(reader, "select count(*) from c") == [(1,)]


def test_unload_writes_into_the_folders_that_were_named_only(
    at: Login, allowed: Path, tmp_path: Path
) -> None:
    (allowed / "out").symlink_to(tmp_path)
    unload = "unload ('select song from star.plays') to '{}' iam_role default parallel off"
    ask(at("reader"), unload.format(f"file://{allowed}/plays_"))
    assert [path.read_text() for path in allowed.glob("plays_*")] == ["Intro\n"]
    for target in (tmp_path.as_uri(), f"file://{allowed}/out/plays_", f"file://{allowed}/../plays_"):
        with pytest.raises(psycopg2.errors.InternalError_, match="is in none of the folders"):
            ask(at("reader"), unload.format(target))
    assert list(tmp_path.iterdir()) == []
