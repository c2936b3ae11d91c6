"""The statements of `sql/` in one open transaction: run, read, copy, insert, and read what COPY rejected.

Belongs here: single statements. Does not: beginning, committing and retrying transactions (`connection`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, wait
from functools import partial
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from redshift_local import CopyError
from sparkify_assets import interruption
from sparkify_assets.model import queries
from sparkify_assets.warehouse.errors import (
    CopyFailed,
    WarehouseError,
    announced_rejects,
    copy_error,
    fault_of,
)

#: How long to wait for the rows of a system view, which Redshift writes some time after the statement.
LOAD_ERRORS_SECONDS = 60.0

#: How many rejected records one query of the system views covers, not counting its last COPY: as many as COPY rejects
#: before it gives up (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-maxerror).
MAX_ERRORS = 100_000

#: What one statement inserts: half of the 16 MB that Redshift takes as one statement
#: (https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-queries.html), and so many rows.
INSERT_BYTES, INSERT_ROWS = 8 * 1024 * 1024, 10_000

#: Rows that a cursor brings at once: a single-node cluster gives no more
#: (https://docs.aws.amazon.com/redshift/latest/dg/declare.html).
FETCH_ROWS = 1000


class Copied(NamedTuple):
    """What a COPY did: rows loaded, records rejected, and its ids in the STL views and in the SYS views."""

    rows: int
    refused: int
    copy_id: int
    query_id: int


class Transaction:
    """The statements of `sql/` inside one open transaction. `has_stl_views` is whether the server has STL views."""

    def __init__(
        self,
        connection: Connection,
        waiter: Executor,
        before_statement: Callable[[str], None] | None,
        has_stl_views: bool = True,
    ) -> None:
        self.connection = connection
        self.cursor: Cursor = connection.cursor()
        self._waiter = waiter
        self._before = before_statement
        self._has_stl_views = has_stl_views

    def run(self, name: str, **parameters: Any) -> None:
        """Run every statement of a file; afterwards `cursor` holds the result of the last."""
        for statement in queries.statements(name):
            self._execute(self.cursor, name, statement, parameters)

    def define(self, name: str, **names: str) -> None:
        """Run every statement of a file whose parameters are names and types, which no server takes as values."""
        for statement in queries.statements(name):
            self._execute(self.cursor, name, statement % names, {})

    def ask(self, statement: str) -> Cursor:
        """Run a statement that somebody typed, and return the cursor with its result."""
        self._interruptibly(partial(self.cursor.execute, statement))
        return self.cursor

    def rows(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a file; the rows of its last statement."""
        self.run(name, **parameters)
        return self.cursor.fetchall()

    def records(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a file; the rows of its last statement by column name."""
        self.run(name, **parameters)
        return list(_by_column(self.cursor))

    def each(self, name: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Run a file with one query and yield its rows by column name. The server sends the result as a whole."""
        with self._apart(name, **parameters) as cursor:
            yield from _by_column(cursor)

    def stream(self, name: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Run a file with one query and yield its rows by column name, in constant memory.

        Uses a cursor as Redshift documents it, of which there may be one at a time. psycopg2's named cursors add
        WITHOUT HOLD, which is not in Redshift's grammar (https://docs.aws.amazon.com/redshift/latest/dg/declare.html).
        """
        with self._apart(name, "declare stream cursor for ", **parameters) as cursor:
            fetched = FETCH_ROWS
            while fetched == FETCH_ROWS:
                self._interruptibly(partial(cursor.execute, f"fetch forward {FETCH_ROWS} from stream"))
                fetched = cursor.rowcount
                yield from _by_column(cursor)
            cursor.execute("close stream")

    def _apart(self, name: str, before: str = "", **parameters: Any) -> Cursor:
        """Run a file with one query and return its result in a cursor that later statements leave alone."""
        (statement,) = queries.statements(name)
        cursor = self.connection.cursor()
        self._execute(cursor, name, before + statement, parameters)
        return cursor

    def copy(self, name: str, **parameters: Any) -> Copied:
        """Run a file with one COPY. Raises CopyFailed; WarehouseError if nothing says how many records it rejected."""
        self.connection.notices.clear()
        try:
            self.run(name, **parameters)
        except CopyError as error:
            raise CopyFailed(error) from None
        except psycopg2.InternalError as error:
            if fault_of(error):
                raise
            raise CopyFailed(copy_error(error)) from None
        rows, copy_id, query_id = self.rows("copy/copied")[0]
        refused = announced_rejects(self.connection.notices, rows)
        if refused is None:
            with self._awaited("copy/load_history", 1, query_id=query_id) as answer:
                if not answer.rowcount:
                    raise WarehouseError(
                        "COPY did not say in known words how many records it refused, and sys_load_history does not"
                        " name it: nothing was loaded"
                    )
                [(refused,)] = answer.fetchall()
        return Copied(rows, refused, copy_id, query_id)

    def load_errors(self, copies: Sequence[Copied]) -> Iterator[tuple[Copied, str, int, str, str]]:
        """The records that these COPYs of the session rejected, in their order: COPY, object, line, column, reason.

        One query covers as many COPYs as rejected MAX_ERRORS records together; none is sent if nothing was rejected.
        Raises WarehouseError if the views name fewer records, because no record may be lost in silence.
        """
        group: list[Copied] = []
        for copied in copies:
            if copied.refused:
                group.append(copied)
            if sum(one.refused for one in group) >= MAX_ERRORS:
                yield from self._errors_of(group)
                group = []
        if group:
            yield from self._errors_of(group)

    def _errors_of(self, asked: Sequence[Copied]) -> Iterator[tuple[Copied, str, int, str, str]]:
        """Query by the ids of the SYS views, and if these name too few records, by those of the STL views, which
        Serverless does not have (https://docs.aws.amazon.com/redshift/latest/dg/sys_view_migration.html).
        """
        refused = sum(copied.refused for copied in asked)
        of_id = {copied.query_id: copied for copied in asked}
        answer = self._awaited("copy/load_errors", refused, query_ids=tuple(of_id))
        if (of_sys := answer.rowcount) < refused and self._has_stl_views:
            of_id = {copied.copy_id: copied for copied in asked}
            answer = self._apart("copy/load_errors_stl", copy_ids=tuple(of_id))
        if answer.rowcount < refused:
            raise WarehouseError(
                f"COPY refused {refused} records; sys_load_error_detail names {of_sys}"
                f"{f', stl_load_errors {answer.rowcount}' if self._has_stl_views else ''}: nothing was loaded"
            )
        with answer:
            for number, *error in answer:
                yield (of_id[number], *error)

    def _awaited(self, name: str, rows: int, **parameters: Any) -> Cursor:
        """The rows of a system view as soon as there are at least this many, or whatever there is after
        LOAD_ERRORS_SECONDS.
        """
        until = time.monotonic() + LOAD_ERRORS_SECONDS
        while (answer := self._apart(name, **parameters)).rowcount < rows and time.monotonic() < until:
            answer.close()
            interruption.pause(0.5)
        return answer

    def value(self, name: str, **parameters: Any) -> Any:
        """Run a file; the one value of its last statement."""
        return self.rows(name, **parameters)[0][0]

    def insert(self, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert any number of rows by a file whose statement ends in `values %(rows)s`, with at most INSERT_ROWS rows
        and INSERT_BYTES bytes in each statement.
        """
        page: list[str] = []
        size = 0
        for row in rows:
            values = self.cursor.mogrify(f"({', '.join(['%s'] * len(row))})", row)
            if page and (len(page) == INSERT_ROWS or size + len(values) > INSERT_BYTES):
                self.run(name, rows=AsIs(",".join(page)))
                page, size = [], 0
            page.append(values.decode())
            size += len(values) + 1
        if page:
            self.run(name, rows=AsIs(",".join(page)))

    def _execute(self, cursor: Cursor, name: str, statement: str, parameters: Mapping[str, Any]) -> None:
        if self._before:
            self._before(f"{name}: {statement}")
        self._interruptibly(partial(cursor.execute, statement, parameters))

    def _interruptibly(self, statement: Callable[[], None]) -> None:
        """Run a statement so that Ctrl-C, or Terminate in Dagster's web UI, cancels it.

        libpq waits in C, where Python's signal handlers cannot run, so a thread waits instead. psycopg2's own
        mechanism, a wait callback, excludes COPY
        (https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries).
        """
        running = self._waiter.submit(statement)
        try:
            while not running.done():
                wait([running], interruption.LOOK_SECONDS)
                interruption.check()
            running.result()
        except BaseException:
            while not running.done():  # a cancellation that comes before its statement is lost
                self.connection.cancel()
                wait([running], timeout=1)
            raise


def _by_column(cursor: Cursor) -> Iterator[dict[str, Any]]:
    """The rows of a result by column name."""
    columns = [column.name for column in cursor.description or ()]
    for row in cursor:
        yield dict(zip(columns, row, strict=True))
