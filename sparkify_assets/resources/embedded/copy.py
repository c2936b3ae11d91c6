"""COPY ... FORMAT JSON, carried out here: objects in, rows and load errors out, as on Redshift.

Belongs here: the command's grammar, the mapping of JSON to columns, the one stream to the server, MAXERROR. Does not
belong here: reading objects (`objects.py`, `records.py`), converting values (`rows.py`).

Records become CSV and go through one `COPY ... FROM STDIN` inside the caller's transaction. The server skips rows that
do not fit a column (ON_ERROR ignore) and names their lines; which record a line was is found by reading its block
again, so that memory stays flat and the usual row costs nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
import psycopg2
import psycopg2.errors
from psycopg2 import sql as composed
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.extensions import cursor as PlainCursor

from sparkify_assets.resources.embedded import objects
from sparkify_assets.resources.embedded.dialect import NotPortable, Token, closing, tokens
from sparkify_assets.resources.embedded.objects import CopyError, DataObject
from sparkify_assets.resources.embedded.records import Block, Record, Source, exact, read_blocks
from sparkify_assets.resources.embedded.rows import (
    CSV_OPTIONS,
    Column,
    Conversions,
    Encoded,
    Encoder,
    Kind,
    Refused,
    Row,
    reason,
)

MOST_ERRORS = (
    100_000  # https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-maxerror
)
_ROWS_AT_ONCE = 256  # rows of small objects that are converted together


# --- the command --------------------------------------------------------------------------------------------------


@dataclass
class Command:
    """A COPY, parsed. `json` is 'auto', 'auto ignorecase' or the URL of a jsonpaths file."""

    table: tuple[str, ...]
    columns: list[str]
    source: str
    json: str = ""
    manifest: bool = False
    gzip: bool = False
    most_errors: int = 1
    replacement: str | None = None
    conversions: Conversions = field(default_factory=Conversions)


def parse(statement: str) -> Command:
    """A COPY statement, its parameters bound. Raises NotPortable for what is not supported here, naming it."""
    parts = tokens(statement)
    table, at = _table(parts)
    columns: list[str] = []
    if parts[at].text == "(":
        end = closing(parts, at)
        columns = [_identifier(token) for token in parts[at + 1 : end - 1] if token.text != ","]
        at = end
    if parts[at].upper != "FROM" or at + 1 >= len(parts) or parts[at + 1].kind != "string":
        raise NotPortable("COPY: FROM 's3://...' (or, here, 'file:///...') expected")
    command = Command(table, columns, _string(parts[at + 1]))
    options = _Options(parts[at + 2 :])
    given: dict[str, Any] = {}
    while options.left:
        option = options.word()
        if option in _FLAGS:
            given[_FLAGS[option]] = True
        elif option in _IGNORED:
            options.skip(option)
        else:
            _option(command, options, option, given)
    if not command.json:
        raise NotPortable("COPY: the embedded warehouse reads FORMAT JSON only")
    for name in ("manifest", "gzip"):
        setattr(command, name, given.pop(name, False))
    command.conversions = Conversions(**given)
    return command


_FLAGS = {
    "MANIFEST": "manifest", "GZIP": "gzip", "TRUNCATECOLUMNS": "truncate_columns",
    "BLANKSASNULL": "blanks_as_null", "EMPTYASNULL": "empty_as_null",
}  # fmt: skip
_IGNORED = {
    # of no meaning for a server without roles, regions, column encodings
    "IAM_ROLE": ("DEFAULT",), "REGION": (),
    "COMPUPDATE": ("ON", "OFF", "TRUE", "FALSE", "PRESET"), "STATUPDATE": ("ON", "OFF", "TRUE", "FALSE"),
}  # fmt: skip
_TIME_FORMATS = ("auto", "epochsecs", "epochmillisecs", Conversions.time_format)


class _Options:
    """The tokens behind the source, read one after the other."""

    def __init__(self, parts: Sequence[Token]) -> None:
        self.left = list(parts)

    def word(self) -> str:
        token = self.left.pop(0)
        if token.kind != "word":
            raise NotPortable(f"COPY: an option expected, not {token.text}")
        return token.upper

    def maybe(self, *words: str) -> bool:
        """Pass over the next token if it is one of these."""
        found = bool(self.left) and self.left[0].upper in words
        if found:
            del self.left[0]
        return found

    def string(self, option: str) -> str:
        self.maybe("AS")
        if not self.left or self.left[0].kind != "string":
            raise NotPortable(f"COPY: {option} takes a string")
        return _string(self.left.pop(0))

    def skip(self, option: str) -> None:
        if not self.maybe(*_IGNORED[option]) and option in ("IAM_ROLE", "REGION"):
            self.string(option)


def _option(command: Command, options: _Options, option: str, given: dict[str, Any]) -> None:
    """Read one option with its value."""
    match option:
        case "FORMAT" | "JSON":
            if option == "FORMAT":
                options.maybe("AS")
                if not options.maybe("JSON"):
                    raise NotPortable("COPY: the embedded warehouse reads FORMAT JSON only")
            options.maybe("AS")
            command.json = (
                _string(options.left.pop(0)) if options.left and options.left[0].kind == "string" else "auto"
            )
        case "MAXERROR":
            options.maybe("AS")
            number = options.left.pop(0).text if options.left else ""
            if not number.isdigit() or int(number) > MOST_ERRORS:
                raise NotPortable(f"COPY: MAXERROR takes a number from 0 to {MOST_ERRORS}")
            command.most_errors = max(1, int(number))
        case "ENCODING":
            options.maybe("AS")
            token = options.left.pop(0) if options.left else None
            if token is None or token.text.strip("'").upper() != "UTF8":
                raise NotPortable("COPY: the embedded warehouse reads ENCODING UTF8 only")
        case "ACCEPTINVCHARS":
            options.maybe("AS")
            command.replacement = "?"
            if options.left and options.left[0].kind == "string":
                command.replacement = options.string(option)
            if len(command.replacement) != 1 or not "\0" < command.replacement < "\x80":
                raise NotPortable("COPY: ACCEPTINVCHARS takes one ASCII character")
        case "TIMEFORMAT":
            given["time_format"] = options.string(option)
            if given["time_format"] not in _TIME_FORMATS:
                raise NotPortable(
                    f"COPY: the embedded warehouse knows TIMEFORMAT {', '.join(_TIME_FORMATS)} only"
                )
        case _:
            raise NotPortable(f"COPY: the embedded warehouse does not know the option {option}")


def _table(parts: Sequence[Token]) -> tuple[tuple[str, ...], int]:
    names, at = [_identifier(parts[1])], 2
    while parts[at : at + 1] and parts[at].text == ".":
        names.append(_identifier(parts[at + 1]))
        at += 2
    if at >= len(parts):
        raise NotPortable("COPY: FROM expected")
    return tuple(names), at


def _identifier(token: Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text.lower()


def _string(token: Token) -> str:
    text = token.text
    if text[0] in "eE":
        return re.sub(r"\\(.)", r"\1", text[2:-1].replace("''", "'"))
    return text[1:-1].replace("''", "'")


# --- which value goes into which column ---------------------------------------------------------------------------


class Mapping(NamedTuple):
    """How the values of a record are found.

    `row` raises Refused. `present` is quicker; it raises KeyError or TypeError for records that lack a key.
    """

    row: Callable[[Any], Row]
    present: Callable[[Any], Row] | None = None


def mapping(command: Command, columns: Sequence[Column]) -> Mapping:
    """The mapping that a COPY asks for. Raises CopyError if the jsonpaths file does not fit."""
    if command.json == "auto":
        return _by_keys([column.name for column in columns])
    if command.json == "auto ignorecase":
        return _by_folded_keys([column.name for column in columns])
    paths = [_path(command.json, path) for path in _jsonpaths(command.json)]
    if len(paths) != len(columns):
        raise CopyError(f"{len(paths)} JSONPath expressions for {len(columns)} columns", command.json)
    if all(len(path) == 1 and isinstance(path[0], str) for path in paths):
        return _by_keys([str(path[0]) for path in paths])
    return _by_paths(paths)


def _array() -> Refused:
    return Refused(1216, "Invalid JSON: an array needs a jsonpaths file")


def _by_keys(keys: Sequence[str]) -> Mapping:
    """First-level keys, by their case."""
    first, *others = keys
    present = itemgetter(first, *others) if others else lambda record: (record[first],)

    def row(record: Any) -> Row:
        if not isinstance(record, dict):
            raise _array()
        return tuple(map(record.get, keys))

    return Mapping(row, present)


def _by_folded_keys(keys: Sequence[str]) -> Mapping:
    """First-level keys in lower case."""

    @lru_cache(maxsize=256)
    def written(present: tuple[str, ...]) -> list[str | None]:
        folded = {key.lower(): key for key in present}
        return [folded.get(key) for key in keys]

    def row(record: Any) -> Row:
        if not isinstance(record, dict):
            raise _array()
        return tuple(map(record.get, written(tuple(record))))

    return Mapping(row)


def _by_paths(paths: Sequence[tuple[str | int, ...]]) -> Mapping:
    def row(record: Any) -> Row:
        return tuple(_follow(record, path) for path in paths)

    return Mapping(row)


def _follow(value: Any, path: tuple[str | int, ...]) -> Any:
    """What lies at the path. An object element that is missing is NULL, an array element that is missing an error."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                raise Refused(1216, "Invalid JSONPath format: Not an array or index out of range.")
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
        if value is None:
            return None
    return value


def _jsonpaths(url: str) -> list[str]:
    """The expressions of a jsonpaths file: .../copy-parameters-data-format.html#copy-json-jsonpaths."""
    try:
        content = orjson.loads(objects.read(url))
    except orjson.JSONDecodeError as error:
        raise CopyError(f"the jsonpaths file is not one JSON object: {error}", url) from error
    if not isinstance(content, dict) or list(content) != ["jsonpaths"]:
        raise CopyError(
            "the jsonpaths file needs the one key 'jsonpaths' (else Redshift would silently use 'auto')", url
        )
    paths = content["jsonpaths"]
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
        raise CopyError("'jsonpaths' is not an array of strings, none of them empty", url)
    if len({"['" in path for path in paths if re.search(r"\.|\['", path)}) > 1:
        raise CopyError("the jsonpaths file mixes bracket and dot notation", url)
    return paths


_PATH = re.compile(r"\$(?:(?:\['[^']+'\]|\[[0-9]+\])+|(?:\.[^.\[\]'*]+(?:\[[0-9]+\])*|\[[0-9]+\])+)")
_STEP = re.compile(r"\['([^']+)'\]|\.([^.\[\]']+)|\[([0-9]+)\]")


def _path(url: str, expression: str) -> tuple[str | int, ...]:
    if not _PATH.fullmatch(expression):
        raise CopyError(f"{expression!r} is no JSONPath expression that COPY knows", url)
    return tuple(
        int(index) if index else quoted or plain for quoted, plain, index in _STEP.findall(expression)
    )


# --- carrying it out ----------------------------------------------------------------------------------------------


class LoadError(NamedTuple):
    """A row of redshift.load_errors, behind the columns that say which COPY it was."""

    file_name: str
    line_number: int | None
    column_name: str | None
    column_type: str | None
    column_length: str | None
    raw_line: str
    raw_field_value: str
    error_code: int
    error_message: str


Send = Callable[..., None]
Keep = Callable[[list[tuple[Any, ...]], bool], None]


def execute(cursor: PlainCursor, statement: str, send: Send, keep: Keep) -> None:
    """Carry out a COPY in the transaction of `cursor`, whose row count is then that of the rows loaded.

    `send` is psycopg2's copy_expert; `keep` is called with the rows for redshift.load_errors and whether the COPY
    succeeded. Raises NotPortable, CopyError with the transaction aborted, or, where the data is not at fault, what
    psycopg2 raises.
    """
    run = _Run(cursor, parse(statement), send)
    try:
        run.execute()
    except CopyError as error:
        error.query_id = run.query_id
        run.abort(str(error))
        keep(run.error_rows(), False)
        raise
    keep(run.error_rows(), True)


class _Run:
    """One COPY being carried out."""

    def __init__(self, cursor: PlainCursor, command: Command, send: Send) -> None:
        self._cursor = cursor
        self._send = send
        self._command = command
        self._plain: PlainCursor = cursor.connection.cursor(cursor_factory=PlainCursor)
        self._name = composed.SQL(".").join(map(composed.Identifier, command.table))
        self._plain.execute(
            "select nextval('redshift.query_ids'), txid_current(), pg_backend_pid(), to_regclass(%s)::oid,"
            " localtimestamp",
            (self._name.as_string(cursor),),
        )
        (self._copy,) = self._plain.fetchall()  # what the errors of this COPY have in common
        self._errors: list[LoadError] = []
        self._places = _Places()

    @property
    def query_id(self) -> int:
        return int(self._copy[0])

    def error_rows(self) -> list[tuple[Any, ...]]:
        """The rows for redshift.load_errors."""
        return [(*self._copy, *error) for error in self._errors]

    def execute(self) -> None:
        """Load all, or raise."""
        command = self._command
        self._columns = self._table_columns()
        self._mapping = mapping(command, self._columns)
        self._encoder = Encoder(self._columns, command.conversions)
        self._objects = objects.manifest(command.source) if command.manifest else objects.find(command.source)
        loaded = self._stream()
        # The server's notices come with the answer to the next statement.
        self._plain.execute(
            "select set_config('redshift.last_copy_id', %s, false), set_config('redshift.last_copy_count', %s, false)",
            (str(self.query_id), str(loaded)),
        )
        self._add_skipped()
        if len(self._errors) >= command.most_errors:
            raise self._failure()

    def abort(self, message: str) -> None:
        """Leave the transaction as a failed COPY does."""
        if self._cursor.connection.info.transaction_status != TRANSACTION_STATUS_INERROR:
            with suppress(psycopg2.Error):
                self._plain.execute("select redshift.fail(%s)", (message,))

    def _table_columns(self) -> list[Column]:
        """The columns that the COPY fills."""
        if self._copy[3] is None:
            self._plain.execute(
                composed.SQL("select from {} limit 0").format(self._name)
            )  # raises UndefinedTable
        self._plain.execute(_COLUMNS, (self._copy[3],))
        described = {row[0]: _column(*row) for row in self._plain.fetchall()}
        if not described:
            raise psycopg2.errors.SerializationFailure("the table is younger than the transaction's snapshot")
        if not self._command.columns:
            return [column for column in described.values() if column.type != "identity"]
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
        self._cursor.connection.notices = []
        try:
            self._send(self._cursor, statement, stream)
        except psycopg2.Error as error:
            if stream.failure:
                raise stream.failure from None
            if not isinstance(error, (psycopg2.DataError, psycopg2.IntegrityError)):
                raise
            with suppress(psycopg2.Error):
                self._plain.execute("select")  # for the notices
            self._add_skipped()
            self._add_place(error)
            raise self._failure() from error
        return self._cursor.rowcount

    def _failure(self) -> CopyError:
        first = self._errors[0]
        count = (
            f" ({len(self._errors)} errors, MAXERROR {self._command.most_errors})"
            if len(self._errors) > 1
            else ""
        )
        return CopyError(
            first.error_message + count,
            first.file_name,
            first.line_number,
            first.column_name,
            first.raw_field_value,
        )

    # from objects to lines

    def _lines(self) -> Iterator[bytes]:
        """All rows as CSV, in pieces."""
        batch = _Batch()
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
                if item.mandatory or not objects.is_missing(error):
                    raise
                missing += 1
        if missing == len(self._objects):
            raise CopyError("none of the objects of the manifest is there", self._command.source)
        yield from self._encoded(batch)

    def _opened(self, item: DataObject) -> AbstractContextManager[Source]:
        return objects.opened(item, packed=self._command.gzip, replacement=self._command.replacement)

    def _rows(self, number: int, block: Block, batch: _Batch) -> Iterator[bytes]:
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

    def _encoded(self, batch: _Batch) -> Iterator[bytes]:
        """The batch as CSV; it is empty afterwards."""
        if not batch.rows:
            batch.blocks = []
            return
        encoded = self._encoder.encode(
            batch.rows, lambda index: self._mapping.row(exact(batch.record(index)[1].raw))
        )
        for index, _, fault in encoded.irregular:
            if fault:
                self._add(*batch.record(index), fault)
        self._places.sent(batch.first, len(batch.rows), encoded)
        batch.first, batch.rows, batch.blocks = batch.end, [], []
        yield encoded.text

    # errors

    def _add(self, number: int, record: Record, fault: Refused) -> None:
        """Note a record that was refused here; raises CopyError when it is one too many."""
        self._note(number, record, fault)
        if len(self._errors) >= self._command.most_errors:
            raise self._failure()

    def _note(self, number: int, record: Record, fault: Refused) -> None:
        column = fault.column
        length = str(column.length) if column and column.length else None
        raw = record.raw.decode(errors="replace")
        self._errors.append(
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
            )
        )

    def _add_skipped(self) -> None:
        """Note the rows that the server skipped."""
        matches = (_SKIPPED.search(notice) for notice in self._cursor.connection.notices)
        self._add_refused([(int(match[1]), match[2]) for match in matches if match])

    def _add_place(self, error: psycopg2.Error) -> None:
        """Note the row at which the server gave up, unless it is the last that it skipped."""
        match = _GAVE_UP.search(error.diag.context or "")
        if match and not self._errors:
            self._add_refused([(int(match[1]), match[2])])
        if not self._errors:
            raise CopyError(" ".join((error.diag.message_primary or str(error)).split())) from error

    def _add_refused(self, lines: Sequence[tuple[int, str | None]]) -> None:
        """Note the rows that were these lines, by reading their blocks once more."""
        wanted: dict[tuple[int, int, int], list[tuple[int, str | None]]] = defaultdict(list)
        for line, column in lines:
            place, index = self._places.find(line)
            wanted[place].append((index, column))
        columns = {column.name: column for column in self._columns}
        for (number, offset, line), refused in wanted.items():
            with self._opened(self._objects[number]) as source:
                _advance(source, offset)
                records = _values(source, offset, line)
                passed = 0
                for index, name in refused:
                    record = next(islice(records, index - passed, None))
                    passed = index + 1
                    self._note(number, record, self._reason(record, columns.get(name or "")))

    def _reason(self, record: Record, column: Column | None) -> Refused:
        if column is None:
            return Refused(1216, "Invalid input line")
        row = self._mapping.row(exact(record.raw))
        return reason(column, self._encoder.field(column, row[self._columns.index(column)]) or "")


_SKIPPED = re.compile(r'at line (\d+) for column "((?:[^"]|"")*)"')
_GAVE_UP = re.compile(r"line (\d+)(?:, column (\w+))?")


def _stored(text: str) -> str:
    return text.replace("\0", "\ufffd")[:65535]


def _advance(source: Source, offset: int) -> None:
    while offset and (chunk := source.read(min(offset, 1 << 20))):
        offset -= len(chunk)


def _values(source: Source, offset: int, line: int) -> Iterator[Record]:
    """The records from here on that are no faults."""
    for block in read_blocks(source, offset, line):
        yield from (block.record(index) for index in range(len(block.values)))


@dataclass
class _Batch:
    """Rows that are not sent yet, and the blocks that they are from.

    `first` is the ordinal of the first record; with each block go the ordinal of its first record and the number of its
    object.
    """

    first: int = 0
    rows: list[Row] = field(default_factory=list)
    blocks: list[tuple[int, int, Block]] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The ordinal of the next record."""
        return self.first + len(self.rows)

    def record(self, index: int) -> tuple[int, Record]:
        """The record of a row, with the number of its object."""
        ordinal = self.first + index
        first, number, block = self.blocks[bisect_right(self.blocks, ordinal, key=itemgetter(0)) - 1]
        return number, block.record(ordinal - first)


class _Places:
    """Which record is which line of CSV.

    Records are counted over all objects (ordinals). Kept is only where blocks begin and where lines and ordinals do not
    go on together.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[int, tuple[int, int, int]]] = []  # ordinal; object, offset, lines before
        self._jumps: list[tuple[int, int]] = [(1, 0)]  # line of CSV; ordinal
        self._lines = 0

    def begin(self, ordinal: int, number: int, block: Block) -> None:
        """A block begins with this ordinal."""
        self._blocks.append((ordinal, (number, block.offset, block.line)))

    def sent(self, first: int, count: int, encoded: Encoded) -> None:
        """Rows from the ordinal `first` on were sent as these lines."""
        line, after = self._lines, 0
        self._jump(line + 1, first)
        for index, lines, _ in encoded.irregular:
            line += index - after
            after = index + 1
            if lines:
                line += lines
                self._jump(line, first + index)  # the server names the last line of a row
            self._jump(line + 1, first + after)
        self._lines = line + count - after

    def find(self, line: int) -> tuple[tuple[int, int, int], int]:
        """The block of a line of CSV, and the how-many-eth record of it."""
        start, ordinal = self._jumps[bisect_right(self._jumps, line, key=itemgetter(0)) - 1]
        ordinal += line - start
        first, place = self._blocks[bisect_right(self._blocks, ordinal, key=itemgetter(0)) - 1]
        return place, ordinal - first

    def _jump(self, line: int, ordinal: int) -> None:
        last_line, last_ordinal = self._jumps[-1]
        if ordinal - last_ordinal != line - last_line:
            self._jumps.append((line, ordinal))


class _Stream:
    """What psycopg2 reads from; keeps the error that ended it, of which psycopg2 only tells the server."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.failure: Exception | None = None

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002 - psycopg2 takes more than it asks for
        try:
            for piece in self._pieces:
                if piece:
                    return piece
        except Exception as error:
            self.failure = error
            raise
        return b""


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


def _column(name: str, type_name: str, not_null: bool, identity: bool) -> Column:
    """A column from its row in the catalog."""
    parts = _TYPE.fullmatch(type_name)
    if parts is None or parts["name"] not in _KINDS:
        raise CopyError(f"column {name} is of type {type_name}, which COPY FORMAT JSON does not fill")
    kind, shown = _KINDS[parts["name"]]
    length = parts["bytes"] or parts["digits"]
    return Column(
        name,
        kind,
        "identity" if identity else shown,
        int(length) if length else None,
        int(parts["scale"] or 0),
        not not_null,
    )
