"""Sessions for Redshift's SQL: what differs from psycopg2's own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import cursor as PlainCursor
from psycopg2.extras import execute_values

import redshift_local
from redshift_local import NotPortable
from redshift_local import session as module
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]


# --- several statements -----------------------------------------------------------------------------------------------


def test_several_statements_give_the_result_of_the_last(sql: Sql, put: Put) -> None:
    url = put("o", '{"a":1}\n{"a":2}')
    text = """
        create temp table t (a integer encode az64) sortkey (a); -- one; two
        copy t from %s format json 'auto';
        analyze t;
        update t set a = a + %s;
        select a, %s from t order by a;
    """
    assert sql(text, (url, 10, "x;y")) == [(11, "x;y"), (12, "x;y")]
    assert sql("drop table t; select %(a)s, %(b)s", {"a": 1, "b": "%(c)s"}) == [(1, "%(c)s")]


def test_nothing_is_run_when_one_of_them_is_refused(sql: Sql) -> None:
    with pytest.raises(NotPortable):
        sql("create temp table t (a integer); select now() from t")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        sql("select a from t")


@pytest.mark.parametrize("failing", ["select 1 / 0", "copy t from 'file:///no/such/object' format json"])
def test_in_autocommit_they_are_one_transaction(connection: Connection, sql: Sql, failing: str) -> None:
    connection.autocommit = True
    sql("create temp table t (a integer encode az64)")
    with pytest.raises(psycopg2.Error):
        sql(f"insert into t values (1); alter table t alter diststyle all; {failing}")
    assert sql("select a from t") == []
    assert sql("insert into t values (1); alter table t alter diststyle all; select count(*) from t") == [
        (1,)
    ]
    assert connection.info.transaction_status == 0


# --- what Redshift does differently -----------------------------------------------------------------------------------


def test_sessions_are_redshifts(sql: Sql) -> None:
    """c_serial_isolation: snapshot isolation by default; r_GETDATE: the session's time zone is UTC."""
    assert sql("show transaction_isolation") == [("repeatable read",)]
    assert sql("show timezone") == [("UTC",)]


def test_functions(sql: Sql) -> None:
    """r_GETDATE (TIMESTAMP, whole seconds), r_NVL_function, r_LEN (characters; without the blanks of CHAR)."""
    ((now,),) = sql("select getdate()")
    assert now.microsecond == 0
    assert now.tzinfo is None
    assert abs(now - datetime.now(UTC).replace(tzinfo=None)) < timedelta(seconds=5)
    assert sql("select nvl(null, 'x'), nvl(null, null, 3), len('Zoë '), len(cast('ab' as char(5)))") == [
        ("x", 3, 4, 2)
    ]


def test_declared_keys_are_not_enforced(sql: Sql) -> None:
    """t_Defining_constraints: "Uniqueness, primary key, and foreign key constraints are informational only"."""
    sql("create temp table s (b varchar(5), unique (b))")
    sql(
        "create temp table t (a integer, b varchar(5) unique, primary key (a), foreign key (b) references s (b))"
    )
    sql("insert into t values (1, 'x'), (1, 'x')")
    assert sql("select count(*) from t") == [(2,)]


def test_text_counts_bytes(sql: Sql, connection: Connection) -> None:
    """r_Character_types: VARCHAR(12) holds "12 single-byte characters, 6 two-byte characters, 3 four-byte"."""
    sql("create temp table t (a varchar(12))")
    sql("insert into t values ('123456789012'), ('ññññññ'), ('😀😀😀')")
    connection.commit()
    for text in ("1234567890123", "ñññññññ", "😀😀😀x"):
        with pytest.raises((psycopg2.DataError, psycopg2.IntegrityError)):
            sql("insert into t values (%s)", (text,))
        connection.rollback()
    assert sql("select count(*) from t") == [(3,)]


def test_types_remain_when_the_transaction_that_needed_them_does_not(
    sql: Sql, connection: Connection
) -> None:
    for _ in range(2):
        sql("create temp table t (a varchar(1234), b char(1234))")
        connection.rollback()
    sql("create temp table t (a varchar(1234), b char(1234))")


def test_sessions_that_need_the_same_new_type_at_once(server: str) -> None:
    failures: list[Exception] = []

    def create(number: int) -> None:
        try:
            with redshift_local.connect(server) as session, session.cursor() as cursor:
                for length in range(2000, 2010):
                    cursor.execute(f"create temp table t{length} (a varchar({length}))")
                cursor.execute("select 1")
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def test_truncate_commits_the_transaction(sql: Sql, connection: Connection) -> None:
    """r_TRUNCATE: "TRUNCATE commits the transaction in which it is run", with its example of a rollback after it."""
    sql("create temp table t as select 1 as a; create temp table u as select 1 as a")
    sql("truncate t")
    connection.rollback()
    assert sql("select (select count(*) from t), (select count(*) from u)") == [(0, 1)]


def test_truncate_commits_a_transaction_begun_by_hand(sql: Sql, connection: Connection) -> None:
    connection.autocommit = True
    sql("create temp table t as select 1 as a; create temp table u (a integer)")
    sql("begin")
    sql("insert into u values (1)")
    sql("truncate table t")
    sql("rollback")
    assert sql("select (select count(*) from t), (select count(*) from u)") == [(0, 1)]


def test_several_truncates_of_one_text(sql: Sql, connection: Connection) -> None:
    connection.autocommit = True
    sql("create temp table t as select 1 as a; create temp table u as select 1 as a")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        sql("truncate t; truncate u; insert into t values (2); select a from missing")
    assert sql("select (select count(*) from t), (select count(*) from u)") == [(0, 0)]


def test_vacuum_runs_outside_of_transactions(sql: Sql, connection: Connection) -> None:
    """r_VACUUM_command: "You can't run VACUUM within a transaction block"."""
    sql("create temp table t as select 1 as a")
    connection.commit()
    with pytest.raises(NotPortable, match="VACUUM"):
        sql("vacuum t")
    connection.commit()
    connection.autocommit = True
    for statement in (
        "vacuum t",
        "vacuum full t to 99 percent",
        "vacuum sort only t",
        "vacuum delete only t; vacuum reindex t",
    ):
        sql(statement)


def test_lock_keeps_others_out_until_the_end(connection: Connection, server: str, schema: str) -> None:
    """r_LOCK: LOCK t "obtains an ACCESS EXCLUSIVE lock on the table"."""
    with connection.cursor() as cursor:
        cursor.execute("create table shared.t (a integer)")
        connection.commit()
        cursor.execute("lock shared.t")
        with redshift_local.connect(server) as other, other.cursor() as second:
            second.execute("set statement_timeout to 300")
            with pytest.raises(psycopg2.errors.QueryCanceled):
                second.execute("select a from shared.t")
        cursor.execute(
            "select t.lock_mode, t.granted from svv_transactions as t inner join pg_class as c on t.relation = c.oid"
            " where c.relname = 't'"
        )
        assert ("AccessExclusiveLock", True) in cursor.fetchall()


def test_concurrent_changes_of_one_row_fail_as_on_redshift(
    connection: Connection, server: str, schema: str
) -> None:
    """c_serial_isolation: under snapshot isolation the second writer fails with a serializable isolation violation."""
    with connection.cursor() as cursor:
        cursor.execute("create table shared.t as select 1 as a")
        connection.commit()
        cursor.execute("select a from shared.t")
        with redshift_local.connect(server) as other, other.cursor() as second:
            second.execute("update shared.t set a = 2")
        with pytest.raises(psycopg2.errors.SerializationFailure):
            cursor.execute("update shared.t set a = 3")


def test_a_table_made_from_a_query_is_analysed(sql: Sql) -> None:
    """r_CREATE_TABLE_AS: "CTAS automatically gathers statistics for the table"."""
    for name in ("made", "public.made2", '"made 3"'):
        sql(f"create table {name} as select 1 as a union all select 2")
    assert sql("select distinct reltuples from pg_class where relname like 'made%'") == [(2.0,)]


@pytest.mark.parametrize(("given", "error"), [((1,), IndexError), ((1, 2, 3), TypeError)])
def test_parameters_have_to_fit_over_several_statements(
    sql: Sql, given: tuple, error: type[Exception]
) -> None:
    with pytest.raises(error):
        sql("create temp table t (a integer encode az64); insert into t values (%s); select %s", given)


def test_rows_come_from_objects_only(connection: Connection) -> None:
    with connection.cursor() as cursor, pytest.raises(NotPortable, match="copy_expert"):
        cursor.copy_expert("copy t from stdin", None)


def test_the_search_path_keeps_the_functions(sql: Sql) -> None:
    sql("set search_path to pg_temp")
    assert sql("select len('x')") == [(1,)]


# --- lookups ----------------------------------------------------------------------------------------------------------


def indexes(session: Connection, table: str) -> list[str]:
    """The indexes of a table, which Redshift's catalog does not show."""
    with session.cursor(cursor_factory=PlainCursor) as cursor:
        cursor.execute(
            "select indexdef from pg_catalog.pg_indexes where schemaname || '.' || tablename = %s", (table,)
        )
        return sorted(definition.partition(" USING ")[2] for (definition,) in cursor.fetchall())


@pytest.mark.parametrize("autocommit", [True, False])
def test_lookups_are_built_when_a_filled_table_is_analysed(
    server: str, schema: str, autocommit: bool
) -> None:
    lookups = {"shared.t": ["a", "a, b", "rtrim(b)"], "shared.other": ["a"]}
    with closing(redshift_local.connect(server, lookups=lookups)) as session:
        session.autocommit = autocommit

        def run(text: str, parameters: object = None) -> list[tuple]:
            with session.cursor() as cursor:
                cursor.execute(text, parameters)
                return cursor.fetchall() if cursor.description else []

        run("create table shared.t (a integer, b varchar(5))")
        run("analyze shared.t")
        assert indexes(session, "shared.t") == []
        run("insert into shared.t values (1, 'x'), (1, 'x')")
        run("analyze shared.t (a)")
        expected = ["btree (a)", "btree (a, b)", "btree (rtrim((b)::text))"]
        assert indexes(session, "shared.t") == expected
        run("analyze shared.t; analyze")
        assert indexes(session, "shared.t") == expected


# --- any server -------------------------------------------------------------------------------------------------------


def test_an_older_server_is_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OLDEST_SERVER", 990000)
    with pytest.raises(psycopg2.NotSupportedError, match=r"needs PostgreSQL 18 or newer; this server is 18"):
        redshift_local.connect(server)


def test_a_new_catalog_replaces_an_old_one(server: str, sql: Sql) -> None:
    with closing(psycopg2.connect(server)) as plain, plain, plain.cursor() as cursor:
        cursor.execute("comment on schema redshift is 'old'; drop function redshift.len")
    with closing(redshift_local.connect(server)) as session, session.cursor() as cursor:
        cursor.execute("select len('x')")
        assert cursor.fetchall() == [(1,)]


def test_the_package_reads_its_sql_wherever_it_is_installed(server: str, tmp_path: Path) -> None:
    """It is imported from an archive, in which no file of the package has a path of its own."""
    package = Path(redshift_local.__file__).parent
    archive = shutil.make_archive(str(tmp_path / "package"), "zip", package.parent, package.name)
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import redshift_local
with redshift_local.connect(sys.argv[2]) as session, session.cursor() as cursor:
    cursor.execute("select len('x')")
    print(redshift_local.__file__.startswith(sys.argv[1]), cursor.fetchall())
"""
    command = [sys.executable, "-c", script, archive, server]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "True [(1,)]\n", done.stderr


def test_parameters_of_libpq_are_passed_on(server: str) -> None:
    with (
        closing(redshift_local.connect(server, application_name="a test")) as session,
        session.cursor() as cursor,
    ):
        cursor.execute("show application_name")
        assert cursor.fetchall() == [("a test",)]


def test_an_isolation_that_was_asked_for_stays(server: str) -> None:
    options = "-c default_transaction_isolation=serializable"
    with closing(redshift_local.connect(server, options=options)) as session, session.cursor() as cursor:
        cursor.execute("show transaction_isolation")
        assert cursor.fetchall() == [("serializable",)]


def test_a_read_only_session(server: str, sql: Sql) -> None:
    with closing(redshift_local.connect(server)) as session:
        session.set_session(readonly=True)
        with session.cursor() as cursor, pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("create table public.t as select 1 as a")


# --- statements that are too long: c_redshift-sql ---------------------------------------------------------------------

LARGEST = 16_777_216  # "The maximum size for a single SQL statement is 16 MB"


@pytest.mark.parametrize("given", [False, True])
def test_a_statement_of_sixteen_megabytes_is_taken_and_one_byte_more_is_not(sql: Sql, given: bool) -> None:
    room = LARGEST - len("select length('')")
    for size in (room, room + 1):
        text = "x" * size
        statement, parameters = (
            ("select length(%s)", (text,)) if given else (f"select length('{text}')", None)
        )
        if size == room:
            assert sql(statement, parameters) == [(size,)]
        else:
            with pytest.raises(
                NotPortable, match=f"Statement is too large. Statement Size: {LARGEST + 1} bytes"
            ):
                sql(statement, parameters)


def test_the_size_of_a_statement_is_that_of_its_bytes_as_they_are_sent(sql: Sql) -> None:
    for text in ("'" * (LARGEST // 2), "\u00e9" * (LARGEST // 2)):
        with pytest.raises(NotPortable, match="Statement is too large"):
            sql("select length(%(text)s)", {"text": text})
    assert sql("select length(%s)", ("\u00e9" * (LARGEST // 2 - 50),)) == [(LARGEST // 2 - 50,)]


def test_rows_of_one_statement_count_together(connection: Connection, sql: Sql) -> None:
    sql("create temp table t (a varchar(65535))")
    rows = [("x" * 65_000,)] * 300
    with connection.cursor() as cursor, pytest.raises(NotPortable, match="Statement is too large"):
        execute_values(cursor, "insert into t values %s", rows, page_size=1000)
