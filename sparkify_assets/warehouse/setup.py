"""The project's schemas and tables, created where they are missing."""

from __future__ import annotations

from sparkify_assets.model import queries
from sparkify_assets.warehouse.transaction import Transaction


def create_tables(transaction: Transaction) -> None:
    """Create the schemas and tables that are missing, and grant them to the group of readers if there is one."""
    for name in _DDL:
        transaction.run(name)
    if transaction.value("access/reader_exists"):
        transaction.run("access/grants")


#: What makes the project's schemas and their tables, in order, and how many tables that are.
_DDL = ("ddl/schemas", "ddl/ledger", "ddl/incoming", "ddl/staging", "ddl/sparkify")


EXPECTED_TABLES = sum(queries.read(name).count("create table if not exists") for name in _DDL)
