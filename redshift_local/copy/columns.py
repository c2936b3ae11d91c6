"""The columns that a COPY fills, from PostgreSQL's catalog, in the terms of Redshift's error tables.

Does not belong here: how a value is converted for a column (`convert`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import psycopg2.errors
from psycopg2.extensions import cursor as PlainCursor

from redshift_local.copy.objects import CopyError

Kind = Literal["text", "integer", "float", "decimal", "boolean", "date", "timestamp", "timestamptz"]


class Column(NamedTuple):
    """A column as COPY sees it; `type` and `length` (bytes, or digits) as Redshift's error tables give them."""

    name: str
    kind: Kind
    type: str
    length: int | None = None
    scale: int = 0
    nullable: bool = True


def fetch_columns(cursor: PlainCursor, table: str, oid: int, names: Sequence[str]) -> list[Column]:
    """The columns of `table` with these `names`, in this order; without names all that are not generated.

    Raises CopyError for a name that the table does not have and for a type that COPY does not fill, and
    SerializationFailure for a table that the transaction does not see yet.
    """
    cursor.execute(_COLUMNS, (oid,))
    rows = cursor.fetchall()
    if not rows:
        raise psycopg2.errors.SerializationFailure("the table is younger than the transaction's snapshot")
    columns = {name: _column(name, type_name, not_null) for name, type_name, not_null, _ in rows}
    if not names:
        return [columns[name] for name, _, _, generated in rows if not generated]
    if unknown := [name for name in names if name not in columns]:
        raise CopyError(f"the table {table} has no column {', '.join(unknown)}")
    return [columns[name] for name in names]


def _column(name: str, type_name: str, not_null: bool) -> Column:
    parts = _TYPE.fullmatch(type_name)
    if parts is None or parts["name"] not in _KINDS:
        raise CopyError(f"column {name} is of type {type_name}, which COPY FORMAT JSON does not fill")
    kind, redshift_name = _KINDS[parts["name"]]
    length = parts["bytes"] or parts["digits"]
    return Column(
        name, kind, redshift_name, int(length) if length else None, int(parts["scale"] or 0), not not_null
    )


# format_type reads the catalog as it is now. A join with pg_type would read the transaction's snapshot, which lacks the
# types that another session has just created for this one.
_COLUMNS = """
    select attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, attidentity <> ''
    from pg_catalog.pg_attribute
    where attrelid = %s and attnum > 0 and not attisdropped
    order by attnum
"""

_KINDS: dict[str, tuple[Kind, str]] = {
    "varchar": ("text", "varchar"),  # of dialect.SCHEMA, with its length in bytes as part of its name
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
