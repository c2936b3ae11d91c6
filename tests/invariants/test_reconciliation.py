"""Invariant 6: a single row that somebody lost, doubled or changed, in staging or in the star, is found and named."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from sparkify_assets.reconcile import reconcile
from sparkify_assets.resources.redshift import Warehouse
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.world import DAYS, PREFIXES

#: The column's value, other than it is, by the type that the server gives it.
OTHER = {
    "date": "{c} + 1000",
    "timestamp without time zone": "{c} + interval '1 millisecond'",
    "double precision": "coalesce({c} + 0.0009765625, 1)",
    "bigint": "coalesce({c} + 1, 0)",
    "integer": "coalesce({c} + 1, 0)",
}
TEXT = "case when length({c}) > 1 then left({c}, -1) else coalesce({c}, '') || 'x' end"


class Spoiler:
    """One table in the hands of somebody who goes past the project."""

    def __init__(self, connection: Connection, table: str, random: Random) -> None:
        self.connection, self.random = connection, random
        self.table = sql.SQL(table)

    def run(self, text: str, **parts: sql.Composable) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql.SQL(text).format(table=self.table, **parts))
            return cursor.fetchall() if cursor.description else []

    def spoil(self, fault: str) -> str:
        """Do it to one row at random; what was done."""
        self.run("create table public.saved as table {table}")
        row = sql.Literal(
            self.random.choice(self.run("select ctid::text from {table} as r order by r::text"))[0]
        )
        if fault == "lost":
            self.run("delete from {table} where ctid = {row}::tid", row=row)
        elif fault == "doubled":
            self.run("insert into {table} select * from {table} where ctid = {row}::tid", row=row)
        else:
            column, kind = self.random.choice(
                self.run(
                    "select attname, format_type(coalesce(nullif(typbasetype, 0), t.oid), null)"
                    " from pg_attribute as a join pg_type as t on t.oid = a.atttypid"
                    " where attrelid = {name}::regclass and attnum > 0 order by attnum",
                    name=sql.Literal(self.table.string),
                )
            )
            new = sql.SQL(OTHER.get(kind, TEXT).replace("{c}", f'"{column}"'))
            self.run(
                "update {table} set {column} = {new} where ctid = {row}::tid",
                column=sql.Identifier(column), new=new, row=row,
            )  # fmt: skip
            fault = f"changed: {column}"
        return f"{self.table.string} {fault}"

    def mend(self) -> None:
        self.run("delete from {table}")
        self.run("insert into {table} select * from public.saved")
        self.run("drop table public.saved")


@pytest.mark.parametrize(
    "faults", [40, pytest.param(500, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_every_fault_of_a_row_is_found(small: Warehouse, tmp_path: Path, faults: int) -> None:
    random = Random(41)
    source = tmp_path / "source"
    world.write(source, world.random_files(random, DAYS[:4], PREFIXES))
    loader = loader_for(small, source, tmp_path / "home")
    world.load_all(loader)
    assert reconcile(loader, deep=True) == []
    connection = psycopg2.connect(small.url)
    connection.autocommit = True
    kinds = [(table, fault) for table in world.COLUMNS for fault in ("lost", "doubled", "changed")]
    try:
        for number in range(faults):
            table, fault = kinds[number % len(kinds)]
            spoiler = Spoiler(connection, table, random)
            done = spoiler.spoil(fault)
            where = table.replace("staging.", "staging_").removeprefix("sparkify.")
            named = {finding.kind for finding in reconcile(loader, deep=True) if finding.where == where}
            expected = {
                "lost": {"missing"},
                "doubled": {"missing", "surplus"},
                "changed": {"missing", "surplus"},
            }
            assert named == expected[fault], f"fault {number}: {done}: {named}"
            spoiler.mend()
    finally:
        connection.close()
    assert reconcile(loader, deep=True) == []
