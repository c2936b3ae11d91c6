"""COPY, carried out as Redshift does: it reads objects, and leaves rows and load errors.

Belongs here: the one stream to the server, what the server refuses, MAXERROR. Does not belong here: the statement's
grammar (`statement`), reading objects (`objects`, `records`, `delimited`), finding and converting values
(`jsonpaths`, `convert`).

Records become CSV and go through one `COPY ... FROM STDIN` inside the caller's transaction. The server skips rows that
do not fit a column (ON_ERROR ignore) and reports their lines. The record of such a line is found by reading its block
again, so memory use is constant and a row that fits costs nothing. The text of refused records is kept in a temporary
file, and no object is read more than twice, however many records are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import psycopg2
import psycopg2.errors
from psycopg2 import sql as composed
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.extensions import cursor as PlainCursor

from redshift_local.copy.ahead import Content
from redshift_local.copy.columns import Column, fetch_columns
from redshift_local.copy.convert import CSV_OPTIONS, Encoder, Row, as_text
from redshift_local.copy.delimited import Delimited
from redshift_local.copy.jsonpaths import Mapping, mapping
from redshift_local.copy.objects import CopyError, DataObject, ObjectStore, is_missing
from redshift_local.copy.records import Block, Record, Source
from redshift_local.copy.refusals import Refused, no_utf_8, refusal
from redshift_local.copy.rejects import (
    LINE_STOPPED,
    BlockPosition,
    LinePositions,
    LoadError,
    LoadErrors,
    SkippedLines,
)
from redshift_local.copy.statement import Command, parse
from redshift_local.copy.streams import Stream, read_exactly, skip

if TYPE_CHECKING:
    from redshift_local.copy.parquet import Columnar

Keep = Callable[[LoadErrors, bool], None]


def execute(cursor: PlainCursor, statement: str, store: ObjectStore, keep: Keep) -> None:
    """Carry out a COPY in the transaction of `cursor`, whose row count is then the number of rows loaded.

    The objects are read from `store`. `keep` is called with the rows for redshift.load_errors and with whether the COPY
    succeeded. Afterwards the connection's notices are those that Redshift gives. Raises NotPortable for an unsupported
    statement, CopyError, which leaves the transaction aborted, and psycopg2's own errors if the data is not at fault.
    """
    run = _Copy(cursor, parse(statement), store)
    try:
        run.execute()
    except CopyError as error:
        error.query_id = run.query_id
        run.abort(str(error))
        keep(run.errors, False)
        raise
    finally:
        cursor.connection.notices = []
    keep(run.errors, True)
    cursor.connection.notices = run.notices()


class _Copy:
    """One COPY that is being carried out."""

    def __init__(self, cursor: PlainCursor, command: Command, store: ObjectStore) -> None:
        self._cursor = cursor
        self._store = store.by_keys(command.keys)
        self._command = command
        self._plain: PlainCursor = cursor.connection.cursor(cursor_factory=PlainCursor)
        self._name = composed.SQL(".").join(map(composed.Identifier, command.table))
        self._plain.execute(
            "select nextval('redshift.query_ids'), txid_current(), pg_backend_pid(), to_regclass(%s)::oid,"
            " to_char(localtimestamp, 'YYYY-MM-DD HH24:MI:SS.US'),"  # whatever the session's datestyle is
            " redshift.user_number()",
            (self._name.as_string(cursor),),
        )
        (self._copy,) = self._plain.fetchall()  # the columns that all errors of this COPY have in common
        self.errors = LoadErrors(int(self._copy[0]))
        self._positions = LinePositions()
        self._skipped = SkippedLines()
        self._loaded = 0
        self._scanned: dict[int, tuple[int, int]] = {}  # of an object the lines and bytes that were read

    @property
    def query_id(self) -> int:
        """The COPY's id in the STL views (redshift_local/sql/catalog.sql)."""
        return 2 * int(self._copy[0]) + 1

    def notices(self) -> list[str]:
        """Redshift's notices of a COPY that succeeded, word for word
        (https://docs.aws.amazon.com/redshift/latest/dg/tutorial-loading-run-copy.html).
        """
        load = f"INFO:  Load into table '{self._command.table[-1]}' completed, "
        notices = [f"{load}{self._loaded} record(s) loaded successfully.\n"]
        if self.errors.count:
            notices.append(
                f"{load}{self.errors.count} record(s) could not be loaded.  "
                "Check 'sys_load_error_detail' system table for details.\n"
            )
        return notices

    def execute(self) -> None:
        """Load everything. Raises what the function `execute` does."""
        command = self._command
        self._columns = self._fetch_columns()
        self._format = self._choose_format()
        if command.replacement is not None:
            # Where a CHAR may contain it, an invalid byte has to be told from the replacement: it becomes a DEL first.
            in_char = any(column.type == "char" for column in self._columns)
            command.conversions.replacement = command.replacement
            command.conversions.invalid = "\x7f" if in_char else None
        self._encoder = Encoder(self._columns, command.conversions)
        self._objects = (self._store.manifest if command.manifest else self._store.find)(command.source)
        if command.no_load:
            self._plain.execute("savepoint before_copy")
        self._loaded = self._stream()
        self._plain.execute("select")  # the server's notices come with the answer to the next statement
        self._note_skipped()
        if self._loaded + len(self._skipped.lines) != self._positions.rows:
            raise CopyError(
                "the server skipped rows and did not name them: client_min_messages has to include notices,"
                " and lc_messages has to be English"
            )
        if self.errors.count >= command.max_errors:
            raise self._failure()
        if command.no_load:
            self._plain.execute("rollback to savepoint before_copy")
            self._loaded = 0
        self._plain.execute(
            _DONE,
            {"number": self._copy[0], "loaded": self._loaded, "errors": self.errors.count, "table": command.table[-1],
             "start_time": self._copy[4], "source": command.source, "files": json.dumps(self._files()),
             "file_format": command.file_format},
        )  # fmt: skip

    def _choose_format(self) -> Mapping | Delimited | Columnar:
        command = self._command
        if command.parquet:
            from redshift_local.copy.parquet import Columnar  # with an optional dependency

            return Columnar(self._columns, fill_record=command.fill_record)
        if command.layout:
            empty_as_null = command.conversions.empty_as_null
            return Delimited(command.layout, self._columns, empty_as_null=empty_as_null)
        return mapping(command.json, [column.name for column in self._columns], self._store.read)

    def abort(self, message: str) -> None:
        """Abort the transaction, as a failed COPY does."""
        if self._cursor.connection.info.transaction_status != TRANSACTION_STATUS_INERROR:
            with suppress(psycopg2.Error):
                self._plain.execute("select redshift.fail(%s)", (message,))

    def _fetch_columns(self) -> list[Column]:
        if self._copy[3] is None:  # so that PostgreSQL says which is unknown, the schema or the table
            self._plain.execute(composed.SQL("select from {} limit 0").format(self._name))
        return fetch_columns(
            self._plain,
            ".".join(self._command.table),
            self._copy[3],
            self._command.columns,
            explicit_ids=self._command.explicit_ids,
        )

    def _stream(self) -> int:
        """Send all rows; returns how many the server accepted."""
        limit = self._command.max_errors - 1
        tolerant = f", ON_ERROR ignore, REJECT_LIMIT {limit}, LOG_VERBOSITY verbose" if limit else ""
        statement = composed.SQL("copy {} ({}) from stdin (" + CSV_OPTIONS + tolerant + ")").format(
            self._name, composed.SQL(", ").join(composed.Identifier(column.name) for column in self._columns)
        )
        stream = Stream(self._lines())
        self._cursor.connection.notices = self._skipped  # type: ignore[assignment]
        try:
            PlainCursor.copy_expert(self._cursor, statement, stream)  # type: ignore[arg-type] # calls read only
        except psycopg2.Error as error:
            if stream.failure:
                raise stream.failure from None
            if not isinstance(error, (psycopg2.DataError, psycopg2.IntegrityError)):
                raise
            with suppress(psycopg2.Error):
                self._plain.execute("select")  # for the notices
            self._note_skipped()
            self._note_last(error)
            raise self._failure() from error
        return self._cursor.rowcount

    def _failure(self) -> CopyError:
        first, count = self.errors.first, self.errors.count
        assert first is not None
        reason = first.error_message
        if count > 1:
            reason += f" ({count} errors, MAXERROR {self._command.max_errors})"
        failure = CopyError(
            reason, first.file_name, first.line_number, first.column_name, first.raw_field_value
        )
        failure.of_records = True
        return failure

    # from objects to lines

    def _lines(self) -> Iterator[bytes]:
        """All rows as CSV, in pieces."""
        missing = 0
        with self._store.reading_ahead(self._objects) as contents:
            for number, (item, content) in enumerate(zip(self._objects, contents, strict=True)):
                try:
                    with self._opened(item, content) as source:
                        for block in self._format.blocks(source, line=self._command.header):
                            yield self._encoded(number, block)
                except CopyError as error:
                    if item.mandatory or not is_missing(error):
                        raise
                    missing += 1
        if missing == len(self._objects):
            raise CopyError("none of the objects that the manifest names exists", self._command.source)

    def _opened(self, item: DataObject, content: Content | None = None) -> AbstractContextManager[Source]:
        command = self._command
        return self._store.open(
            item,
            content=content,
            compression=command.compression,
            encoding=command.encoding,
            replacement=command.conversions.invalid or command.replacement,
            header=command.header,
        )

    def _encoded(self, number: int, block: Block) -> bytes:
        """The rows of a block as CSV; notes what is refused of it."""
        lines, size = self._scanned.get(number, (0, 0))
        self._scanned[number] = lines + len(block.values) + len(block.faults), size + len(block.data)
        for fault in block.faults:
            self._add(number, fault, self._fault(fault))
        if not block.values:
            return b""
        texts = self._format.texts
        encoded = self._encoder.encode(
            self._rows(block), texts and (lambda index: texts(block.record(index).raw))
        )
        for index, _, refused in encoded.irregular:
            if refused:
                self._add(number, block.record(index), refused)
        self._positions.note_sent(number, block, encoded)
        return encoded.text

    def _rows(self, block: Block) -> Sequence[Row]:
        return block.values if block.found is None else [self._row(value) for value in block.values]

    def _row(self, value: Any) -> Row:
        try:
            return self._format.row(value)
        except Refused as fault:
            return (fault,) * len(self._columns)

    def _files(self) -> list[dict[str, object]]:
        """The objects that were read, for redshift.loads."""
        return [
            {"name": self._objects[number].url, "lines": lines, "bytes": size}
            for number, (lines, size) in self._scanned.items()
        ]

    def _fault(self, record: Record) -> Refused:
        """Why a text is not a record: with the column, if only its bytes are no UTF-8."""
        if isinstance(record.value, Refused):
            return record.value
        if not _is_utf_8(record.raw):
            with suppress(ValueError, RecursionError):
                value = json.loads(record.raw.decode(errors="surrogateescape"))
                for column, found in zip(self._columns, self._format.row(value), strict=True):
                    text = as_text(found).encode(errors="surrogateescape")
                    if fault := no_utf_8(column, text):
                        return fault
        return Refused(1216, str(record.value))

    # errors

    def _add(self, number: int, record: Record, fault: Refused) -> None:
        """Note a record that was refused here. Raises CopyError if MAXERROR is reached."""
        self._note(number, record, fault)
        if self.errors.count >= self._command.max_errors:
            raise self._failure()

    def _note(self, number: int, record: Record, fault: Refused) -> None:
        column = fault.column
        length = str(column.length) if column and column.length else None
        raw = record.raw.decode(errors="replace")
        self.errors.add(
            self._copy,
            LoadError(
                self._objects[number].url,
                record.line,
                column and column.name,
                column and column.type,
                length,
                fault.position if column else None,
                _truncated(raw),
                _truncated(fault.value),
                fault.code,
                fault.reason,
            ),
        )

    def _note_skipped(self) -> None:
        """Note the rows that the server skipped."""
        self._note_refused(zip(self._skipped.lines, self._skipped.columns, strict=True))

    def _note_last(self, error: psycopg2.Error) -> None:
        """Note the row at which the server stopped, unless it is one that was skipped."""
        match = LINE_STOPPED.search(error.diag.context or "")
        if self._command.parquet:  # whose rows are not found again
            column = match[2] if match else None
            raise CopyError(
                " ".join((error.diag.message_primary or str(error)).split()), column=column
            ) from error
        if match and not self.errors.count:
            self._note_refused([(int(match[1]), match[2])])
        if not self.errors.count:
            raise CopyError(" ".join((error.diag.message_primary or str(error)).split())) from error

    def _note_refused(self, lines: Iterable[tuple[int, str | None]]) -> None:
        """Note the records that became these lines of CSV, which are in order; reads each object once more."""
        columns = {column.name: column for column in self._columns}
        found = ((*self._positions.find(line), name) for line, name in lines)
        for number, of_object in groupby(found, key=lambda row: row[0].number):
            with self._opened(self._objects[number]) as source:
                offset = 0
                for block, refused in groupby(of_object, key=itemgetter(0)):
                    skip(source, block.offset - offset)
                    offset = block.offset + block.size
                    records = self._records(read_exactly(source, block.size), block)
                    following = 0
                    for _, index, name in refused:
                        record, row = next(islice(records, index - following, None), (None, ()))
                        if record is None:
                            raise CopyError("the object changed while it was read", self._objects[number].url)
                        following = index + 1
                        self._note(number, record, self._reason(record, row, columns.get(name or "")))

    def _records(self, source: Source, position: BlockPosition) -> Iterator[tuple[Record, Row]]:
        """The records of a block with their rows, without what is not a record."""
        for block in self._format.blocks(source, position.offset, position.line):
            for index, row in enumerate(self._rows(block)):
                yield block.record(index), row

    def _reason(self, record: Record, row: Row, column: Column | None) -> Refused:
        """Why the server did not take a row."""
        if column is None:
            return Refused(1216, "Invalid input line")
        at = self._columns.index(column)
        value = row[at]
        if column.kind == "text" and isinstance(value, (dict, list, float)) and self._format.texts:
            value = self._format.texts(record.raw)[at]
        try:
            return refusal(column, self._encoder.field(column, value) or "")
        except Refused as fault:
            return fault


def _truncated(text: str) -> str:
    """As much of a record or a value as the system views hold
    (https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html).
    """
    return text[:1024].replace("\0", "\ufffd")


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


# What the session's functions and sys_load_history then return of a COPY.
_DONE = """
    insert into redshift.loads (
        query_id, transaction_id, session_id, table_name, start_time, data_source, loaded_rows, error_count, files,
        file_format
    )
    values (
        %(number)s, txid_current(), pg_backend_pid(), %(table)s, %(start_time)s, %(source)s, %(loaded)s, %(errors)s,
        %(files)s, %(file_format)s
    );
    select set_config('redshift.last_copy_id', '%(number)s', false),
        set_config('redshift.last_copy_count', '%(loaded)s', false),
        set_config('redshift.last_user_query_id', '%(number)s', false)
"""
