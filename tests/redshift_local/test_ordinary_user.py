"""A database of one's own on a server that one does not administer."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import make_dsn, parse_dsn

import redshift_local


@pytest.fixture
def dsn(server: str) -> str:
    """The connection string of an ordinary user, who owns the database."""
    with closing(psycopg2.connect(server)) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute("drop database if exists ordinary")
            cursor.execute("drop role if exists ordinary")
            cursor.execute("create role ordinary login")
            cursor.execute("create database ordinary owner ordinary")
    return make_dsn(**parse_dsn(server) | {"user": "ordinary", "dbname": "ordinary"})


def test_the_catalog_is_made_without_a_superuser_s_rights(dsn: str) -> None:
    """Only what takes these is missing: trailing blanks count in comparisons, and late-binding views are bound."""
    with closing(redshift_local.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("create table t (a varchar(5)) distkey (a)")
        cursor.execute("create view v as select a from t with no schema binding")
        cursor.execute("insert into t values ('a'), ('a ')")
        cursor.execute("select count(distinct a), max(len(a)), max(dateadd(day, 1, '2018-11-30')) from v")
        assert [str(value) for value in cursor.fetchall()[0]] == ["2", "2", "2018-12-01 00:00:00"]
        cursor.execute('select "column", distkey from pg_table_def where tablename = %s', ("t",))
        assert cursor.fetchall() == [("a", True)]
