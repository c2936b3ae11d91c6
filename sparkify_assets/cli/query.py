"""Commands that talk SQL to the warehouse: `sparkify query` and `sparkify psql`."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer
from typer.core import TyperCommand

from sparkify_assets.cli.console import CommandError, OutputRowFormat, print_rows, say, settings
from sparkify_assets.model import queries
from sparkify_assets.report.questions import QUESTIONS, statement
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import open_warehouse


class StatementFirst(TyperCommand):
    """A command whose argument is SQL, which may begin with a comment: `-- …` is no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        comments = [arg for arg in args if re.match(r"--\s", arg)]
        others = [arg for arg in args if arg not in comments]
        return super().parse_args(ctx, [*others, "--", *comments] if comments else args)


def query(
    text: Annotated[
        str | None,
        typer.Argument(metavar="SQL", help="A statement in Redshift's SQL; - reads standard input."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the statement from a file.")] = None,
    output: OutputRowFormat = "table",
    write: Annotated[bool, typer.Option("--write", help="Let the statement change something.")] = False,
) -> None:
    """Query the warehouse: `sparkify query "select …"`, `sparkify query -f FILE` or `sparkify query < FILE`."""
    chosen = settings()
    asked = _statement(text, file, chosen)
    try:
        with closing(open_warehouse(chosen).connect(read_only=not write)) as connection:
            with connection.cursor() as cursor:
                cursor.execute(asked)
                rows = cursor.fetchall() if cursor.description else []
                columns = [column.name for column in cursor.description or ()]
            connection.commit()
    except psycopg2.Error as error:
        raise CommandError(str(error).strip().partition("\n")[0]) from None
    print_rows(columns, rows, output)


def _statement(text: str | None, file: Path | None, chosen: Settings) -> str:
    """The statement that is given, wherever it stands. A question of the report is filled in as the report asks it.
    Raises CommandError.
    """
    if text is not None and file is not None:
        raise CommandError("give either a statement or --file, not both")
    if file is None and text not in (None, "-"):
        return str(text)
    if file is None and text is None and sys.stdin.isatty():
        raise CommandError("give a statement, --file FILE, or a statement on standard input")
    if file is None:
        return sys.stdin.read()
    for question in QUESTIONS:
        if file.resolve() == queries.FOLDER / f"{question.file}.sql":
            return statement(question, chosen)
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: not UTF-8: {error.reason} at byte {error.start}") from None


def psql() -> None:
    """Print the connection string, for psql and others: psql "$(sparkify psql)"."""
    with closing(open_warehouse(settings()).connect()) as connection:
        say(connection.dsn)
