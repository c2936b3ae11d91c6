"""UNLOAD, carried out as Redshift does: the result of a query goes to files below a prefix.

Belongs here: the order of things, the one stream from the server, the manifest. Does not belong here: the statement's
grammar (`statement`), the files (`files`), where they go (`target`).

The rows go from the server to files of a temporary folder, so memory is constant; the files are published when all of
them are complete, and withdrawn if one of them cannot be.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg2
from psycopg2 import sql as composed
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.extensions import cursor as PlainCursor

from redshift_local.copy.objects import CopyError, ObjectStore
from redshift_local.unload.files import Files
from redshift_local.unload.rows import Field, UnloadError, values
from redshift_local.unload.statement import Command, parse
from redshift_local.unload.target import Target


class Settle(Protocol):
    """Makes PostgreSQL's text of a query. Raises NotPortable."""

    def __call__(self, query: str, /) -> str: ...


def execute(cursor: PlainCursor, statement: str, store: ObjectStore, settle: Settle) -> None:
    """Carry out an UNLOAD in the transaction of `cursor`, whose notice is then Redshift's.

    Raises NotPortable for a statement that is not supported, UnloadError, which leaves the transaction aborted, and
    psycopg2's own errors if the query fails. Whatever is raised, no file is left.
    """
    command = parse(statement)
    query = settle(command.query)
    plain: PlainCursor = cursor.connection.cursor(cursor_factory=PlainCursor)
    try:
        count = _unload(plain, command, query, store.by_keys(command.keys))
    except (UnloadError, CopyError, OSError) as error:
        failure = error if isinstance(error, UnloadError) else UnloadError(str(error))
        if cursor.connection.info.transaction_status != TRANSACTION_STATUS_INERROR:
            with suppress(psycopg2.Error):
                plain.execute("select redshift.fail(%s)", (str(failure),))
        raise failure from error
    plain.execute(
        "select set_config('redshift.last_unload_count', %s, false),"
        " set_config('redshift.last_unload_id', nextval('redshift.query_ids')::text, false)",
        (str(count),),
    )
    cursor.connection.notices = [f"INFO:  UNLOAD completed, {count} record(s) unloaded successfully.\n"]


def _unload(cursor: PlainCursor, command: Command, query: str, store: ObjectStore) -> int:
    """Write and publish everything; returns the number of rows."""
    target = Target(store)
    if not (command.overwrite or command.clean_path):
        target.check_empty(command.target)
    fields = _fields(cursor, query)
    if missing := [name for name in command.partition_by if name not in [field.name for field in fields]]:
        raise UnloadError(f"the query has no column {missing[0]} to partition by")
    if command.partition_by and not command.include and len(command.partition_by) >= len(fields):
        raise UnloadError("at least one column has to be none of the partition's")
    with tempfile.TemporaryDirectory(prefix="redshift-unload-") as folder:
        files = Files(command, fields, Path(folder))
        stream = _Stream(files)
        try:
            cursor.copy_expert(_ordered(cursor, command, query, fields), stream)
        except psycopg2.Error:
            if stream.failure:
                raise stream.failure from None
            raise
        files.finish(even_empty=not command.partition_by and command.format != "parquet")
        if command.clean_path:
            target.clean(files.prefixes if command.partition_by else [command.target])
        _publish(target, files, command, fields, Path(folder))
        return files.rows


def _publish(target: Target, files: Files, command: Command, fields: Sequence[Field], folder: Path) -> None:
    """Publish all files, or none."""
    try:
        sizes = [written.path.stat().st_size for written in files.written]
        for written in files.written:
            target.publish(written.path, written.url)
        if command.manifest:
            path = folder / "manifest"
            path.write_text(json.dumps(_manifest(files, command, fields, sizes), indent=2) + "\n", "utf-8")
            target.publish(path, command.target + "manifest")
    except BaseException:
        target.withdraw()
        raise


def _fields(cursor: PlainCursor, query: str) -> list[Field]:
    """The columns of the query."""
    cursor.execute(f"select * from (\n{query}\n) as q limit 0")  # noqa: S608 - a query of the user's, with their rights
    columns = cursor.description or ()
    cursor.execute(
        "select oid, typname from pg_catalog.pg_type where oid = any(%s)", ([c.type_code for c in columns],)
    )
    names = dict(cursor.fetchall())
    return [Field(column.name, names[column.type_code], column.precision, column.scale) for column in columns]


def _ordered(cursor: PlainCursor, command: Command, query: str, fields: Sequence[Field]) -> str:
    """The COPY of the query's rows; those of a partition follow each other, in the order of the query."""
    if command.partition_by:
        keys = composed.SQL(", ").join(map(composed.Identifier, [*command.partition_by, "redshift row"]))
        columns = composed.SQL(", ").join(composed.Identifier(field.name) for field in fields)
        query = (
            composed.SQL(
                'select {} from (select q.*, row_number() over () as "redshift row" from (\n{}\n) as q) as r'
                " order by {}"
            )
            .format(columns, composed.SQL(query.replace("{", "{{").replace("}", "}}")).format(), keys)
            .as_string(cursor)
        )
    return f"copy (\n{query}\n) to stdout (format text, encoding 'utf8')"


def _manifest(
    files: Files, command: Command, fields: Sequence[Field], sizes: Sequence[int]
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD_command_examples.html, MANIFEST and MANIFEST VERBOSE."""
    entries: list[dict[str, Any]] = [{"url": written.url} for written in files.written]
    # COPY of columnar files needs the lengths.
    if command.verbose or command.format == "parquet":
        for entry, size, written in zip(entries, sizes, files.written, strict=True):
            entry["meta"] = {"content_length": size, "record_count": written.rows}
    if not command.verbose:
        return {"entries": entries}
    return {
        "entries": entries,
        "schema": {"elements": [{"name": field.name, "type": _type(field)} for field in fields]},
        "meta": {
            "content_length": sum(sizes),
            "record_count": sum(written.rows for written in files.written),
        },
        "author": {"name": "Amazon Redshift", "version": "1.0.0"},
    }


_NAMES = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "bool": "boolean", "varchar": "character varying", "text": "character varying", "bpchar": "character",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
}  # fmt: skip


def _type(field: Field) -> dict[str, Any]:
    base: dict[str, Any] = {"base": _NAMES.get(field.type, field.type)}
    if field.type == "numeric" and field.precision:
        base |= {"precision": field.precision, "scale": field.scale}
    return base


class _Stream:
    """What psycopg2 writes to, a row at a time. It keeps the error that ended it."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.failure: BaseException | None = None

    def write(self, row: bytes, /) -> None:
        try:
            self._files.add(values(row))
        except BaseException as error:
            self.failure = error
            raise
