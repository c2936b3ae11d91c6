"""Values of JSON records as rows of a table, the way Redshift's COPY converts them, in the CSV that PostgreSQL reads.

Belongs here: conversions, and the reasons why a value is refused. Does not belong here: where records come from
(`records`, `objects`), the stream to the server (`load`).

Types, ranges and lengths are checked by the server, whose COPY skips a row that does not fit and reports it. Handled
here is what PostgreSQL reads differently from Redshift.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from types import NoneType
from typing import Any, NamedTuple

import msgspec

from redshift_local.copy.columns import Column, Kind

Row = Sequence[Any]

CSV_OPTIONS = "FORMAT csv, NULL 'null', ESCAPE '\\', ENCODING 'utf8'"


@dataclass
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

    def encode(self, rows: Sequence[Row]) -> Encoded:
        """The rows as CSV; a row that was refused before has its refusal in place of each value.

        Whole columns are checked and all rows are written by calls in C. Only a row that needs a conversion is
        converted value by value.
        """
        rows, odd = self._checked(rows)
        lines = _json_lines([() if index in odd else row for index, row in enumerate(rows)] if odd else rows)
        text = b"\n".join(lines) + b"\n"
        if _ESCAPE.search(text) and _escapes_control(text):
            odd.update(index for index, line in enumerate(lines) if _escapes_control(line))
        if not odd:
            return Encoded(text, [])
        irregular: list[tuple[int, int, Refused | None]] = []
        for index in sorted(odd):
            try:
                lines[index] = self._line(rows[index])
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
        for position, (column, plain, values) in enumerate(
            zip(self._columns, self._plain, zip(*rows, strict=True), strict=True)
        ):
            if plain.issuperset(map(type, values)):
                continue
            if column.kind in _NUMBERS and _are_digits(
                [value for value in values if type(value) not in plain]
            ):
                empty = [index for index, value in enumerate(values) if value == ""] if "" in values else []
                if not column.nullable:
                    odd.update(empty)
                elif empty:
                    rows = list(rows)
                    for index in empty:
                        rows[index] = (*rows[index][:position], None, *rows[index][position + 1 :])
            else:
                odd.update(index for index, value in enumerate(values) if type(value) not in plain)
        return rows, odd

    def _line(self, row: Row) -> bytes:
        """One row. Raises Refused."""
        values = [
            value if type(value) in plain else self.field(column, value)
            for column, plain, value in zip(self._columns, self._plain, row, strict=True)
        ]
        (line,) = _json_lines([values])
        if not _escapes_control(line):
            return line
        fields = [self.field(column, value) for column, value in zip(self._columns, values, strict=True)]
        return ",".join(map(_quoted, fields)).encode()

    def field(self, column: Column, value: Any) -> str | None:
        """A value as the text that is sent to the server; None is NULL. Raises Refused."""
        if isinstance(value, Refused):
            raise value
        try:
            text = None if value is None else _converted(value, column, self._conversions)
        except Refused as fault:
            raise Refused(fault.code, fault.reason, column, _text(value)) from None
        if text is None and not column.nullable:
            raise Refused(1213, "Missing data for not-null field", column)
        return text


def refusal(column: Column, value: str) -> Refused:
    """Why the column does not take this text, in Redshift's words."""
    match column.kind:
        case "text" if column.length is not None and len(value.encode()) > column.length:
            return Refused(1204, "String length exceeds DDL length", column, value)
        case "text":
            invalid = next((c.encode().hex(" ") for c in value if ord(c) > 127), "")
            hint = "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: "
            return Refused(1220, hint + invalid, column, value)
        case "integer" if _FORMS["integer"].fullmatch(value):
            return Refused(1222, f"Overflow, Value '{value}', Type: {column.type}", column, value)
        case "integer":
            at, digit = next(((i, c) for i, c in enumerate(value) if c not in "-+0123456789"), (0, value[:1]))
            reason = f"Invalid digit, Value '{digit}', Pos {at}, Type: {column.type}"
            return Refused(1207, reason, column, value)
        case "float":
            return Refused(
                1208, f"Invalid or out of range, Value '{value}', Type: {column.type}", column, value
            )
        case "decimal" if not _NUMBER.fullmatch(value):
            return Refused(1209, f"Invalid number, Value '{value}', Type: {column.type}", column, value)
        case "decimal":
            return Refused(1204, f"Overflow, Value '{value}', Type: {column.type}", column, value)
        case "boolean":
            return Refused(1210, f"Invalid boolean, Value '{value}'", column, value)
        case "date":
            return Refused(1205, "Invalid Date Format - length must be 10 or more, YYYY-MM-DD", column, value)
    return Refused(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]", column, value)


_encode_lines = msgspec.json.Encoder().encode_lines


def _json_lines(rows: Sequence[Row]) -> list[bytes]:
    """Each row as JSON, without brackets. No line break is part of a value: JSON escapes them."""
    return _encode_lines(rows)[1:-2].split(b"]\n[")


# Matches the escape of a control character, and sometimes half an escaped backslash: a quick test before the exact one.
_ESCAPE = re.compile(rb"\\[bfnrtu]")


def _escapes_control(text: bytes) -> bool:
    """Whether JSON text escapes anything but quotes and backslashes."""
    rest = text.replace(b"\\\\", b"")
    return rest.count(b"\\") != rest.count(b'\\"')


def _plain_types(column: Column, conversions: Conversions) -> frozenset[type]:
    plain = _PLAIN[column.kind]
    if column.kind == "text" and conversions.of_text:
        plain -= {str}
    return plain if column.nullable else plain - {NoneType}


_NUMBERS = ("integer", "float", "decimal")


def _are_digits(values: Sequence[Any]) -> bool:
    """Whether all values are strings that are empty or consist of digits, which PostgreSQL reads as it does numbers."""
    try:
        joined = "".join(values)
    except TypeError:
        return False
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


# --- the conversions of values that PostgreSQL does not read as Redshift does ----------------------------------------

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = _DATE + r" [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_FORMS: dict[Kind, re.Pattern[str]] = {
    "integer": re.compile(r"[-+]?[0-9]+"),
    "float": _NUMBER,
    "decimal": _NUMBER,
    "boolean": re.compile(r"t|true|y|yes|1|f|false|n|no|0", re.IGNORECASE | re.ASCII),
    "date": re.compile(_DATE),
    "timestamp": re.compile(_TIME),
    "timestamptz": re.compile(_TIME + r"(?: ?[-+][0-9]{2}(?::?[0-9]{2})?)?"),
}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TIMESTAMP has no zone; UTC is meant
_UNITS = {"epochsecs": timedelta(seconds=1), "epochmillisecs": timedelta(milliseconds=1)}


def _converted(value: Any, column: Column, conversions: Conversions) -> str | None:
    """The text of a value for a column, or None for NULL. Raises Refused."""
    text = _text(value)
    if column.kind == "text":
        return _of_text(text, column, conversions)
    text = text.strip()
    if not text:
        return None
    if column.kind in ("timestamp", "timestamptz") and conversions.time_format != Conversions.time_format:
        return _moment(text, column, conversions.time_format)
    if not _FORMS[column.kind].fullmatch(text):
        raise refusal(column, text)
    return _truncated(text, column) if column.kind == "decimal" else text


def _of_text(text: str, column: Column, conversions: Conversions) -> str | None:
    if "\0" in text:
        raise Refused(
            1220, "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: 00"
        )
    if (conversions.empty_as_null and not text) or (conversions.blanks_as_null and text.isspace()):
        return None
    if conversions.truncate_columns and column.length is not None:
        return text.encode()[: column.length].decode(errors="ignore")
    return text


def _truncated(text: str, column: Column) -> str:
    """COPY truncates what exceeds the scale, where INSERT rounds: copy-roundec in copy-parameters-data-conversion."""
    number = Decimal(text)
    if number.adjusted() > 40:
        raise refusal(column, text)
    return str(number.quantize(Decimal(1).scaleb(-column.scale), ROUND_DOWN, Context(prec=100)))


def _moment(text: str, column: Column, time_format: str) -> str:
    """A time in another format than the default one."""
    try:
        if time_format == "auto":
            return str(datetime.fromisoformat(text))
        return str(_EPOCH + _UNITS[time_format] * int(text)) + "+00" * (column.kind == "timestamptz")
    except (ValueError, OverflowError):
        raise refusal(column, text) from None
