"""Column lineage: which columns of which assets each column of a table is made of, read from the SQL.

Every statement of a load is read with sqlglot into one graph of columns, in which each part of a query is a table like
any other. Temporary tables are followed down to the columns of other assets, and COPY to the keys of the source's
records. (sqlglot's own `lineage` follows one query at a time, and takes the partition of a window for an origin.) The
result is in the metadata of the assets, where Dagster+ draws it
(https://docs.dagster.io/guides/build/assets/metadata-and-tags/column-level-lineage), and in docs/tables.md.

A column comes from what its expression reads. A value that an outer join finds also comes from the columns of the join
condition: the song of a play from title and artist name, and from the length that decides among namesakes. Columns that
only identify a row again (equal keys of one origin, the partition of a window) are no origin.

Belongs here: reading the SQL. Does not: what the tables mean (`tables`). Only the code location needs it; the command
line does without its cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from sparkify_assets.model import queries
from sparkify_assets.model.merges import MERGES
from sparkify_assets.model.tables import TABLES

#: A table, or a part of a query.
Table = str | Scope

#: One of its columns.
Column = tuple[Table, str]

#: In place of a column: all those by which the rows were chosen.
_CHOICE = "*"

#: The asset that a table stands for. What waits to be staged has the columns of staging.
_ASSETS: Mapping[Table, str] = {
    **{table.name: asset for asset, table in TABLES.items()},
    "temp.incoming_events": "staging_events",
    "temp.incoming_songs": "staging_songs",
    "log_data": "log_data",
    "song_data": "song_data",
}

#: What each COPY reads.
_SOURCES = {
    "copy/events": "log_data",
    "copy/events_compacted": "log_data",
    "copy/events_gzip": "log_data",
    "copy/songs": "song_data",
}

#: Columns of COPY that are no keys of the source's records: compaction adds them.
_ADDED = frozenset({"batch_id", "event_date", "song_prefix"})


class LineageError(ValueError):
    """A statement whose lineage cannot be determined; the message has its beginning."""


@cache
def column_origins() -> Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]:
    """The origins of each column of each table, by asset: sorted pairs of an asset and a column. Columns that are
    derived from an object's key (`event_date` and `song_prefix` in staging) have none. Raises LineageError.
    """
    graph = _Graph()
    return {
        asset: {column: sorted(graph.origins(asset, (table.name, column))) for column in table.columns}
        for asset, table in TABLES.items()
    }


class _Graph:
    """The columns of both loads, each with those that it is directly made of."""

    def __init__(self) -> None:
        self.schema = MappingSchema(dialect="redshift")
        self.inputs: dict[Column, set[Column]] = defaultdict(set)
        merges = [name for steps in MERGES.values() for name, _ in steps if name.startswith("merge/")]
        for name in dict.fromkeys([*queries.names("ddl"), *queries.names("copy"), *merges]):
            for text in queries.statements(name):
                try:
                    self._read(name, text)
                except (SqlglotError, KeyError) as error:
                    raise LineageError(f"sql/{name}.sql: no lineage for {_head(text)}: {error}") from error

    def origins(self, asset: str, column: Column) -> set[tuple[str, str]]:
        """The columns of other assets that a column of an asset comes from."""
        reached = self._reached(column, lambda table: _ASSETS.get(table, asset) == asset)
        return {(_ASSETS[table], name) for table, name in reached if _ASSETS.get(table, asset) != asset}

    def _roots(self, column: Column) -> set[Column]:
        return {node for node in self._reached(column) if not self.inputs[node]}

    def _reached(self, column: Column, through: Callable[[Table], bool] = lambda _: True) -> set[Column]:
        """All columns that a column is made of, directly or by others, through some tables."""
        reached, queue = {column}, [column]
        while queue:
            fresh = self.inputs[queue.pop()] - reached
            reached |= fresh
            queue += [node for node in fresh if through(node[0])]
        return reached

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
        columns = [column for column in columns if column not in _ADDED]
        keys = queries.event_keys() if "%(jsonpaths)s" in text else columns
        for column, key in zip(columns, keys, strict=True):
            self._add((table, column), [(source, key)])

    def _write(self, table: str, columns: list[str] | None, query: exp.Query) -> None:
        scopes = traverse_scope(
            qualify(query, schema=self.schema, dialect="redshift", quote_identifiers=False)
        )
        for scope in scopes:
            self._read_scope(scope)
        outputs = _outputs(scopes[-1])
        if columns is None:
            columns = outputs[:-1]
            self.schema.add_table(table, dict.fromkeys(columns, "text"))
        for column, output in zip([*columns, _CHOICE], outputs, strict=True):
            self._add((table, column), [(scopes[-1], output)])

    def _add(self, column: Column, inputs: Iterable[Column]) -> None:
        self.inputs[column].update(inputs)

    def _read_scope(self, scope: Scope) -> None:
        """What each column of a query, or of a part of it, is made of, and by what its rows were chosen."""
        query = scope.expression
        if isinstance(query, exp.SetOperation):
            left, right = scope.set_operation_scopes
            for name, other in zip(_outputs(left), _outputs(right), strict=True):
                self._add((scope, name), [(left, name)])
                if name == _CHOICE or not isinstance(query, exp.Except):
                    self._add((scope, name), [(right, other)])
            return
        joins = query.args.get("joins") or ()
        outer = {join.alias_or_name for join in joins if join.side}
        for projection in query.selects:  # type: ignore[attr-defined]
            node = (scope, projection.alias_or_name)
            for column in _columns(projection):
                self._add(node, [self._node(scope, column)])
                if column.table in outer:
                    self._add(node, [(scope, f"{_CHOICE} of {column.table}")])
        for name in outer:
            self._add((scope, f"{_CHOICE} of {name}"), [(_table(scope.sources[name]), _CHOICE)])
        for join in joins:
            for node in ((scope, _CHOICE), (scope, f"{_CHOICE} of {join.alias_or_name}")):
                self._read_condition(node, scope, join.args.get("on"))
        if where := query.args.get("where"):
            self._read_condition((scope, _CHOICE), scope, where.this)
        nested = (source for source in scope.sources.values() if isinstance(source, Scope))
        self._add((scope, _CHOICE), ((source, _CHOICE) for source in nested))

    def _read_condition(self, node: Column, scope: Scope, condition: exp.Expr | None) -> None:
        terms = condition.flatten() if isinstance(condition, exp.And) else [condition] if condition else []
        for term in terms:
            columns = [self._node(scope, column) for column in _columns(term)]
            same = len(columns) == 2 and self._roots(columns[0]) == self._roots(columns[1])
            if not (isinstance(term, exp.EQ) and same):
                self._add(node, columns)

    def _node(self, scope: Scope, column: exp.Column) -> Column:
        return _table(scope.sources[column.table]), column.name


def _outputs(scope: Scope) -> list[str]:
    """The names of the columns that a query gives, in order, and that of its choice."""
    return [*scope.expression.named_selects, _CHOICE]  # type: ignore[attr-defined]


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


def _table(source: exp.Expr | Scope) -> Table:
    return source if isinstance(source, Scope) else _name(source)
