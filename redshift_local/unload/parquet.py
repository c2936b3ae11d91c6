"""An UNLOAD to Parquet, by pyarrow, which is an optional dependency.

Belongs here: the columns of a Parquet file. Does not belong here: which files there are (`files`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from redshift_local.unload.rows import Field, UnloadError, Values

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ModuleNotFoundError:
    raise UnloadError("PARQUET needs pyarrow: pip install pyarrow") from None

_BATCH = 10_000  # rows


class ParquetSheet:
    """A file whose row groups are compressed by Snappy, as r_UNLOAD says."""

    def __init__(self, path: Path, fields: Sequence[Field], row_group_size: int) -> None:
        self._fields = fields
        self._schema = pa.schema([(field.name, _type(field)) for field in fields])
        self._writer = pq.ParquetWriter(path, self._schema, compression="snappy")
        self._row_group_size = row_group_size
        self._columns: list[list[str | None]] = [[] for _ in fields]
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = self._bytes = 0
        self.rows = 0

    def size(self) -> int:
        return self._bytes

    def add(self, row: Values) -> None:
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self.rows += 1
        if len(self._columns[0]) == _BATCH:
            self._convert()

    def close(self) -> None:
        self._convert()
        self._write()
        self._writer.close()

    def _convert(self) -> None:
        """Make a batch of the rows that have come."""
        arrays = [
            _array(column, field, kind)
            for column, field, kind in zip(self._columns, self._fields, self._schema.types, strict=True)
        ]
        batch = pa.record_batch(arrays, schema=self._schema)
        self._columns = [[] for _ in self._fields]
        self._waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        self._bytes += batch.nbytes
        if self._waiting_bytes >= self._row_group_size:
            self._write()

    def _write(self) -> None:
        """Write a row group."""
        table = pa.Table.from_batches(self._waiting, self._schema)
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._waiting, self._waiting_bytes = [], 0


def _type(field: Field) -> pa.DataType:
    match field.type:
        case "int2":
            return pa.int16()
        case "int4":
            return pa.int32()
        case "int8":
            return pa.int64()
        case "float4":
            return pa.float32()
        case "float8":
            return pa.float64()
        case "bool":
            return pa.bool_()
        case "date":
            return pa.date32()
        case "timestamp" | "timestamptz":  # "only the timestamp values are unloaded"
            return pa.timestamp("us")
        case "numeric":
            return pa.decimal128(min(field.precision or 38, 38), field.scale if field.precision else 10)
    return pa.string()


def _array(column: list[str | None], field: Field, kind: pa.DataType) -> pa.Array:
    """The values of a column. Raises UnloadError for one that Parquet does not hold."""
    if field.type == "bool":
        return pa.array([None if value is None else value == "t" for value in column], kind)
    texts = pa.array(column, pa.string())
    if field.type == "timestamptz":
        texts = pc.replace_substring_regex(texts, r"\+00$", "")
    try:
        return texts if kind == pa.string() else pc.cast(texts, kind)
    except pa.ArrowInvalid as error:
        raise UnloadError(f"column {field.name}: {' '.join(str(error).split())}") from None
