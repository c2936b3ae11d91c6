"""Every door of PostgreSQL's that leads out of a user's rights is closed to the users of an endpoint.

Each is tried past the endpoint, as the same role on the server's socket, where no statement is refused for its text:
PostgreSQL's own rights hold. It is tried at the endpoint, too, which refuses some by name before PostgreSQL does.
"""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from guarded_endpoint import ask, login_at

from redshift_local.endpoint.server import Endpoint

#: Statements that would lead out of a user's rights. None of them does harm.
DOORS = {
    # the machine's files
    "read a file": "select pg_read_file('postgresql.conf')",
    "read bytes of a file": "select pg_read_binary_file('postgresql.conf')",
    "list a folder": "select pg_ls_dir('.')",
    "look at a file": "select pg_stat_file('postgresql.conf')",
    "list the logs": "select pg_ls_logdir()",
    "list the write-ahead log": "select pg_ls_waldir()",
    "read the rules of logins": "select * from pg_hba_file_rules",
    "read the settings' files": "select * from pg_file_settings",
    "read the place of the log": "select pg_current_logfile()",
    "read where the data lie": "show data_directory",
    "read where the sockets lie": "show unix_socket_directories",
    "import a large object": "select lo_import('/dev/null')",
    "export a large object": "select lo_export(1, 'lo')",
    "write a large object": "select lo_from_bytea(0, 'x')",
    "create a large object": "select lo_create(0)",
    "copy from a file": "copy star.plays from '/dev/null'",
    "copy to a file": "copy (select 1) to '/dev/null'",
    "copy to a program": "copy (select 1) to program 'true'",
    "copy from a program": "copy pg_temp.t from program 'true'",
    "a table space": "create tablespace t location '/nowhere'",
    # code that runs with more rights
    "a language": "create language plperlu",
    "a function in c": "create function pg_temp.f() returns integer language c as 'libc', 'getpid'",
    "an internal function": "create function pg_temp.f() returns integer language internal as 'pg_backend_pid'",
    "an extension": "create extension dblink",
    "another extension": "create extension postgres_fdw",
    "a foreign data wrapper": "create foreign data wrapper w",
    "an event trigger": "create event trigger e on ddl_command_end execute function redshift.stamp()",
    "a trigger of the catalog's": "create trigger t before insert on redshift.loads execute function redshift.stamp()",
    "load a library": "load '$libdir/../secret'",
    "replace a function of ours": "create or replace function redshift.len(text) returns integer language sql return 1",
    "a function beside ours": "create function redshift.sum(integer) returns integer language sql return 1",
    "a function in the catalog": "create function pg_catalog.f() returns integer language sql return 1",
    "a function where others look": "create function star.len(text) returns integer language sql return 1",
    "drop the catalog": "drop schema redshift cascade",
    "own the catalog": "alter schema redshift owner to current_user",
    "a comment on the catalog": "comment on schema redshift is 'old'",
    # the server
    "change the server": "alter system set work_mem = '1MB'",
    "reload the server": "select pg_reload_conf()",
    "rotate the log": "select pg_rotate_logfile()",
    "promote the server": "select pg_promote()",
    "a checkpoint": "checkpoint",
    "a parameter of the server's": "set session_replication_role = replica",
    "system tables": "set allow_system_table_mods = on",
    "preload": "set session_preload_libraries = 'x'",
    "the database's settings": "alter database rights set search_path = star",
    "a subscription": "create subscription s connection 'host=127.0.0.1' publication p",
    "a lock without a table": "select pg_advisory_lock(1)",
    "a snapshot's file": "select pg_export_snapshot()",
    # other users
    "their passwords": "select rolpassword from pg_authid",
    "their passwords in the older view": "select passwd from pg_shadow",
    "their loads": "select * from redshift.loads",
    "their load errors": "select * from redshift.load_errors",
    "change loads": "update redshift.loads set loaded_rows = 0",
    "remove load errors": "delete from redshift.load_errors",
    "empty load errors": "truncate redshift.load_errors",
    "set the numbers of loads back": "select setval('redshift.query_ids', 1)",
    "a catalog's table": "update pg_language set lanpltrusted = true",
    "the rights themselves": "update pg_authid set rolsuper = true",
    "a new superuser": "create role evil superuser",
    "superuser": "alter role current_user superuser",
    "past row security": "alter role current_user bypassrls",
    "replication": "alter role current_user replication",
    "a right to files": "grant pg_read_server_files to current_user",
    "the superusers' group": "grant redshift_superuser to current_user",
    "another's password": "alter role other password null",
}  # fmt: skip

#: What a superuser of Redshift may: make users, and do to what they own as they may.
FOR_SUPERUSERS = {"a function where others look", "another's password", "the superusers' group"}
#: Those that change nothing, which the server's own user may do.
HARMLESS = [
    "look at a file", "read the settings' files", "read where the data lie", "read the rules of logins",
    "their passwords", "their loads", "their load errors", "a parameter of the server's", "a lock without a table",
]  # fmt: skip

#: What is not even installed; all else is refused with 42501, "permission denied".
ABSENT = {"a language": "0A000"}
#: COPY at the endpoint takes URLs only.
NO_URL = {"copy from a file": "XX000"}


@pytest.mark.parametrize(
    ("user", "door"),
    [
        *(("reader", door) for door in DOORS),
        *(("boss", door) for door in DOORS if door not in FOR_SUPERUSERS),
    ],
)
def test_a_door_is_closed_by_postgresql_itself(
    users_database: str, guarded: Endpoint, user: str, door: str
) -> None:
    with closing(psycopg2.connect(users_database, user=user)) as connection:
        connection.autocommit = True
        with pytest.raises(psycopg2.Error) as refused:
            ask(connection, "create temp table t (a text)", DOORS[door])
    assert refused.value.pgcode == ABSENT.get(door, "42501"), refused.value


@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_closed_at_the_endpoint(guarded: Endpoint, door: str) -> None:
    with closing(login_at(guarded, "reader")) as connection, pytest.raises(psycopg2.Error) as refused:
        ask(connection, "create temp table t (a varchar)", DOORS[door])
    assert refused.value.pgcode in ("42501", "42601", "0A000", NO_URL.get(door)), refused.value


@pytest.mark.parametrize("door", HARMLESS)
def test_it_is_for_lack_of_rights_that_a_door_is_closed(
    users_database: str, guarded: Endpoint, door: str
) -> None:
    """The same statement succeeds for the server's own user."""
    with closing(psycopg2.connect(users_database)) as connection:
        ask(connection, DOORS[door])


def test_what_runs_with_other_rights_has_a_fixed_path(users_database: str, guarded: Endpoint) -> None:
    """A function of ours that runs as its owner finds nothing of its caller's, temporary tables neither."""
    with closing(psycopg2.connect(users_database)) as connection:
        unsafe = ask(
            connection,
            "select oid::regprocedure::text from pg_proc where prosecdef"
            " and not coalesce('search_path=pg_catalog, pg_temp' = any(proconfig), false)",
        )
    assert unsafe == []


def test_nobody_writes_into_our_schemas_but_rows_of_its_own_loads(
    users_database: str, guarded: Endpoint
) -> None:
    with closing(psycopg2.connect(users_database)) as connection:
        writable = ask(
            connection,
            """
            select c.oid::regclass::text, p.privilege
            from pg_class as c
            inner join pg_namespace as n on c.relnamespace = n.oid
            cross join unnest(array['insert', 'update', 'delete', 'truncate', 'trigger', 'references']) as p (privilege)
            where n.nspname like 'redshift%' and c.relkind in ('r', 'v')
                and has_table_privilege('other', c.oid, p.privilege)
            union all
            select nspname, 'create' from pg_namespace
            where nspname !~ 'pg_temp|pg_toast_temp|public' and has_schema_privilege('other', oid, 'create')
            order by 1
            """,
        )
    assert writable == [("redshift.load_errors", "insert"), ("redshift.loads", "insert")]
