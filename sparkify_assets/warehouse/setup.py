"""The project's schemas and tables, created where they are missing."""

from __future__ import annotations

from sparkify_assets.warehouse.transaction import Transaction

#: What makes the project's schemas and their tables, in order.
_DDL = ("ddl/schemas", "ddl/ledger", "ddl/incoming", "ddl/staging", "ddl/sparkify")


def create_tables(transaction: Transaction) -> None:
    """Create the schemas and tables that are missing, and grant them to the group of readers if there is one."""
    for name in _DDL:
        transaction.run(name)
    if transaction.value("access/reader_exists"):
        transaction.run("access/grants")
