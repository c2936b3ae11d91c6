"""Commands that talk SQL to the warehouse: `sparkify query` and `sparkify psql`."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer
from psycopg2.extensions import make_dsn, parse_dsn

from redshift_local import split
from sparkify_assets.cli.console import CommandError, OutputRowFormat, err, say, settings_of_what_is_there
from sparkify_assets.cli.help import Command
from sparkify_assets.cli.rows import Expanded, print_rows
from sparkify_assets.model import queries
from sparkify_assets.report.questions import QUESTIONS, statement
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import open_warehouse
from sparkify_assets.warehouse.errors import first_line

#: What makes PostgreSQL refuse to change anything, unless a session asks to be allowed to
#: (https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-DEFAULT-TRANSACTION-READ-ONLY).
READ_ONLY = "-c default_transaction_read_only=on"


class StatementFirst(Command):
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
    expanded: Expanded = False,
    write: Annotated[bool, typer.Option("--write", help="Let the statement change something.")] = False,
) -> None:
    """Query the warehouse: a statement, those of a file, or in a small shell if there is none."""
    chosen = settings_of_what_is_there()
    if text is None and file is None and sys.stdin.isatty() and sys.stdout.isatty():
        from sparkify_assets.cli.shell import (
            run_shell,
        )  # here, because no other command waits for its library

        run_shell(chosen, output, expanded=expanded, write=write)
        return
    text = _statement(text, file, chosen)
    if text.lstrip().startswith("\\"):  # as `psql -c` takes it
        from sparkify_assets.cli.shell import Shell

        with Shell(open_warehouse(chosen), output, expanded=expanded, write=write) as shell:
            shell.command(text)
        return
    statements = split(text)
    if not statements:
        raise CommandError("there is no statement to run")
    place, begins = "", 0
    try:
        with (
            open_warehouse(chosen).session(read_only=not write) as session,
            session.transaction(lock=False) as transaction,
        ):
            for number, statement in enumerate(statements, 1):
                begins = text.find(statement, begins)
                if len(statements) > 1:
                    place = f"statement {number} of {len(statements)}: "
                answer = transaction.ask(statement)
                columns = [column.name for column in answer.description or ()]
                print_rows(columns, answer.fetchall() if columns else [], output, expanded=expanded)
    except psycopg2.Error as error:
        raise CommandError(f"{place}{first_line(error)}{_line(error, text, begins)}") from None


def _line(error: psycopg2.Error, text: str, begins: int) -> str:
    """In which line of a text an error is, as far as it says that of the statement that begins there; empty if there is
    only one line.
    """
    found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    if not found or "\n" not in text.strip() or begins < 0:
        return ""
    return f" (line {text.count(chr(10), 0, begins) + int(found[1])})"


def _statement(text: str | None, file: Path | None, chosen: Settings) -> str:
    """The statement that is given, wherever it stands. A question of the report is filled in as the report asks it.
    Raises CommandError.
    """
    if text is not None and file is not None:
        raise CommandError("give either a statement or --file, not both")
    if file is None and text not in (None, "-"):
        return str(text)
    if file is None and text is None and sys.stdin.isatty():
        raise CommandError(
            "give a statement, --file FILE, or a statement on standard input; the shell needs a terminal to print to"
        )
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


def psql(
    write: Annotated[
        bool, typer.Option("--write", help="For a connection that may change something.")
    ] = False,
) -> None:
    """Print the connection string, for psql and others: psql "$(sparkify psql)"."""
    warehouse = open_warehouse(settings_of_what_is_there())
    with closing(warehouse.connect()) as connection:
        dsn = connection.dsn
    if not write and warehouse.redshift:
        note = "Redshift has no connections that only read: the rights of the login decide, and it may write."
        say(note, "note", to=err)
    elif not write:
        dsn = make_dsn(dsn, options=f"{parse_dsn(dsn).get('options', '')} {READ_ONLY}".strip())
    say(dsn)
