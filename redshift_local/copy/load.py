"""COPY ... FORMAT JSON, carried out here: objects in, rows and load errors out, as on Redshift.

Belongs here: the one stream to the server, what it refuses, MAXERROR. Does not belong here: the statement's grammar
(`statement.py`), reading objects (`objects.py`, `records.py`), finding and converting values (`jsonpaths.py`,
`convert.py`).

Records become CSV and go through one `COPY ... FROM STDIN` inside the caller's transaction. The server skips rows that
do not fit a column (ON_ERROR ignore) and names their lines; which record a line was is found by reading its block
again, so that memory stays flat and the usual row costs nothing. However many records are refused, their text goes to a
file, and each object is read once more at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from io import BytesIO
from itertools import groupby, islice
from operator import itemgetter

import psycopg2
import psycopg2.errors
from psycopg2 import sql as composed
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.extensions import cursor as PlainCursor

from redshift_local.copy.convert import CSV_OPTIONS, Column, Encoder, Kind, Refused, Row, reason
from redshift_local.copy.jsonpaths import mapping
from redshift_local.copy.objects import CopyError, DataObject, ObjectStore, is_missing
from redshift_local.copy.records import Block, Record, Source, exact, read_blocks
from redshift_local.copy.rejects import (
    GAVE_UP,
    Batch,
    LoadError,
    LoadErrors,
    Place,
    Places,
    Skipped,
)
from redshift_local.copy.statement import Command, parse

_ROWS_AT_ONCE = 256  # rows of small objects that are converted together


Keep = Callable[[LoadErrors, bool], None]


def execute(cursor: PlainCursor, statement: str, store: ObjectStore, keep: Keep) -> None:
    """Carry out a COPY in the transaction of `cursor`, whose row count is then that of the rows loaded.

    Its objects are read from `store`; `keep` is called with the rows for redshift.load_errors and whether the COPY
    succeeded. The connection's notices are then those of Redshift. Raises NotPortable, CopyError with the transaction
    aborted, or, where the data is not at fault, what psycopg2 raises.
    """
    run = _Run(cursor, parse(statement), store)
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


class _Run:
    """One COPY being carried out."""

    def __init__(self, cursor: PlainCursor, command: Command, store: ObjectStore) -> None:
        self._cursor = cursor
        self._store = store
        self._command = command
        self._plain: PlainCursor = cursor.connection.cursor(cursor_factory=PlainCursor)
        self._name = composed.SQL(".").join(map(composed.Identifier, command.table))
        self._plain.execute(
            "select nextval('redshift.query_ids'), txid_current(), pg_backend_pid(), to_regclass(%s)::oid,"
            " localtimestamp",
            (self._name.as_string(cursor),),
        )
        (self._copy,) = self._plain.fetchall()  # what the errors of this COPY have in common
        self.errors = LoadErrors()
        self._places = Places()
        self._skipped = Skipped()
        self._loaded = 0

    @property
    def query_id(self) -> int:
        """The COPY's id in the STL views (redshift_local/sql/catalog.sql)."""
        return 2 * int(self._copy[0]) + 1

    def notices(self) -> list[str]:
        """What Redshift says of a COPY that succeeded, word for word
        (https://docs.aws.amazon.com/redshift/latest/dg/tutorial-loading-run-copy.html).
        """
        load = f"INFO:  Load into table '{self._command.table[-1]}' completed, "
        told = [f"{load}{self._loaded} record(s) loaded successfully.\n"]
        if self.errors.count:
            told.append(
                f"{load}{self.errors.count} record(s) could not be loaded.  "
                "Check 'sys_load_error_detail' system table for details.\n"
            )
        return told

    def execute(self) -> None:
        """Load all, or raise."""
        command = self._command
        self._columns = self._table_columns()
        self._mapping = mapping(command.json, [column.name for column in self._columns], self._store.read)
        self._encoder = Encoder(self._columns, command.conversions)
        self._objects = (self._store.manifest if command.manifest else self._store.find)(command.source)
        self._loaded = self._stream()
        self._plain.execute("select")  # the server's notices come with the answer to the next statement
        self._note_skipped()
        if self._loaded + len(self._skipped.lines) != self._places.rows:
            why = "the server skipped rows and did not name them (client_min_messages, lc_messages?)"
            raise CopyError(why)
        if self.errors.count >= command.most_errors:
            raise self._failure()
        self._plain.execute(
            _DONE,
            {"number": self._copy[0], "loaded": self._loaded, "errors": self.errors.count, "table": command.table[-1],
             "start_time": self._copy[4], "source": command.source},
        )  # fmt: skip

    def abort(self, message: str) -> None:
        """Leave the transaction as a failed COPY does."""
        if self._cursor.connection.info.transaction_status != TRANSACTION_STATUS_INERROR:
            with suppress(psycopg2.Error):
                self._plain.execute("select redshift.fail(%s)", (message,))

    def _table_columns(self) -> list[Column]:
        """The columns that the COPY fills."""
        if self._copy[3] is None:  # so that PostgreSQL says which is unknown, the schema or the table
            self._plain.execute(composed.SQL("select from {} limit 0").format(self._name))
        self._plain.execute(_COLUMNS, (self._copy[3],))
        rows = self._plain.fetchall()
        if not rows:
            raise psycopg2.errors.SerializationFailure("the table is younger than the transaction's snapshot")
        described = {name: _column(name, type_name, not_null) for name, type_name, not_null, _ in rows}
        if not self._command.columns:
            return [described[name] for name, _, _, identity in rows if not identity]
        unknown = [name for name in self._command.columns if name not in described]
        if unknown:
            raise CopyError(f"the table {'.'.join(self._command.table)} has no column {', '.join(unknown)}")
        return [described[name] for name in self._command.columns]

    def _stream(self) -> int:
        """Send everything; the number of rows that the server took."""
        most = self._command.most_errors
        tolerant = f", ON_ERROR ignore, REJECT_LIMIT {most - 1}, LOG_VERBOSITY verbose" if most > 1 else ""
        statement = composed.SQL("copy {} ({}) from stdin (" + CSV_OPTIONS + tolerant + ")").format(
            self._name, composed.SQL(", ").join(composed.Identifier(column.name) for column in self._columns)
        )
        stream = _Stream(self._lines())
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
            self._note_place(error)
            raise self._failure() from error
        return self._cursor.rowcount

    def _failure(self) -> CopyError:
        first, count = self.errors.first, self.errors.count
        assert first is not None
        why = first.error_message
        if count > 1:
            why += f" ({count} errors, MAXERROR {self._command.most_errors})"
        failed = CopyError(why, first.file_name, first.line_number, first.column_name, first.raw_field_value)
        failed.of_records = True
        return failed

    # from objects to lines

    def _lines(self) -> Iterator[bytes]:
        """All rows as CSV, in pieces."""
        batch = Batch()
        missing = 0
        for number, item in enumerate(self._objects):
            try:
                with self._opened(item) as source:
                    for block in read_blocks(source):
                        self._places.begin(batch.end, number, block)
                        yield from self._rows(number, block, batch)
                        if len(batch.rows) >= _ROWS_AT_ONCE:
                            yield from self._encoded(batch)
            except CopyError as error:
                if item.mandatory or not is_missing(error):
                    raise
                missing += 1
        if missing == len(self._objects):
            raise CopyError("none of the objects of the manifest is there", self._command.source)
        yield from self._encoded(batch)

    def _opened(self, item: DataObject) -> AbstractContextManager[Source]:
        return self._store.open(item, gzipped=self._command.gzip, replacement=self._command.replacement)

    def _rows(self, number: int, block: Block, batch: Batch) -> Iterator[bytes]:
        """The rows of a block, added to the batch; yields the batch wherever a record makes no row."""
        for fault in block.faults:
            self._add(number, fault, Refused(1216, str(fault.value)))
        batch.blocks.append((batch.end, number, block))
        if self._mapping.present:
            with suppress(KeyError, TypeError):
                batch.rows += list(map(self._mapping.present, block.values))
                return
        for index, value in enumerate(block.values):
            try:
                batch.rows.append(self._mapping.row(value))
            except Refused as fault:
                yield from self._encoded(batch)
                self._add(number, block.record(index), fault)
                batch.first += 1
                batch.blocks.append((batch.first - index - 1, number, block))

    def _encoded(self, batch: Batch) -> Iterator[bytes]:
        """The batch as CSV; it is empty afterwards."""
        if not batch.rows:
            batch.blocks = []
            return
        encoded = self._encoder.encode(batch.rows, lambda index: self._exact_row(batch.record(index)[1]))
        for index, _, fault in encoded.irregular:
            if fault:
                self._add(*batch.record(index), fault)
        self._places.sent(batch.first, len(batch.rows), encoded)
        batch.first, batch.rows, batch.blocks = batch.end, [], []
        yield encoded.text

    def _exact_row(self, record: Record) -> Row:
        return self._mapping.row(exact(record.raw))

    # errors

    def _add(self, number: int, record: Record, fault: Refused) -> None:
        """Note a record that was refused here; raises CopyError when it is one too many."""
        self._note(number, record, fault)
        if self.errors.count >= self._command.most_errors:
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
                _stored(raw),
                _stored(fault.value),
                fault.code,
                fault.reason,
            ),
        )

    def _note_skipped(self) -> None:
        """Note the rows that the server skipped."""
        self._note_refused(zip(self._skipped.lines, self._skipped.columns, strict=True))

    def _note_place(self, error: psycopg2.Error) -> None:
        """Note the row at which the server gave up, unless it is the last that it skipped."""
        match = GAVE_UP.search(error.diag.context or "")
        if match and not self.errors.count:
            self._note_refused([(int(match[1]), match[2])])
        if not self.errors.count:
            raise CopyError(" ".join((error.diag.message_primary or str(error)).split())) from error

    def _note_refused(self, lines: Iterable[tuple[int, str | None]]) -> None:
        """Note the rows that were these lines of CSV, in order: each object is read once more, as far as needed."""
        columns = {column.name: column for column in self._columns}
        found = ((*self._places.find(line), column) for line, column in lines)
        for number, of_object in groupby(found, key=lambda row: row[0].number):
            with self._opened(self._objects[number]) as source:
                at = 0
                for place, refused in groupby(of_object, key=itemgetter(0)):
                    _advance(source, place.offset - at)
                    at = place.offset + place.size
                    records = _values(_exactly(source, place.size), place)
                    passed = 0
                    for _, index, name in refused:
                        record = next(islice(records, index - passed, None), None)
                        if record is None:
                            raise CopyError("the object changed while it was read", self._objects[number].url)
                        passed = index + 1
                        self._note(number, record, self._reason(record, columns.get(name or "")))

    def _reason(self, record: Record, column: Column | None) -> Refused:
        if column is None:
            return Refused(1216, "Invalid input line")
        try:
            value = self._exact_row(record)[self._columns.index(column)]
            return reason(column, self._encoder.field(column, value) or "")
        except Refused as fault:
            return fault


def _stored(text: str) -> str:
    """What the views keep of a record or a value
    (https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html).
    """
    return text[:1024].replace("\0", "\ufffd")


def _advance(source: Source, offset: int) -> None:
    while offset and (chunk := source.read(min(offset, 1 << 20))):
        offset -= len(chunk)


def _exactly(source: Source, size: int) -> BytesIO:
    """The next `size` bytes, or what there is of them."""
    data = BytesIO()
    while data.tell() < size and (chunk := source.read(size - data.tell())):
        data.write(chunk)
    data.seek(0)
    return data


def _values(source: Source, place: Place) -> Iterator[Record]:
    """The records of a block that are no faults."""
    for block in read_blocks(source, place.offset, place.line):
        yield from (block.record(index) for index in range(len(block.values)))


class _Stream:
    """What psycopg2 reads from; keeps the error that ended it, of which psycopg2 only tells the server."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.failure: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002 - psycopg2 takes more than it asks for
        try:
            for piece in self._pieces:
                if piece:
                    return piece
        except BaseException as error:
            self.failure = error
            raise
        return b""


# What the session and sys_load_history then know of a COPY.
_DONE = """
    insert into redshift.loads (
        query_id, transaction_id, session_id, table_name, start_time, data_source, loaded_rows, error_count
    )
    values (
        %(number)s, txid_current(), pg_backend_pid(), %(table)s, %(start_time)s, %(source)s, %(loaded)s, %(errors)s
    );
    select set_config('redshift.last_copy_id', '%(number)s', false),
        set_config('redshift.last_copy_count', '%(loaded)s', false),
        set_config('redshift.last_user_query_id', '%(number)s', false)
"""

# format_type asks the catalog as it is now. A join with pg_type would ask the transaction's snapshot, in which types
# are missing that another session has just created for this one.
_COLUMNS = """
    select attname, format_type(atttypid, atttypmod), attnotnull, attidentity <> ''
    from pg_attribute
    where attrelid = %s and attnum > 0 and not attisdropped
    order by attnum
"""
_KINDS: dict[str, tuple[Kind, str]] = {
    "varchar": ("text", "varchar"),  # of dialect.SCHEMA, with its bytes in its name
    "char": ("text", "char"),
    "character varying": ("text", "varchar"),
    "character": ("text", "char"),
    "text": ("text", "varchar"),
    "smallint": ("integer", "int2"),
    "integer": ("integer", "int4"),
    "bigint": ("integer", "int8"),
    "real": ("float", "float4"),
    "double precision": ("float", "float8"),
    "numeric": ("decimal", "numeric"),
    "boolean": ("boolean", "bool"),
    "date": ("date", "date"),
    "timestamp without time zone": ("timestamp", "timestamp"),
    "timestamp with time zone": ("timestamptz", "timestamptz"),
}
_TYPE = re.compile(
    r"(?:redshift\.)?(?P<name>[a-z ]+?)(?:_(?P<bytes>\d+)|\((?P<digits>\d+)(?:,(?P<scale>\d+))?\))?"
)


def _column(name: str, type_name: str, not_null: bool) -> Column:
    """A column from its row in the catalog."""
    parts = _TYPE.fullmatch(type_name)
    if parts is None or parts["name"] not in _KINDS:
        raise CopyError(f"column {name} is of type {type_name}, which COPY FORMAT JSON does not fill")
    kind, shown = _KINDS[parts["name"]]
    length = parts["bytes"] or parts["digits"]
    return Column(name, kind, shown, int(length) if length else None, int(parts["scale"] or 0), not not_null)
