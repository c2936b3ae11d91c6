"""Column lineage: which columns of which assets each column of a table is made of, read from the SQL.

Every statement of a load is read with sqlglot; temporary tables are followed down to the columns of other assets, and
COPY to the keys of the source's records. It is in the metadata of the assets, where Dagster+ draws it
(https://docs.dagster.io/guides/build/assets/metadata-and-tags/column-level-lineage), and in docs/tables.md.

A column comes from what its expression reads. A value that an outer join finds also comes from the columns of the join
condition: the song of a play from title and artist name, and from the length that decides among namesakes. Columns that
only identify a row again (equal keys of one origin, the partition of a window) are no origin.

Belongs here: reading the SQL. Does not: what the tables mean (`tables`). Only the code location needs it; the command
line does without its cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from sparkify_assets.model import queries
from sparkify_assets.model.merges import MERGES
from sparkify_assets.model.tables import TABLES

#: A table and one of its columns.
Column = tuple[str, str]

#: The asset that a table stands for. What waits to be staged has the columns of staging.
_ASSETS: Mapping[str, str] = {
    **{table.name: asset for asset, table in TABLES.items()},
    "temp.incoming_events": "staging_events",
    "temp.incoming_songs": "staging_songs",
    "log_data": "log_data",
    "song_data": "song_data",
}

#: What each COPY reads.
_SOURCES = {"copy/events": "log_data", "copy/events_gzip": "log_data", "copy/songs": "song_data"}

#: Columns of COPY that are no keys of the source's records: compaction adds them.
_ADDED = frozenset({"batch_id", "song_prefix"})


class LineageError(ValueError):
    """A statement whose lineage cannot be determined; the message has its beginning."""


@cache
def column_origins() -> Mapping[str, Mapping[str, Sequence[Column]]]:
    """The origins of each column of each table, by asset: sorted pairs of an asset and a column. Columns that are
    derived from an object's key (`event_date` and `song_prefix` in staging) have none. Raises LineageError.
    """
    statements = _Statements()
    return {
        asset: {column: sorted(statements.origins(asset, (table.name, column))) for column in table.columns}
        for asset, table in TABLES.items()
    }


class _Statements:
    """The statements of both loads, as a graph of columns."""

    def __init__(self) -> None:
        self.schema = MappingSchema(dialect="redshift")
        self.inputs: dict[Column, set[Column]] = {}
        self.deciding: dict[str, set[Column]] = {}  # table -> what its rows were chosen by
        merges = [name for steps in MERGES.values() for name, _ in steps if name.startswith("merge/")]
        for name in dict.fromkeys([*queries.names("ddl"), *queries.names("copy"), *merges]):
            for text in queries.statements(name):
                try:
                    self._read(name, text)
                except (SqlglotError, KeyError) as error:
                    raise LineageError(f"sql/{name}.sql: no lineage for {_head(text)}: {error}") from error

    def origins(self, asset: str, column: Column) -> set[Column]:
        """The columns of other assets that a column of an asset comes from."""
        found: set[Column] = set()
        seen, queue = {column}, [column]
        while queue:
            for table, name in self.inputs.get(queue.pop(), ()):
                owner = _ASSETS.get(table, asset)
                if owner != asset:
                    found.add((owner, name))
                elif (table, name) not in seen:
                    seen.add((table, name))
                    queue.append((table, name))
        return found

    def _read(self, file: str, text: str) -> None:
        statement = sqlglot.parse_one(text, dialect="redshift")
        for table in statement.find_all(exp.Table):
            if not table.db:
                table.set("db", exp.to_identifier("temp"))
        match statement:
            case exp.Create(kind="TABLE", this=exp.Schema() as declared):
                self._declare(declared)
            case exp.Create(kind="TABLE", this=exp.Table() as table, expression=exp.Query() as query):
                self._write(_name(table), None, query)
            case exp.Insert(this=exp.Schema() as target, expression=exp.Query() as query):
                self._write(_name(target.this), [column.name for column in target.expressions], query)
            case exp.Insert(this=exp.Table() as table, expression=exp.Query() as query):
                self._write(_name(table), self.schema.column_names(table), query)
            case exp.Copy(this=exp.Schema() as target):
                self._copy(_name(target.this), [c.name for c in target.expressions], _SOURCES[file], text)
            case exp.Update(this=exp.Table() as table):
                for change in statement.expressions:
                    self._add(
                        (_name(table), change.this.name),
                        [(_name(table), c.name) for c in change.expression.find_all(exp.Column)],
                    )
            case exp.Select() | exp.Delete() | exp.Drop() | exp.Create(kind="SCHEMA"):
                pass
            case _:
                raise LineageError(f"sql/{file}.sql: no lineage for {_head(text)}")

    def _declare(self, declared: exp.Schema) -> None:
        like = declared.find(exp.LikeProperty)
        names = (
            self.schema.column_names(like.this)
            if like
            else [column.name for column in declared.find_all(exp.ColumnDef)]
        )
        self.schema.add_table(declared.this, dict.fromkeys(names, "text"))

    def _copy(self, table: str, columns: list[str], source: str, text: str) -> None:
        """COPY takes each column from the path in its place, or from the key of its own name."""
        keys = queries.event_keys() if "%(jsonpaths)s" in text else columns
        for column, key in zip(columns, keys, strict=True):
            if column not in _ADDED:
                self._add((table, column), [(source, key)])

    def _write(self, table: str, columns: list[str] | None, query: exp.Query) -> None:
        scope = build_scope(qualify(query, schema=self.schema, dialect="redshift", quote_identifiers=False))
        if scope is None:
            raise LineageError(f"no lineage for {_head(query.sql())}")
        outputs = self._outputs(scope)
        if columns is None:
            columns = list(outputs)
            self.schema.add_table(table, dict.fromkeys(columns, "text"))
        for column, inputs in zip(columns, outputs.values(), strict=True):
            self._add((table, column), inputs)
        self.deciding.setdefault(table, set()).update(self._deciding(scope))

    def _add(self, column: Column, inputs: Iterable[Column]) -> None:
        self.inputs.setdefault(column, set()).update(inputs)

    def _outputs(self, scope: Scope) -> dict[str, set[Column]]:
        """What a query gives, in order: each column with those that it is made of."""
        if isinstance(scope.expression, exp.SetOperation):
            left, right = (self._outputs(part) for part in scope.set_operation_scopes)
            if isinstance(scope.expression, exp.Except):
                return left
            return {
                name: mine | others for (name, mine), others in zip(left.items(), right.values(), strict=True)
            }
        found_by = self._found_by(scope)
        outputs: dict[str, set[Column]] = {}
        for projection in scope.expression.selects:  # type: ignore[attr-defined]
            inputs = outputs[projection.alias_or_name] = set()
            for column in _columns(projection):
                inputs |= self._source(scope, column) | found_by.get(column.table, set())
        return outputs

    def _source(self, scope: Scope, column: exp.Column) -> set[Column]:
        source = scope.sources[column.table]
        if isinstance(source, Scope):
            return self._outputs(source)[column.name]
        return {(_name(source), column.name)}

    def _found_by(self, scope: Scope) -> dict[str, set[Column]]:
        """For each relation of an outer join, what its row was found by."""
        return {
            join.alias_or_name: self._decided_by(scope, [join.args["on"]])
            | self._deciding_source(scope.sources[join.alias_or_name])
            for join in scope.expression.args.get("joins") or ()
            if join.side
        }

    def _deciding(self, scope: Scope) -> set[Column]:
        """What the rows of a query were chosen by: its conditions, and those of the relations in it."""
        if isinstance(scope.expression, exp.SetOperation):
            return set().union(*(self._deciding(part) for part in scope.set_operation_scopes))
        where = scope.expression.args.get("where")
        joins = scope.expression.args.get("joins") or ()
        conditions = [join.args["on"] for join in joins if "on" in join.args]
        conditions += [where.this] if where else []
        nested = (source for source in scope.sources.values() if isinstance(source, Scope))
        return self._decided_by(scope, conditions).union(*map(self._deciding, nested))

    def _deciding_source(self, source: exp.Expr | Scope) -> set[Column]:
        if isinstance(source, Scope):
            return self._deciding(source)
        return self.deciding.get(_name(source), set())

    def _decided_by(self, scope: Scope, conditions: Iterable[exp.Expr]) -> set[Column]:
        found: set[Column] = set()
        for condition in conditions:
            for term in condition.flatten() if isinstance(condition, exp.And) else [condition]:
                sides = [self._source(scope, column) for column in _columns(term)]
                if not (isinstance(term, exp.EQ) and self._same_origin(sides)):
                    found.update(*sides)
        return found

    def _same_origin(self, sides: list[set[Column]]) -> bool:
        """Whether two columns are one and the same, or one is a copy of the other."""
        if len(sides) != 2:
            return False
        left, right = sides
        copies = [set().union(*(self.inputs.get(column, set()) for column in side)) for side in sides]
        return left == right or copies[0] == right or copies[1] == left


def _columns(expression: exp.Expr) -> Iterator[exp.Column]:
    """The columns that an expression reads, but for those that a window only groups by."""
    windows = expression.find_all(exp.Window)
    skipped = {id(part) for window in windows for part in window.args.get("partition_by") or ()}
    for column in expression.find_all(exp.Column):
        if id(column) not in skipped:
            yield column


def _head(text: str) -> str:
    return " ".join(text.split())[:80]


def _name(table: exp.Expr) -> str:
    return f"{table.db}.{table.name}" if isinstance(table, exp.Table) else str(table)
