"""What is done about a table that is not as `sql/ddl` declares it: by a step, or by whoever owns the warehouse.

Rows that COPY brought stay, in columns that are added, renamed or made wider. Tables that are made of them (the star,
the titles) are made anew where ALTER TABLE does not suffice.

Belongs here: what Redshift's ALTER TABLE can do and what it cannot
(https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html). Does not: the order of the steps, and their
transaction (`migration`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sparkify_assets.model.definitions import Column, Definition, Difference, declared, is_derived

#: The names that columns had in earlier editions: such a column is renamed, and keeps what it holds.
FORMER_NAMES: Mapping[tuple[str, str], str] = {("ledger.loads", "staging_rules"): "sql_hash"}

#: The encodings under which a VARCHAR cannot be made wider.
_FIXED_ENCODINGS = frozenset({"bytedict", "runlength", "text255", "text32k"})

#: What a table of the star is made anew for. How it lies on the nodes is left to whoever has tuned it.
_BY_MAKING_ANEW = frozenset({"type", "width", "not null", "key"})

_COPY_THE_ROWS = (
    "ALTER TABLE cannot change this: rename the table, `sparkify tables create`, insert its rows into the new one, and"
    " drop the renamed one"
)


@dataclass(frozen=True)
class Step:
    """Something that is done to a table, in words: by a file of `sql/migrate` if it is not `sql/ddl` alone."""

    table: str
    does: str
    file: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def apart(self) -> bool:
        """Whether Redshift refuses it in a transaction."""
        return self.file == "migrate/widen_column"

    @property
    def makes_table(self) -> bool:
        """Whether the table is made by `sql/ddl`."""
        return self.file in ("", "migrate/drop_table")

    @property
    def names(self) -> dict[str, str]:
        """What the file takes."""
        return {"table": self.table, **self.parameters}


@dataclass(frozen=True)
class LeftToYou:
    """A difference that no step corrects, and what to do about it."""

    difference: Difference
    advice: str


def remedies(found: Mapping[str, Definition], differ: Sequence[Difference]) -> Iterator[Step | LeftToYou]:
    """What is done about all differences of a warehouse whose tables are `found`."""
    for table, group in groupby(differ, lambda difference: difference.table):
        of_table = list(group)
        if of_table[0].what == "missing table":
            yield Step(table, "create")
        elif of_table[0].what == "extra table":
            yield LeftToYou(of_table[0], f"drop table {table}, if nobody needs it")
        elif is_derived(table) and any(map(_takes_a_new_table, of_table)):
            reasons = "; ".join(str(difference).removeprefix(f"{table}.") for difference in of_table)
            yield Step(table, f"make anew: {reasons}", "migrate/drop_table")
        else:
            yield from _altered(table, of_table, found[table])


def _takes_a_new_table(difference: Difference) -> bool:
    if difference.what == "missing column":
        return not _declared(difference).addable
    return difference.what in _BY_MAKING_ANEW or (
        difference.what == "extra column" and difference.stops_loads
    )


def _altered(table: str, differ: Sequence[Difference], found: Definition) -> Iterator[Step | LeftToYou]:
    """What is done about a table that keeps its rows."""
    renamed: set[str] = set()
    for difference in differ:
        name, former = difference.name, FORMER_NAMES.get((table, difference.name), "")
        if difference.what == "missing column" and former in found.columns:
            renamed.add(former)
            names = {"former": former, "column": name}
            yield Step(table, f"rename column {former} to {name}", "migrate/rename_column", names)
        elif difference.what == "missing column" and _declared(difference).addable:
            column = f"{name} {difference.declared}"
            yield Step(table, f"add column {column}", "migrate/add_column", {"declaration": column})
        elif difference.what == "width" and difference.stops_loads and not _fixed(name, found):
            text = f"make column {name} wider, from {difference.found} to {difference.declared}"
            of_column = {"column": name, "type": difference.declared}
            yield Step(table, text, "migrate/widen_column", of_column)
        elif name not in renamed:
            yield LeftToYou(difference, _advice(difference, found))


def _declared(difference: Difference) -> Column:
    return declared()[difference.table].columns[difference.name]


def _fixed(column: str, found: Definition) -> str:
    """Why a column cannot be made wider, and what to do about it; '' if it can be."""
    key = next((name for name, columns in found.keys.items() if column in columns), None)
    encoding = found.columns[column].encoding
    if found.columns[column].default is not None:
        return _COPY_THE_ROWS
    if key:
        return f"it is part of a key: drop constraint {key}, and migrate again"
    if encoding in _FIXED_ENCODINGS:
        return f"it is encoded as {encoding}: alter column {column} encode zstd, and migrate again"
    return ""


def _advice(difference: Difference, found: Definition) -> str:
    """What to do about a difference that no step corrects."""
    table, name = difference.table, difference.name
    match difference.what:
        case "missing column":
            return "rows that are there have no value for it: declare it with a default, or without not null"
        case "extra column":
            return f"alter table {table} drop column {name}, if nobody needs it"
        case "width" if difference.stops_loads:
            return _fixed(name, found)
        case "width":
            return f"loads are not affected; declare {difference.found}, if it is to stay"
        case "key":
            return f"alter table {table} drop constraint {name}"
        case "distribution":
            style = difference.declared.replace("key (", "key distkey ").removesuffix(")")
            return f"alter table {table} alter diststyle {style}"
        case "sort key":
            return f"alter table {table} alter sortkey {difference.declared}"
        case "encoding":
            return f"alter table {table} alter column {name} encode {difference.declared}"
    return _COPY_THE_ROWS
