"""`python -m redshift_local sql FILE`: the statements of a file on the local Redshift, and what each returns."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2

import redshift_local
from redshift_local.tokens import split


def add_command(commands: Any) -> None:
    """Add `sql` to the package's commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "sql",
        help="run the statements of a file",
        description="Run the statements of a file, one transaction each, until one fails (exit code 1).",
    )
    parser.add_argument(
        "file", type=argparse.FileType(encoding="utf-8"), metavar="FILE", help="- is the input"
    )
    parser.add_argument(
        "--data", type=Path, default=Path("redshift"), help="the server's folder (./redshift)"
    )
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    with closing(redshift_local.connect(redshift_local.ensure(given.data))) as connection:
        connection.autocommit = True
        for statement in split(given.file.read()):
            try:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    _print(cursor)
            except psycopg2.Error as error:
                sys.stderr.write(f"{statement}\nerror: {str(error).strip()}\n")
                return 1
    return 0


def _print(cursor: Any) -> None:
    """The rows, one a line with tabs between their columns, or else the statement's tag."""
    if not cursor.description:
        sys.stdout.write(f"{cursor.statusmessage}\n")
        return
    sys.stdout.write("\t".join(column.name for column in cursor.description) + "\n")
    for row in cursor.fetchall():
        sys.stdout.write("\t".join("\\N" if value is None else str(value) for value in row) + "\n")
