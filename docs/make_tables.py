"""Writes docs/tables.md, the dictionary of the tables, from the code: columns and types from sql/ddl, words from
sparkify_assets/model/tables.py, origins from the SQL of the merges. With --check it only says whether the file is in
sync.

    .venv/bin/python docs/make_tables.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sparkify_assets.model.lineage import column_origins
from sparkify_assets.model.tables import ASSETS, TABLES

FILE = Path(__file__).parent / "tables.md"

HEAD = """# The tables

This page is made by `docs/make_tables.py`; a test compares it with the code. Dates and times are UTC. *From* names the
columns that a column is made of, read from the SQL; those that decide a match are among them.
"""


def render() -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, *(line for asset in (*ASSETS["songs"], *ASSETS["events"]) for line in section(asset))]
    )


def section(asset: str) -> Iterator[str]:
    """One table: what it holds, its key, the file that makes it, its columns."""
    table = TABLES[asset]
    yield f"## {table.name}\n"
    yield f"{table.description}\n"
    key = ", ".join(f"`{column}`" for column in table.key) or "none; a day or prefix is replaced whole"
    yield f"Key: {key}. Made by [`sql/{table.merge}.sql`](../sql/{table.merge}.sql).\n"
    yield "| column | type | | from |"
    yield "|---|---|---|---|"
    lineage = column_origins()[asset]
    for column, description in table.columns.items():
        yield f"| `{column}` | {table.types[column]} | {description} | {origin(lineage[column])} |"
    yield ""


def origin(deps: Sequence[tuple[str, str]]) -> str:
    """The columns of each table in words; a column of no record has the key of its object as origin."""
    columns: dict[str, list[str]] = {}
    for asset, column in deps:
        columns.setdefault(asset, []).append(column)
    return "; ".join(f"{asset}: {', '.join(names)}" for asset, names in columns.items()) or "the object's key"


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if it would change")
    if not parser.parse_args().check:
        FILE.write_text(render(), "utf-8")
    elif FILE.read_text("utf-8") != render():
        sys.exit(f"{FILE} is not in sync with the code: run docs/make_tables.py")


if __name__ == "__main__":
    main()
