"""Values of JSON records as rows of a table, the way Redshift's COPY converts them, in the CSV that PostgreSQL reads.

Belongs here: conversions. Does not belong here: where records come from (`records`, `objects`), the formats of dates
and times (`moments`), the words of a refusal (`refusals`), the stream to the server (`load`).

Types, ranges and lengths are checked by the server, whose COPY skips a row that does not fit and reports it. Handled
here is what PostgreSQL reads differently from Redshift.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from types import NoneType
from typing import Any, NamedTuple, cast

import msgspec

from redshift_local.copy import moments
from redshift_local.copy.columns import Column, Kind
from redshift_local.copy.refusals import INTEGER, NUMBER, Refused, refusal

Row = Sequence[Any]

CSV_OPTIONS = "FORMAT csv, NULL 'null', ESCAPE '\\', ENCODING 'utf8'"


@dataclass
class Conversions:
    """Options of COPY: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html.

    `invalid` is what stands in the data for an invalid byte, and `replacement` what becomes of it in a VARCHAR.
    """

    truncate_columns: bool = False
    blanks_as_null: bool = False
    empty_as_null: bool = False
    trim_blanks: bool = False
    round_decimals: bool = False
    accept_any_date: bool = False
    date_format: str = moments.DEFAULT_DATE
    time_format: str = moments.DEFAULT_TIME
    invalid: str | None = None
    replacement: str = "?"

    @property
    def of_text(self) -> bool:
        """Whether text has to be converted at all."""
        return (
            self.truncate_columns
            or self.blanks_as_null
            or self.empty_as_null
            or self.trim_blanks
            or self.invalid is not None
        )


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

    def encode(self, rows: Sequence[Row], written: Callable[[int], Row] | None = None) -> Encoded:
        """The rows as CSV; a row that was refused before has its refusal in place of each value.

        `written` gives the values of a row as they are written in the object: there, a nested value or a number with a
        fraction becomes text as it is. Whole columns are checked and all rows are written by calls in C. Only a row
        that needs a conversion is converted value by value.
        """
        rows, odd = self._checked(rows)
        lines = _json_lines([() if index in odd else row for index, row in enumerate(rows)] if odd else rows)
        text = b"\n".join(lines) + b"\n"
        if _ESCAPE.search(text) and _escapes_control(text):
            odd.update(index for index, line in enumerate(lines) if _escapes_control(line))
        if b' "' in text:  # a text that ends with a blank
            rows = self._without_excess(rows, lines, odd)
        if not odd:
            return Encoded(text, [])
        irregular: list[tuple[int, int, Refused | None]] = []
        for index in sorted(odd):
            try:
                lines[index] = self._line(self._as_written(rows[index], index, written))
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

    def _without_excess(self, rows: Sequence[Row], lines: Sequence[bytes], odd: set[int]) -> Sequence[Row]:
        """The rows, without the blanks that exceed a column, and their indexes among the `odd`: "if the extra
        characters are all spaces, the string is truncated" (r_Character_types).
        """
        rows = list(rows)
        for index, line in enumerate(lines):
            if b' "' in line:
                fitting = [
                    without_excess(value, column) if type(value) is str else value
                    for column, value in zip(self._columns, rows[index], strict=True)
                ]
                if fitting != list(rows[index]):
                    rows[index] = fitting
                    odd.add(index)
        return rows

    def _as_written(self, row: Row, index: int, written: Callable[[int], Row] | None) -> Row:
        """The row with nested values and fractions for text as they are written."""
        if written is None or not any(
            column.kind == "text" and type(value) in _AS_WRITTEN
            for column, value in zip(self._columns, row, strict=True)
        ):
            return row
        return [
            text if column.kind == "text" and type(value) in _AS_WRITTEN else value
            for column, value, text in zip(self._columns, row, written(index), strict=True)
        ]

    def _line(self, row: Row) -> bytes:
        """One row. Raises Refused."""
        values = [
            value if type(value) in plain and not _ends_blank(value) else self.field(column, value)
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
            raise Refused(fault.code, fault.reason, column, as_text(value), fault.position) from None
        if text is None and not column.nullable:
            raise Refused(1213, "Missing data for not-null field", column)
        return text


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


#: What becomes text as it is written in the object.
_AS_WRITTEN = frozenset({dict, list, float})


def as_text(value: Any) -> str:
    """A JSON value as text: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html."""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ": "))
        except RecursionError:
            raise Refused(1216, "Invalid JSON: nested too deep") from None
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


def _ends_blank(value: Any) -> bool:
    return type(value) is str and value.endswith(" ")


def without_excess(text: str, column: Column) -> str:
    """A text without the blanks at its end that a VARCHAR has no room for; PostgreSQL's CHAR drops them itself."""
    if column.kind != "text" or column.length is None or not text.endswith(" "):
        return text
    excess = len(text.encode()) - column.length
    return text[:-excess] if excess > 0 and text.endswith(" " * excess) else text


# --- the conversions of values that PostgreSQL does not read as Redshift does ----------------------------------------

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = _DATE + r" [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_FORMS: dict[Kind, re.Pattern[str]] = {
    "integer": INTEGER,
    "float": NUMBER,
    "decimal": NUMBER,
    "boolean": re.compile(r"t|true|y|yes|1|f|false|n|no|0", re.IGNORECASE | re.ASCII),
    "date": re.compile(rf"{_DATE}|{_TIME}"),  # of which the time is ignored: copy-dateformat
    "timestamp": re.compile(_TIME),
    "timestamptz": re.compile(_TIME + r"(?: ?[-+][0-9]{1,2}(?::?[0-9]{2})?)?"),
}


def _converted(value: Any, column: Column, conversions: Conversions) -> str | None:
    """The text of a value for a column, or None for NULL. Raises Refused."""
    text = as_text(value)
    if column.kind == "text":
        return _of_text(text, column, conversions)
    text = text.strip()
    if not text:
        return None
    if column.kind in ("date", "timestamp", "timestamptz"):
        return _of_time(text, column, conversions)
    if not _FORMS[column.kind].fullmatch(text):
        raise refusal(column, text)
    return _fitted(text, column, conversions) if column.kind == "decimal" else text


def _of_text(text: str, column: Column, conversions: Conversions) -> str | None:
    if "\0" in text:
        raise Refused(
            1220,
            "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: 00",
            position=text.index("\0"),
        )
    if conversions.invalid and conversions.invalid in text:
        if column.type != "varchar":  # ACCEPTINVCHARS "is valid only for VARCHAR columns"
            reason = "String contains invalid or unsupported UTF-8 codepoints."
            raise Refused(1220, reason, position=text.index(conversions.invalid))
        text = text.replace(conversions.invalid, conversions.replacement)
    if conversions.trim_blanks and column.type == "varchar":
        text = text.rstrip()
    if (conversions.empty_as_null and not text) or (conversions.blanks_as_null and text.isspace()):
        return None
    if conversions.truncate_columns and column.length is not None:
        return text.encode()[: column.length].decode(errors="ignore")
    return without_excess(text, column)


def _fitted(text: str, column: Column, conversions: Conversions) -> str:
    """COPY truncates what exceeds the scale, where INSERT and ROUNDEC round: copy-roundec."""
    number = Decimal(text)
    if number.adjusted() > 40:
        raise refusal(column, text)
    rounding = ROUND_HALF_UP if conversions.round_decimals else ROUND_DOWN
    return str(number.quantize(Decimal(1).scaleb(-column.scale), rounding, Context(prec=100)))


def _of_time(text: str, column: Column, conversions: Conversions) -> str | None:
    """A date or time as PostgreSQL reads it. Raises Refused."""
    is_date = column.kind == "date"
    given = conversions.date_format if is_date else conversions.time_format
    if given == (moments.DEFAULT_DATE if is_date else moments.DEFAULT_TIME):
        if _FORMS[column.kind].fullmatch(text) and not (
            conversions.accept_any_date and not _is_day(text[:10])
        ):
            return text[:10] if is_date else text
    else:
        with suppress(ValueError):
            return moments.reader(given)(text, cast(moments.Kind, column.kind))
    if conversions.accept_any_date:
        return None
    raise refusal(column, text)


def _is_day(text: str) -> bool:
    """Whether a date exists; the server would refuse it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
