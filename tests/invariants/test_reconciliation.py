"""Invariant 6: a single row that somebody lost, doubled or changed, in staging or in the star, is found and named."""

from __future__ import annotations

from itertools import count, product
from pathlib import Path
from random import Random
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.warehouse.connection import Warehouse
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
TEXT = "case when length({c}) > 1 then substring({c}, 1, length({c}) - 1) else coalesce({c}, '') || 'x' end"


class Spoiler:
    """One table in the hands of somebody who goes past the project."""

    def __init__(self, connection: Connection, table: str, random: Random) -> None:
        self.connection, self.random = connection, random
        self.table = sql.SQL(table)
        self.saved = sql.Identifier("public", f"saved_{table.replace('.', '_')}")

    def run(self, text: str, **parts: sql.Composable) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql.SQL(text).format(table=self.table, saved=self.saved, **parts))
            return cursor.fetchall() if cursor.description else []

    def spoil(self, fault: str, turn: int) -> str:
        """Do it to one row at random, changes to the columns in turn, from the last; what was done."""
        self.run("create table {saved} as table {table}")
        row = sql.Literal(
            self.random.choice(self.run("select ctid::text from {table} as r order by r::text"))[0]
        )
        if fault == "lost":
            self.run("delete from {table} where ctid = {row}::tid", row=row)
        elif fault == "doubled":
            self.run("insert into {table} select * from {table} where ctid = {row}::tid", row=row)
        else:
            columns = self.run(
                "select attname, format_type(coalesce(nullif(typbasetype, 0), t.oid), null)"
                " from pg_attribute as a join pg_type as t on t.oid = a.atttypid"
                " where attrelid = {name}::regclass and attnum > 0 order by attnum desc",
                name=sql.Literal(self.table.string),
            )
            column, kind = columns[turn % len(columns)]
            new = sql.SQL(OTHER.get(kind, TEXT).replace("{c}", f'"{column}"'))
            self.run(
                "update {table} set {column} = {new} where ctid = {row}::tid",
                column=sql.Identifier(column), new=new, row=row,
            )  # fmt: skip
            fault = f"changed: {column}"
        return f"{self.table.string} {fault}"

    def mend(self) -> None:
        self.run("delete from {table}")
        self.run("insert into {table} select * from {saved}")
        self.run("drop table {saved}")


#: Tables that do not follow from one another: a fault of one is none of the others'.
APART = [
    [table for table in world.COLUMNS if table.startswith(schema)] for schema in ("staging.", "sparkify.")
]
NAMED = {"lost": {"missing"}, "doubled": {"missing", "surplus"}, "changed": {"missing", "surplus"}}


@pytest.mark.parametrize(
    "faults", [42, pytest.param(500, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_every_fault_of_a_row_is_found(small: Warehouse, tmp_path: Path, faults: int) -> None:
    """One row of each table at a time."""
    random = Random(41)
    source = tmp_path / "source"
    world.write(source, world.random_files(random, DAYS[:4], PREFIXES))
    loader = loader_for(small, source, tmp_path / "home")
    world.load_all(loader)
    assert reconcile(loader, deep=True) == []
    connection = psycopg2.connect(small.url)
    connection.autocommit = True
    done = 0
    try:
        for turn in count():
            for fault, tables in product(NAMED, APART):
                spoilers = {table: Spoiler(connection, table, random) for table in tables}
                spoiled = {table: spoiler.spoil(fault, turn) for table, spoiler in spoilers.items()}
                findings = reconcile(loader, deep=True)
                for table, what in spoiled.items():
                    where = table.replace("staging.", "staging_").removeprefix("sparkify.")
                    kinds = {finding.kind for finding in findings if finding.where == where}
                    assert kinds == NAMED[fault], f"{what}: {kinds}"
                for spoiler in spoilers.values():
                    spoiler.mend()
                done += len(spoilers)
            if done >= faults:
                break
    finally:
        connection.close()
    print(f"{done} faults of single rows found")  # noqa: T201 - the proof's size
    assert reconcile(loader, deep=True) == []
