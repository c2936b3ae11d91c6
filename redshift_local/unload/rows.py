"""The rows of an UNLOAD as lines of text, CSV or JSON.

Belongs here: one row, from PostgreSQL's text format to that of a file. Does not belong here: files (`files`), Parquet
(`parquet`).

The formats: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import psycopg2

from redshift_local.unload.statement import Command

Values = Sequence[str | None]
Line = Callable[[Values], str]


class UnloadError(psycopg2.DatabaseError):
    """An UNLOAD that failed, described in one line; its transaction is aborted, and it has left no file."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"UNLOAD: {reason}")


class Field(NamedTuple):
    """A column of the query: its name, its type as PostgreSQL calls it, and the digits of a decimal."""

    name: str
    type: str
    precision: int | None = None
    scale: int | None = None


_TEXTS = {"text", "varchar", "bpchar", "char", "name"}
_NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
#: https://www.postgresql.org/docs/18/sql-copy.html, "Text Format"
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def values(row: bytes) -> list[str | None]:
    """The values of a row of PostgreSQL's text format."""
    text = row.decode().removesuffix("\n")
    if "\\" not in text:
        return list(text.split("\t"))
    return [None if value == "\\N" else _ESCAPE.sub(_unescaped, value) for value in text.split("\t")]


def _unescaped(found: re.Match[str]) -> str:
    return _MEANT.get(found[1], found[1])


def writer(command: Command, fields: Sequence[Field]) -> Line:
    """What makes a line of a row's values. Raises UnloadError if a value does not fit."""
    if command.format == "json":
        return _json(fields)
    if command.format == "csv":
        return _csv(command)
    return _fixed(command, fields) if command.widths else _delimited(command, fields)


def header(command: Command, fields: Sequence[Field]) -> str:
    """The line of column names: text options "also apply to the header line"."""
    return writer(command, [Field(field.name, "varchar") for field in fields])(
        [field.name for field in fields]
    )


def _json(fields: Sequence[Field]) -> Line:
    names = [msgspec.json.encode(field.name).decode() for field in fields]
    if len(set(names)) < len(names):
        raise UnloadError("for JSON, the name of each column has to be unique")
    bare = [field.type in _NUMBERS for field in fields]

    def line(row: Values) -> str:
        members = (
            f"{name}:{'null' if value is None else value if number and value[-1].isdigit() else _quoted(value)}"
            for name, number, value in zip(names, bare, row, strict=True)
        )
        return "{" + ",".join(members) + "}\n"

    return line


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _csv(command: Command) -> Line:
    special = re.compile(rf'[{re.escape(command.separator)}"\r\n]')

    def line(row: Values) -> str:
        shown = (
            command.null if value is None
            else '"' + value.replace('"', '""') + '"' if special.search(value)
            else value
            for value in row
        )  # fmt: skip
        return command.separator.join(shown) + "\n"

    return line


def _delimited(command: Command, fields: Sequence[Field]) -> Line:
    """Delimited text. ESCAPE is for CHAR and VARCHAR columns; NULL has neither quotes nor escapes."""
    separator, quote = command.separator, '"' if command.add_quotes else ""
    special = re.compile(rf"[\\\r\n{re.escape(separator)}{chr(39) + chr(34) if quote else ''}]")
    escaped = [command.escape and field.type in _TEXTS for field in fields]

    def line(row: Values) -> str:
        shown = (
            command.null if value is None
            else quote + (special.sub(r"\\\g<0>", value) if escape else value) + quote
            for escape, value in zip(escaped, row, strict=True)
        )  # fmt: skip
        return separator.join(shown) + "\n"

    return line


def _fixed(command: Command, fields: Sequence[Field]) -> Line:
    """Fixed widths: NULL is blank, or the null string if that fits; a value that does not fit is an error."""
    if len(command.widths) != len(fields):
        raise UnloadError(f"FIXEDWIDTH has {len(command.widths)} widths for {len(fields)} columns")

    def cell(field: Field, width: int, value: str | None) -> str:
        if value is None and len(command.null) > width and field.type not in _TEXTS:
            value = ""
        shown = command.null if value is None else value
        if len(shown) > width:
            raise UnloadError(f"a value of column {field.name} is longer than {width} characters")
        return shown.ljust(width)

    return lambda row: "".join(map(cell, fields, command.widths, row)) + "\n"
