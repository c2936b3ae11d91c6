"""Values of JSON records as rows of a table, the way Redshift's COPY converts them, in the CSV that PostgreSQL reads.

Belongs here: conversions, and the reasons why a value is refused. Does not belong here: where records come from
(`records`, `objects`), the stream to the server (`load`).

Types, ranges and lengths are checked by the server, whose COPY skips a row that does not fit and reports it. Handled
here is what PostgreSQL reads differently from Redshift.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from types import NoneType
from typing import Any, NamedTuple

import orjson

from redshift_local.copy.columns import Column, Kind

Row = Sequence[Any]

CSV_OPTIONS = "FORMAT csv, NULL 'null', ESCAPE '\\', ENCODING 'utf8'"


@dataclass(frozen=True)
class Conversions:
    """Options of COPY: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html."""

    truncate_columns: bool = False
    blanks_as_null: bool = False
    empty_as_null: bool = False
    time_format: str = "YYYY-MM-DD HH:MI:SS"

    @property
    def of_text(self) -> bool:
        """Whether text has to be converted at all."""
        return self.truncate_columns or self.blanks_as_null or self.empty_as_null


class Refused(ValueError):
    """A value that a column cannot take, with Redshift's code and reason.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
    """

    def __init__(self, code: int, reason: str, column: Column | None = None, value: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.column = column
        self.value = value


class Encoded(NamedTuple):
    """Rows as lines of CSV.

    `irregular` lists the rows that are not exactly one line: the index, the number of lines, and why there is none.
    """

    text: bytes
    irregular: list[tuple[int, int, Refused | None]]


# The types whose JSON PostgreSQL reads as it is. JSON's quotes and escapes are those of CSV under CSV_OPTIONS, except
# for control characters.
_PLAIN: dict[Kind, frozenset[type]] = {
    "text": frozenset({str, int, bool, NoneType}),
    "integer": frozenset({int, NoneType}),
    "float": frozenset({int, float, NoneType}),
    "decimal": frozenset({int, NoneType}),
    "boolean": frozenset({bool, NoneType}),
    "date": frozenset({NoneType}),
    "timestamp": frozenset({NoneType}),
    "timestamptz": frozenset({NoneType}),
}


class Encoder:
    """Turns rows of values, in the order of `columns`, into CSV."""

    def __init__(self, columns: Sequence[Column], conversions: Conversions) -> None:
        self._columns = columns
        self._conversions = conversions
        self._plain = [_plain_types(column, conversions) for column in columns]

    def encode(self, rows: Sequence[Row], exact: Callable[[int], Row]) -> Encoded:
        """The rows as CSV; `exact` returns the row of an index with integers of any size as they were written.

        Whole columns are checked and whole rows are written by calls in C. Only the row that needs a conversion is
        converted value by value.
        """
        rows, odd = self._checked(rows)
        if odd:
            lines = [b"" if index in odd else orjson.dumps(row)[1:-1] for index, row in enumerate(rows)]
        else:
            lines = [line[1:-1] for line in map(orjson.dumps, rows)]
        text = b"\n".join(lines) + b"\n"
        if _ESCAPE.search(text):
            odd.update(index for index, line in enumerate(lines) if _escapes_control(line))
        if not odd:
            return Encoded(text, [])
        irregular: list[tuple[int, int, Refused | None]] = []
        for index in sorted(odd):
            try:
                lines[index] = self._line(rows[index], lambda index=index: exact(index))  # type: ignore[misc]
            except Refused as fault:
                lines[index] = b""
                irregular.append((index, 0, fault))
            else:
                if breaks := lines[index].count(b"\n"):
                    irregular.append((index, 1 + breaks, None))
        refused = {index for index, count, _ in irregular if not count}
        kept = [line for index, line in enumerate(lines) if index not in refused] if refused else lines
        return Encoded(b"\n".join(kept) + b"\n" if kept else b"", irregular)

    def _checked(self, rows: Sequence[Row]) -> tuple[Sequence[Row], set[int]]:
        """The rows, with '' replaced by NULL in numbers, and the indexes of those that need a conversion."""
        odd: set[int] = set()
        for position, values in enumerate(zip(*rows, strict=True)):
            plain = self._plain[position]
            if plain.issuperset(map(type, values)):
                continue
            unusual = [index for index, value in enumerate(values) if type(value) not in plain]
            if self._columns[position].kind not in _NUMBERS or not _are_digits(
                [values[index] for index in unusual]
            ):
                odd.update(unusual)
            elif not self._columns[position].nullable:
                odd.update(index for index in unusual if values[index] == "")
            else:
                rows = list(rows)
                for index in unusual:
                    if values[index] == "":
                        rows[index] = (*rows[index][:position], None, *rows[index][position + 1 :])
        return rows, odd

    def _line(self, row: Row, exact: Callable[[], Row]) -> bytes:
        """One row. Raises Refused."""
        values = list(row)
        for position, (plain, value) in enumerate(zip(self._plain, row, strict=True)):
            if type(value) not in plain:
                if type(value) is float and abs(value) >= 2**63:
                    value = exact()[position]  # noqa: PLW2901
                values[position] = self.field(self._columns[position], value)
        line = orjson.dumps(values)[1:-1]
        if not _escapes_control(line):
            return line
        fields = [self.field(column, value) for column, value in zip(self._columns, values, strict=True)]
        return ",".join(map(_quoted, fields)).encode()

    def field(self, column: Column, value: Any) -> str | None:
        """A value as the text that is sent to the server; None is NULL. Raises Refused."""
        try:
            text = None if value is None else _CONVERTERS[column.kind](value, column, self._conversions)
        except Refused as fault:
            raise Refused(fault.code, fault.reason, column, _text(value)) from None
        if text is None and not column.nullable:
            raise Refused(1213, "Missing data for not-null field", column)
        return text


def refusal_by_server(column: Column, value: str) -> Refused:
    """Why the server refused this value, in Redshift's words."""
    match column.kind:
        case "text" if column.length is not None and len(value.encode()) > column.length:
            return Refused(1204, "String length exceeds DDL length", column, value)
        case "text":
            invalid = next((c.encode().hex(" ") for c in value if ord(c) > 127), "")
            hint = "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: "
            return Refused(1220, hint + invalid, column, value)
        case "integer" if _INTEGER.fullmatch(value):
            return Refused(1222, f"Overflow, Value '{value}', Type: {column.type}", column, value)
        case "integer":
            return _invalid_digit(value, column)
        case "float":
            return Refused(
                1208, f"Invalid or out of range, Value '{value}', Type: {column.type}", column, value
            )
        case "decimal":
            return Refused(1204, f"Overflow, Value '{value}', Type: {column.type}", column, value)
        case "boolean":
            return Refused(1210, f"Invalid boolean, Value '{value}'", column, value)
        case "date":
            return Refused(1205, "Invalid Date Format - length must be 10 or more, YYYY-MM-DD", column, value)
    return Refused(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]", column, value)


# Matches the escape of a control character, and sometimes half an escaped backslash: a quick test before the exact one.
_ESCAPE = re.compile(rb'\\[^"\\]')


def _escapes_control(line: bytes) -> bool:
    """Whether JSON text escapes anything but quotes and backslashes."""
    rest = line.replace(b"\\\\", b"")
    return rest.count(b"\\") != rest.count(b'\\"')


def _plain_types(column: Column, conversions: Conversions) -> frozenset[type]:
    plain = _PLAIN[column.kind]
    if column.kind == "text" and conversions.of_text:
        plain -= {str}
    return plain if column.nullable else plain - {NoneType}


_NUMBERS = ("integer", "float", "decimal")


def _are_digits(values: Sequence[Any]) -> bool:
    """Whether all values are strings that are empty or consist of digits, which PostgreSQL reads as it does numbers."""
    if set(map(type, values)) != {str}:
        return False
    joined = "".join(values)
    return not joined or (joined.isascii() and joined.isdigit())


def _quoted(text: str | None) -> str:
    if text is None:
        return "null"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(value: Any) -> str:
    """A JSON value as text: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ": "))
        except RecursionError:
            raise Refused(1216, "Invalid JSON: nested too deep") from None
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


# --- one converter for each kind of column ------------------------------------------------------------------------

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_BOOLEAN = {"t", "true", "y", "yes", "1", "f", "false", "n", "no", "0"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_OFFSET = r"(?: ?[-+][0-9]{2}(?::?[0-9]{2})?)?"
_TIMESTAMP = {"timestamp": re.compile(_TIME), "timestamptz": re.compile(_TIME + _OFFSET)}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TIMESTAMP has no zone; UTC is meant
_UNITS = {"epochsecs": timedelta(seconds=1), "epochmillisecs": timedelta(milliseconds=1)}


def _to_text(value: Any, column: Column, conversions: Conversions) -> str | None:
    text = _text(value)
    if "\0" in text:
        raise Refused(
            1220, "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: 00"
        )
    if (conversions.empty_as_null and not text) or (conversions.blanks_as_null and text.isspace()):
        return None
    if conversions.truncate_columns and column.length is not None:
        return text.encode()[: column.length].decode(errors="ignore")
    return text


def _stripped(value: Any) -> str | None:
    """The text of a value for a column of another type than text, where '' and blanks are NULL."""
    return _text(value).strip() or None


def _to_integer(value: Any, column: Column, conversions: Conversions) -> str | None:  # noqa: ARG001
    text = _stripped(value)
    if text is not None and not _INTEGER.fullmatch(text):
        raise _invalid_digit(text, column)
    return text


def _invalid_digit(text: str, column: Column) -> Refused:
    position = next((index for index, character in enumerate(text) if character not in "-+0123456789"), 0)
    return Refused(
        1207, f"Invalid digit, Value '{text[position]}', Pos {position}, Type: {column.type}", column, text
    )


def _to_float(value: Any, column: Column, conversions: Conversions) -> str | None:  # noqa: ARG001
    text = _stripped(value)
    if text is not None and not _NUMBER.fullmatch(text):
        raise refusal_by_server(column, text)
    return text


def _to_decimal(value: Any, column: Column, conversions: Conversions) -> str | None:  # noqa: ARG001
    """COPY truncates what exceeds the scale, where INSERT rounds: copy-roundec in copy-parameters-data-conversion."""
    text = _stripped(value)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise Refused(1209, f"Invalid number, Value '{text}', Type: {column.type}")
    number = Decimal(text)
    if number.adjusted() > 40:
        raise Refused(1204, f"Overflow, Value '{text}', Type: {column.type}")
    return str(number.quantize(Decimal(1).scaleb(-column.scale), ROUND_DOWN, Context(prec=100)))


def _to_boolean(value: Any, column: Column, conversions: Conversions) -> str | None:  # noqa: ARG001
    text = _stripped(value)
    if text is not None and text.lower() not in _BOOLEAN:
        raise refusal_by_server(column, text)
    return text


def _to_date(value: Any, column: Column, conversions: Conversions) -> str | None:  # noqa: ARG001
    text = _stripped(value)
    if text is not None and not _DATE.fullmatch(text):
        raise refusal_by_server(column, text)
    return text


def _to_timestamp(value: Any, column: Column, conversions: Conversions) -> str | None:
    text = _stripped(value)
    if text is None:
        return None
    if unit := _UNITS.get(conversions.time_format):
        try:
            return str(_EPOCH + unit * int(text)) + ("+00" if column.kind == "timestamptz" else "")
        except (ValueError, OverflowError):
            raise refusal_by_server(column, text) from None
    if conversions.time_format == "auto":
        try:
            return str(datetime.fromisoformat(text))
        except ValueError:
            raise refusal_by_server(column, text) from None
    if not _TIMESTAMP[column.kind].fullmatch(text):
        raise refusal_by_server(column, text)
    return text


_CONVERTERS: dict[Kind, Callable[[Any, Column, Conversions], str | None]] = {
    "text": _to_text,
    "integer": _to_integer,
    "float": _to_float,
    "decimal": _to_decimal,
    "boolean": _to_boolean,
    "date": _to_date,
    "timestamp": _to_timestamp,
    "timestamptz": _to_timestamp,
}
