"""Commands that talk SQL to the warehouse: `sparkify query` and `sparkify psql`."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import psycopg2
import typer

from sparkify_assets.cli.console import CommandError, OutputRowFormat, print_rows, say, settings
from sparkify_assets.warehouse.connection import open_warehouse


def query(
    text: Annotated[str, typer.Argument(metavar="SQL", help="A statement in Redshift's SQL.")],
    output: OutputRowFormat = "table",
    write: Annotated[bool, typer.Option("--write", help="Let the statement change something.")] = False,
) -> None:
    """Query the warehouse."""
    try:
        with closing(open_warehouse(settings()).connect(read_only=not write)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(text)
                rows = cursor.fetchall() if cursor.description else []
                columns = [column.name for column in cursor.description or ()]
            connection.commit()
    except psycopg2.Error as error:
        raise CommandError(str(error).strip().partition("\n")[0]) from None
    print_rows(columns, rows, output)


def psql() -> None:
    """Print the connection string, for psql and others: psql "$(sparkify psql)"."""
    with closing(open_warehouse(settings()).connect()) as connection:
        say(connection.dsn)
