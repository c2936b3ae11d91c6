"""What the server does with a statement: its result, or its refusal in Redshift's words.

Belongs here: one session. Does not belong here: how the SQL runs (`redshift_local.session`), what only a cluster checks
(`cluster`), the wire protocol (`server`, `wire`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    new_type,
    register_type,
    string_types,
)
from psycopg2.extensions import cursor as PlainCursor

import redshift_local
from redshift_local import CopyError, dialect
from redshift_local.copy import statement
from redshift_local.endpoint.cluster import ClusterState
from redshift_local.endpoint.refusal import Refusal, of_copy, of_database

#: Values as the server writes them, for this endpoint to pass on.
_AS_WRITTEN = new_type(tuple(string_types), "AS_WRITTEN", lambda value, _: value)


@dataclass
class Result:
    """What a client receives: the command's tag, the columns (name, type), the rows as text, the notices."""

    tag: str
    columns: Sequence[tuple[str, int]] = ()
    rows: Sequence[Sequence[str | None]] = ()
    notices: Sequence[str] = ()


class Engine:
    """One session of a user; where it is one of an emulated cluster, with that cluster's checks."""

    def __init__(self, dsn: str, user: str, cluster: ClusterState | None = None) -> None:
        self.cluster = cluster
        try:
            self.connection = redshift_local.connect(dsn)
        except psycopg2.OperationalError as error:
            raise Refusal("3D000", " ".join(str(error).split())) from None
        self.connection.autocommit = True
        with self.connection.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute("select 1 from pg_roles where rolname = %s", (user,))
            if cursor.fetchone() is None:
                raise Refusal("28000", f'user "{user}" does not exist')
            cursor.execute("set session authorization %s", (user,))

    @property
    def status(self) -> bytes:
        """The transaction's state, as in ReadyForQuery."""
        status = self.connection.info.transaction_status
        return {TRANSACTION_STATUS_IDLE: b"I", TRANSACTION_STATUS_INERROR: b"E"}.get(status, b"T")

    def run(self, text: str) -> Result:
        """Run one or several statements. Raises Refusal."""
        text = _escapes_as_written(text).rstrip("; \n\t")
        words = [token.upper for token in dialect.tokens(text)]
        if self.cluster:
            self.cluster.check(text, words)
        if words[:1] == ["COPY"]:
            return self._copy(text)
        try:
            with self.connection.cursor() as cursor:
                register_type(_AS_WRITTEN, cursor)
                cursor.execute(_users(text))
                result = _result(cursor)
        except psycopg2.Error as error:
            raise of_database(error) from None
        if self.cluster and self.cluster.hides(words):
            result.rows, result.tag = [], "SELECT 0"
        return result

    def fail(self) -> None:
        """Abort the open transaction, also after an error that PostgreSQL did not raise."""
        if self.status == b"T":
            with suppress(psycopg2.Error), self.connection.cursor(cursor_factory=PlainCursor) as cursor:
                cursor.execute("select redshift.fail('refused')")

    def cancel(self) -> None:
        self.connection.cancel()

    def close(self) -> None:
        with suppress(psycopg2.Error):
            self.connection.close()

    def _copy(self, text: str) -> Result:
        try:
            command = statement.parse(text)
        except redshift_local.NotPortable as error:
            raise Refusal("42601", str(error)) from None
        try:
            if self.cluster:
                self.cluster.check_copy(command, self.connection.objects)
            with self.connection.cursor() as cursor:
                cursor.execute(text)
        except CopyError as error:
            raise of_copy(error, command.table[-1]) from None
        except psycopg2.Error as error:
            raise of_database(error) from None
        notices = [text.removeprefix("INFO:").strip() for text in self.connection.notices]
        return Result("COPY", notices=self.cluster.says(notices) if self.cluster else notices)


def _result(cursor: Any) -> Result:
    columns = [(column.name, column.type_code) for column in cursor.description or ()]
    return Result(cursor.statusmessage or "", columns, cursor.fetchall() if columns else ())


_LITERAL = re.compile(
    r"--[^\n]*|/\*.*?\*/|\"[^\"]*\"|(?P<e>\b[eE])?'(?P<body>(?:[^'\\]|\\.|'')*)'", re.DOTALL
)


def _escapes_as_written(text: str) -> str:
    """Redshift reads a backslash in a string as an escape; PostgreSQL does so in a string with the prefix E."""

    def marked(match: re.Match[str]) -> str:
        if match["body"] is None or "\\" not in match["body"] or match["e"]:
            return match[0]
        return f"E{match[0]}"

    return _LITERAL.sub(marked, text) if "\\" in text else text


def _users(text: str) -> str:
    """PASSWORD DISABLE, which only Redshift has: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html."""
    return re.sub(r"(?i)\b((?:create|alter) user \S+) password disable\b", r"\1 password null", text)
