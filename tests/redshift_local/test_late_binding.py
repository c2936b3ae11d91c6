"""Views WITH NO SCHEMA BINDING find their tables by name, when they are asked: r_CREATE_VIEW."""

from __future__ import annotations

from collections.abc import Callable

import psycopg2
import pytest

from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]


@pytest.fixture
def view(sql: Sql, schema: str) -> str:
    sql(f"create table {schema}.t (a integer, b varchar(8))")
    sql(f"insert into {schema}.t values (1, 'old')")
    sql(f"create view {schema}.v as select a, b from {schema}.t where b <> 'it''s' with no schema binding")
    return f"{schema}.v"


def test_a_table_that_is_replaced_is_found_by_its_name(sql: Sql, schema: str, view: str) -> None:
    """As SQLMesh and dbt replace one: the new table takes the old one's name, and the old one is dropped."""
    sql(f"create table {schema}.other as select 2 as a, 'new'::varchar(8) as b")
    sql(f"alter table {schema}.t rename to earlier")
    sql(f"alter table {schema}.other rename to t")
    sql(f"drop table {schema}.earlier")
    assert sql(f"select a, b from {view}") == [(2, "new")]


def test_a_view_outlives_its_table(sql: Sql, schema: str, view: str, connection: Connection) -> None:
    sql(f"drop table {schema}.t cascade")
    connection.commit()
    with pytest.raises(psycopg2.errors.UndefinedTable, match=r'"shared.t" does not exist'):
        sql(f"select count(*) from {view}")
    connection.rollback()
    sql(f"create table {schema}.t as select 3 as a, 'again'::varchar(8) as b")
    assert sql(f"select a, b from {view}") == [(3, "again")]


def test_a_column_may_change_its_type(sql: Sql, schema: str, view: str) -> None:
    sql(f"drop table {schema}.t")
    sql(f"create table {schema}.t as select 1.5::decimal(8, 2) as a, 'x'::varchar(8) as b")
    assert sql(f"select a from {view}")[0][0] == pytest.approx(1.5)


def test_a_view_over_another_follows_it(sql: Sql, schema: str, view: str) -> None:
    sql(f"create view {schema}.above as select a + 1 as a from {view} with no schema binding")
    sql(f"drop view {view}")
    sql(f"create view {view} as select 6 as a, 'x'::varchar(8) as b with no schema binding")
    assert sql(f"select a from {schema}.above") == [(7,)]


def test_other_views_are_bound(sql: Sql, schema: str) -> None:
    sql(f"create table {schema}.t (a integer)")
    sql(f"create view {schema}.v as select a from {schema}.t")
    with pytest.raises(psycopg2.errors.DependentObjectsStillExist):
        sql(f"drop table {schema}.t")


def test_the_catalog_knows_no_dependency_but_the_whole_definition(sql: Sql, schema: str, view: str) -> None:
    """By these, dbt forgets what a dropped table takes with it, and knows which kind a view is of."""
    assert sql(f"""
        select count(*) from pg_depend
        join pg_rewrite on pg_depend.objid = pg_rewrite.oid
        where ev_class = '{view}'::regclass and refobjid = '{schema}.t'::regclass
    """) == [(0,)]
    sql(f"create materialized view {schema}.m as select a from {schema}.t")
    kinds = sql(f"""
        select viewname, definition ilike 'create materialized view %', definition ilike '%with no schema binding;'
        from pg_views where schemaname = '{schema}' order by 1
    """)
    assert kinds == [("m", True, False), ("v", False, True)]
