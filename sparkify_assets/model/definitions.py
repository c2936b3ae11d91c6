"""What the tables are declared to be, what those of a warehouse are, and where the two differ.

Belongs here: definitions as data, read from `sql/ddl`, and comparing them. Does not: reading a warehouse's catalog
(`warehouse.catalog`), what is to be done about a difference (`load.migration`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sparkify_assets.model import queries

#: How Redshift's catalog writes the types that `sql/ddl` writes shorter
#: (https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html).
_LONG_NAMES = {
    "character varying": "varchar",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "decimal": "numeric",
}

_TABLE = re.compile(r"create table (?:if not exists )?(\w+\.\w+) \(\n.*?\n\)([^;]*);", re.DOTALL)
_COLUMN = re.compile(r"(.+?)(?: default (.+?))?( not null)?(?: encode (\w+))?")
_DISTRIBUTION = re.compile(r"diststyle (key distkey (\(\w+\))|\w+)")
_SORT_KEY = re.compile(r"sortkey (\([\w, ]+\))")

#: How many differences one line names before it counts the rest.
_NAMED = 3

#: What may differ; what of a table as a whole, what of a column, and what of its place on the nodes.
What = Literal[
    "missing table", "extra table",
    "missing column", "extra column", "type", "width", "not null", "encoding",
    "key", "distribution", "sort key",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column: its type as `sql/ddl` writes it, its encoding where one is known. The default of a declared column is
    its expression, that of one in a warehouse is only known to be there.
    """

    type: str
    not_null: bool = False
    default: str | None = None
    encoding: str | None = None

    @property
    def addable(self) -> bool:
        """Whether rows that are there already could have this column: a column that is not null needs a default
        (https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html).
        """
        return self.default is not None or not self.not_null

    def __str__(self) -> str:
        default = f" default {self.default}" if self.default is not None else ""
        encoding = f" encode {self.encoding}" if self.encoding else ""
        return f"{self.type}{default}{' not null' if self.not_null else ''}{encoding}"


@dataclass
class Definition:
    """A table: its columns, how its rows are distributed and sorted, empty where nothing is said of it; and for each
    of its keys, which `sql/ddl` never declares, the columns.
    """

    columns: dict[str, Column]
    distribution: str = ""
    sort_key: str = ""
    keys: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """A table, or one of its columns or keys by name, that is not as declared."""

    table: str
    name: str
    what: What
    declared: str = ""
    found: str = ""
    stops_loads: bool = False  # what the project writes does not fit in, or cannot be read

    def __str__(self) -> str:
        where = f"{self.table}.{self.name}" if self.name else self.table
        if self.what.startswith(("missing", "extra")):
            return f"{where} is {self.what.partition(' ')[0]}"
        return f"{where} has {self.what} {self.found or 'none'} instead of {self.declared or 'none'}"


def declared() -> Mapping[str, Definition]:
    """The tables that `sql/ddl` makes."""
    return {
        table: Definition(
            columns={name: _column(text) for name, text in queries.columns(table).items()},
            distribution=_distribution(attributes),
            sort_key=found[1] if (found := _SORT_KEY.search(attributes)) else "",
        )
        for name in queries.names("ddl")
        for table, attributes in _TABLE.findall(queries.read(name))
    }


def is_derived(table: str) -> bool:
    """Whether a table holds nothing but what a rebuild makes from staging."""
    return table.startswith("sparkify.") or table == "staging.song_titles"


def short(type_: str) -> str:
    """A type as `sql/ddl` writes it."""
    for long, text in _LONG_NAMES.items():
        type_ = type_.replace(long, text)
    return type_


def width(type_: str) -> int | None:
    """How many bytes a text may have; None of what is no varchar."""
    found = re.fullmatch(r"varchar\((\d+)\)", type_)
    return int(found[1]) if found else None


def differences(found: Mapping[str, Definition]) -> list[Difference]:
    """Where the tables of a warehouse differ from the declared ones, table by table in the order of `sql/ddl`.

    What nothing is declared of (an encoding, a column's default) may be anything.
    """
    wanted = declared()
    missing = [
        Difference(table, "", "missing table", stops_loads=True) for table in wanted if table not in found
    ]
    different = [
        difference
        for table, definition in wanted.items()
        if table in found
        for difference in _differences(table, definition, found[table])
    ]
    extra = [Difference(table, "", "extra table") for table in sorted(found) if table not in wanted]
    return missing + different + extra


def in_one_line(found: Sequence[Difference]) -> str:
    """Differences in words."""
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return "; ".join(map(str, found[:_NAMED])) + more


def _differences(table: str, wanted: Definition, found: Definition) -> Iterator[Difference]:
    for name, column in wanted.columns.items():
        if name not in found.columns:
            yield Difference(table, name, "missing column", str(column), stops_loads=True)
        else:
            yield from _of_column(table, name, column, found.columns[name])
    for name, column in found.columns.items():
        if name not in wanted.columns:
            yield Difference(table, name, "extra column", "", str(column), stops_loads=not column.addable)
    for name, columns in found.keys.items():
        yield Difference(table, name, "key", "", f"({', '.join(columns)})")
    if wanted.distribution and wanted.distribution != found.distribution:
        yield Difference(table, "", "distribution", wanted.distribution, found.distribution)
    if wanted.sort_key and wanted.sort_key != found.sort_key:
        yield Difference(table, "", "sort key", wanted.sort_key, found.sort_key)


def _of_column(table: str, name: str, wanted: Column, found: Column) -> Iterator[Difference]:
    if wanted.type != found.type:
        bytes_wanted, bytes_found = width(wanted.type), width(found.type)
        both = bytes_wanted is not None and bytes_found is not None
        narrower = bytes_wanted is None or bytes_found is None or bytes_found < bytes_wanted
        yield Difference(
            table, name, "width" if both else "type", wanted.type, found.type, stops_loads=narrower
        )
    if wanted.not_null != found.not_null:
        said = {True: "not null", False: "null"}
        yield Difference(
            table, name, "not null", said[wanted.not_null], said[found.not_null], stops_loads=found.not_null
        )
    if wanted.encoding and found.encoding and wanted.encoding != found.encoding:
        yield Difference(table, name, "encoding", wanted.encoding, found.encoding)


def _column(text: str) -> Column:
    type_, default, not_null, encoding = _COLUMN.fullmatch(text).groups()  # type: ignore[union-attr] # it matches everything
    return Column(short(type_.replace(", ", ",")), bool(not_null), default, encoding)


def _distribution(attributes: str) -> str:
    found = _DISTRIBUTION.search(attributes)
    return "" if not found else f"key {found[2]}" if found[2] else found[1]
