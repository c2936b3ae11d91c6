"""What redshift-data runs: statements with their states, results and errors.

Belongs here: running them on a connection. Does not belong here: how the API is called (`data_api`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import new_type, register_type, string_types

from redshift_local.dialect import split

_AS_TEXT = new_type(tuple(string_types), "text as the server sends it", lambda value, _: value)


@dataclass
class Statement:
    """One SQL statement, or one of a batch, and what has come of it."""

    id: str
    sql: str
    parameters: dict[str, str]
    status: str = "SUBMITTED"
    error: str = ""
    columns: Sequence[Any] = ()
    rows: Sequence[Sequence[str | None]] = ()
    changed: int = -1
    began: float = field(default_factory=time.time)
    ended: float = 0.0

    @property
    def has_result(self) -> bool:
        return self.status == "FINISHED" and bool(self.columns)

    def run(self, connection: Connection) -> None:
        """Run it. Raises psycopg2.Error, and keeps its text."""
        self.began, self.status = time.time(), "STARTED"
        try:
            if len(split(self.sql)) > 1:
                raise psycopg2.ProgrammingError("cannot insert multiple commands into a prepared statement")
            with connection.cursor() as cursor:
                register_type(_AS_TEXT, cursor)
                cursor.execute(*_bound(self.sql, self.parameters))
                self.changed = cursor.rowcount
                if cursor.description:
                    self.columns, self.rows = cursor.description, cursor.fetchall()
            self.status = "FINISHED"
        except psycopg2.Error as error:
            cancelled = isinstance(error, psycopg2.errors.QueryCanceled)
            self.status = "ABORTED" if cancelled else "FAILED"
            self.error = "Query is cancelled by user" if cancelled else f"ERROR: {str(error).strip()}"
            raise
        finally:
            self.ended = time.time()

    def shape(self) -> dict[str, Any]:
        size = sum(len(value or "") for row in self.rows for value in row)
        return {
            "Id": self.id,
            "Status": self.status,
            "QueryString": self.sql,
            "HasResultSet": self.has_result,
            "ResultRows": len(self.rows) if self.columns else self.changed,
            "ResultSize": size if self.columns else -1,
            "Duration": int((self.ended - self.began) * 1e9) if self.ended else -1,
            "CreatedAt": moment(self.began),
            "UpdatedAt": moment(self.ended or self.began),
            **({"Error": self.error} if self.error else {}),
        }


@dataclass
class Execution:
    """What one call runs: a statement, or a batch of them in one transaction."""

    whole: Statement
    target: dict[str, Any]
    name: str
    format: str
    batch: list[Statement] = field(default_factory=list)
    connection: Connection | None = None
    thread: threading.Thread | None = None

    def run(self, connect: Callable[[], Connection]) -> None:
        """Run all of it, one after the other, until one fails."""
        parts = self.batch or [self.whole]
        try:
            with closing(connect()) as connection:
                self.connection = connection
                connection.autocommit = not self.batch
                for part in parts:
                    if self.whole.status == "ABORTED":
                        raise psycopg2.OperationalError("cancelled")
                    part.run(connection)
                connection.commit()
                self.whole.status = "FINISHED"
        except psycopg2.Error as error:
            failed = next((part for part in parts if part.error), None)
            for part in self.batch:
                if part.status == "SUBMITTED":
                    part.status = "ABORTED"
            if self.whole.status != "ABORTED":
                self.whole.status = failed.status if failed else "FAILED"
                self.whole.error = failed.error if failed else f"FATAL: {str(error).strip()}"
        finally:
            self.connection, self.whole.ended = None, time.time()

    def cancel(self) -> None:
        self.whole.status = "ABORTED"
        if self.connection:
            with suppress(psycopg2.Error):
                self.connection.cancel()


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


PARAMETER = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|::|(?P<percent>%)|:(?P<name>\w+)", re.DOTALL
)


def _bound(sql: str, parameters: dict[str, str]) -> tuple[str, dict[str, str]] | tuple[str]:
    """The statement with `:name` as psycopg2 takes it, and the values."""
    if not parameters:
        return (sql,)
    written = PARAMETER.sub(lambda m: f"%({m['name']})s" if m["name"] else m[0].replace("%", "%%"), sql)
    return written, parameters
