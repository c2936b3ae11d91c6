"""Distribution, sorting, encodings and keys in the catalog, as they were declared and changed."""

from __future__ import annotations

from collections.abc import Callable

import psycopg2
import psycopg2.errors
import pytest

from redshift_local.dialect import plan
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]

DEFINED = """
    create table shared.plays (
        id bigint identity(0, 1) primary key,
        user_id integer not null encode raw,
        song varchar(256) encode zstd,
        level char(4),
        rate real,
        started timestamp distkey
    ) compound sortkey (user_id, started)
"""


@pytest.fixture
def plays(sql: Sql, schema: str) -> None:
    """The table shared.plays, seen by its bare name."""
    sql("set search_path to shared, public")
    sql(DEFINED)


def columns(sql: Sql, table: str = "plays") -> list[tuple]:
    return sql(
        'select "column", type, encoding, distkey, sortkey, "notnull" from pg_table_def'
        " where schemaname = 'shared' and tablename = %s",
        (table,),
    )


def table(sql: Sql, name: str = "plays") -> tuple:
    """The distribution style, its key and the sort key, without the columns that have no part in them."""
    [(style,)] = sql("select reldiststyle from pg_class where oid = to_regclass(%s)", (f"shared.{name}",))
    described = columns(sql, name)
    return style, [row[0] for row in described if row[3]], {row[0]: row[4] for row in described if row[4]}


def test_every_column_is_described(sql: Sql, plays: None) -> None:
    """r_PG_TABLE_DEF; the encodings without ENCODE are those of r_CREATE_TABLE_NEW."""
    assert columns(sql) == [
        ("id", "bigint", "az64", False, 0, True),
        ("user_id", "integer", "none", False, 1, True),
        ("song", "character varying(256)", "zstd", False, 0, False),
        ("level", "character(4)", "lzo", False, 0, False),
        ("rate", "real", "none", False, 0, False),
        ("started", "timestamp without time zone", "none", True, 2, False),
    ]
    assert table(sql) == (1, ["started"], {"user_id": 1, "started": 2})


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("(a integer, b integer)", (9, [], {})),
        ("(a integer, b integer) diststyle auto sortkey auto encode auto", (9, [], {})),
        ("(a integer, b integer) diststyle even", (0, [], {})),
        ("(a integer, b integer) diststyle all sortkey (b, a)", (8, [], {"b": 1, "a": 2})),
        ("(a integer, b integer) distkey (b)", (1, ["b"], {})),
        ("(a integer, b integer) diststyle key distkey (b) interleaved sortkey (a, b)", (1, ["b"], {"a": -1, "b": 2})),
        ('("a B" integer distkey sortkey, b integer)', (1, ["a b"], {"a b": 1})),
        ("distkey (b) sortkey (a) as select 1 as a, 2 as b", (1, ["b"], {"a": 1})),
        ("(like plays)", (1, ["started"], {"user_id": 1, "started": 2})),
        ("(b integer, like shared.plays)", (1, ["started"], {"user_id": 1, "started": 2})),
    ],
)  # fmt: skip
def test_what_a_definition_says(sql: Sql, plays: None, definition: str, expected: tuple) -> None:
    """r_PG_CLASS_INFO: 0 is EVEN, 1 KEY, 8 ALL, 9 AUTO; r_PG_TABLE_DEF: an interleaved key has odd columns negative."""
    sql(f"create table shared.t {definition}")
    assert table(sql, "t") == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("alter distkey id", (1, ["id"], {"user_id": 1, "started": 2})),
        ("alter diststyle all", (8, [], {"user_id": 1, "started": 2})),
        ("alter diststyle even", (0, [], {"user_id": 1, "started": 2})),
        ("alter diststyle auto", (9, [], {"user_id": 1, "started": 2})),
        ("alter diststyle key distkey song", (1, ["song"], {"user_id": 1, "started": 2})),
        ("alter sortkey (song)", (1, ["started"], {"song": 1})),
        ("alter sortkey none", (1, ["started"], {})),
        ("alter sortkey auto", (1, ["started"], {"user_id": 1, "started": 2})),
        ("alter compound sortkey (song, id), alter distkey song", (1, ["song"], {"song": 1, "id": 2})),
        ("alter distkey song, alter sortkey (song)", (1, ["song"], {"song": 1})),
        ("rename column started to began", (1, ["began"], {"user_id": 1, "began": 2})),
        ("drop column rate", (1, ["started"], {"user_id": 1, "started": 2})),
    ],
)
def test_what_changes_it(sql: Sql, plays: None, change: str, expected: tuple) -> None:
    """r_ALTER_TABLE."""
    sql(f"alter table shared.plays {change}")
    assert table(sql) == expected


def test_encodings_change(sql: Sql, plays: None) -> None:
    sql("alter table plays alter column song encode lzo, alter column level encode bytedict")
    sql("alter table plays add column n varchar(9) encode text255")
    assert [row[2] for row in columns(sql)] == ["az64", "none", "lzo", "bytedict", "none", "none", "text255"]


def test_a_renamed_table_keeps_it_and_a_new_one_of_its_name_does_not(sql: Sql, plays: None) -> None:
    sql("alter table plays rename to earlier")
    sql("create table shared.plays (a integer)")
    assert table(sql, "earlier") == (1, ["started"], {"user_id": 1, "started": 2})
    assert table(sql) == (9, [], {})


def test_a_rollback_takes_it_back(sql: Sql, plays: None, connection: Connection) -> None:
    connection.commit()
    sql("alter table shared.plays alter diststyle all")
    connection.rollback()
    assert table(sql) == (1, ["started"], {"user_id": 1, "started": 2})


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_table_that_exists_keeps_its_own(
    sql: Sql, plays: None, connection: Connection, autocommit: bool
) -> None:
    connection.commit()
    connection.autocommit = autocommit
    sql("create table if not exists shared.plays (a integer) diststyle all")
    assert table(sql) == (1, ["started"], {"user_id": 1, "started": 2})


def test_a_temporary_tables_columns_are_raw(sql: Sql) -> None:
    """r_CREATE_TABLE_NEW: "All columns in temporary tables are assigned RAW compression by default"."""
    sql("create temp table t (a integer, b varchar(3) encode zstd)")
    assert sql("select encoding from pg_table_def where tablename = 't'") == [("none",), ("zstd",)]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("create table shared.t (a integer) distkey (b)", "UndefinedColumn"),
        ("create table shared.t (a integer) sortkey (a, b)", "UndefinedColumn"),
        ("create table shared.t (a integer, foreign key (a) references shared.none (a))", "UndefinedTable"),
        (
            "create table shared.t (a integer primary key, b integer, primary key (b))",
            "InvalidTableDefinition",
        ),
        ("alter table shared.none alter diststyle all", "UndefinedTable"),
        ("alter table shared.plays add primary key (id)", "InvalidTableDefinition"),
        ("alter table shared.plays drop constraint none", "UndefinedObject"),
        ("insert into shared.plays (user_id, started) values (null, null)", "NotNullViolation"),
    ],
)
def test_what_is_an_error(sql: Sql, plays: None, statement: str, error: str) -> None:
    with pytest.raises(getattr(psycopg2.errors, error)):
        sql(statement)


def test_keys_are_in_the_catalog(sql: Sql, plays: None) -> None:
    sql("""
        create table shared.sums (
            id bigint references plays, day date, song varchar(256), constraint one unique (song),
            constraint of_song foreign key (song) references shared.plays (song), primary key (id, day)
        )
    """)
    found = sql("""
        select con.conname, con.contype, con.conkey, con.confkey, pg_get_constraintdef(con.oid)
        from pg_catalog.pg_constraint as con, pg_catalog.pg_class as c
        where con.conrelid = c.oid and c.relname = 'sums' order by con.conname
    """)
    plays = "plays" if sql("show search_path")[0][0].startswith("shared") else "shared.plays"
    assert found == [
        ("of_song", "f", [3], [3], f"FOREIGN KEY (song) REFERENCES {plays}(song)"),
        ("one", "u", [3], None, "UNIQUE (song)"),
        ("sums_id_fkey", "f", [1], [1], f"FOREIGN KEY (id) REFERENCES {plays}(id)"),
        ("sums_pkey", "p", [1, 2], None, "PRIMARY KEY (id, day)"),
    ]
    sql("alter table shared.sums drop constraint of_song")
    sql("alter table shared.sums drop constraint sums_pkey")
    assert sql(
        "select count(*) from pg_constraint as n, pg_class as c where conrelid = c.oid and relname = 'sums'"
    ) == [(2,)]


def test_one_statement_keeps_it_in_one_transaction(sql: Sql, connection: Connection, schema: str) -> None:
    connection.rollback()
    connection.autocommit = True
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        sql("create table shared.t (a integer) distkey (b)")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        sql("select a from shared.t")


@pytest.mark.parametrize(
    "statement",
    ["create table t (a integer, b varchar(9))", "create temp table t (like s)", "alter table t rename to s"],
)
def test_nothing_is_kept_where_nothing_is_said(statement: str) -> None:
    assert plan(statement)[0].attributes == ""
