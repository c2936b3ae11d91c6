"""The rows of a Parquet file, by pyarrow, which is an optional dependency.

Belongs here: which Parquet types fill which columns. Does not belong here: how a value is converted (`convert`).

The rules: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html: columns are matched
by their order, types have to agree, and the first error fails the COPY.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any

from redshift_local.copy.columns import Column
from redshift_local.copy.convert import Row
from redshift_local.copy.objects import CopyError
from redshift_local.copy.records import Block, Record, Source

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ModuleNotFoundError:
    raise CopyError("FORMAT PARQUET needs pyarrow: pip install pyarrow") from None

_BATCH = 10_000  # rows
_IN_MEMORY = 16 << 20  # bytes of a file; a larger one waits on disk, because it is read from its end

_TYPES = {
    "int2": "int16",
    "int4": "int32",
    "int8": "int64",
    "float4": "float",
    "float8": "double",
    "bool": "bool",
}


class Columnar:
    """Reads rows of `columns` from a Parquet file."""

    texts = None  # nothing is written otherwise than it is read

    def __init__(self, columns: Sequence[Column], *, fill_record: bool) -> None:
        self._columns = columns
        self._fill_record = fill_record

    def row(self, value: Row) -> Row:
        """The row of a record, which it is already."""
        return value

    def blocks(self, source: Source, offset: int = 0, line: int = 0) -> Iterator[Block]:
        """The rows of `source` in blocks; a row's line is its number. Raises CopyError and the errors of `source`."""
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
            while chunk := source.read(1 << 20):
                copy.write(chunk)
            copy.seek(0)
            try:
                file = pq.ParquetFile(copy)
                self._check(file.schema_arrow)
                for batch in file.iter_batches(_BATCH):
                    values = [
                        _values(column, array)
                        for column, array in zip(self._columns, batch.columns, strict=False)
                    ]
                    values += [[None] * batch.num_rows] * (len(self._columns) - len(values))
                    rows = list(zip(*values, strict=True))
                    found = [Record(line + number, row, b"") for number, row in enumerate(rows, 1)]
                    yield Block(b"", offset, line, rows, found)
                    line += batch.num_rows
            except (pa.ArrowException, UnicodeDecodeError) as error:
                raise CopyError(f"the Parquet file cannot be read: {' '.join(str(error).split())}") from error

    def _check(self, schema: pa.Schema) -> None:
        """Raise CopyError if the file does not have the table's columns."""
        wanted, found = len(self._columns), len(schema)
        if found > wanted or (found < wanted and not self._fill_record):
            raise CopyError(
                "Unmatched number of columns between table and file."
                f" Table columns: {wanted}, Data columns: {found}"
            )
        for column, field in zip(self._columns, schema, strict=False):
            if not _fits(column, field.type):
                raise CopyError(
                    f"incompatible Parquet schema for column {column.name}. Column type: {column.type},"
                    f" Parquet schema: {field.type} {field.name}"
                )


def _fits(column: Column, kind: pa.DataType) -> bool:
    match column.kind:
        case "text":
            return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
        case "decimal":
            return bool(pa.types.is_decimal(kind)) and kind.scale == column.scale
        case "date":
            return bool(pa.types.is_date(kind))
        case "timestamp" | "timestamptz":
            return bool(pa.types.is_timestamp(kind))
    return str(kind) == _TYPES[column.type]


def _values(column: Column, array: pa.Array) -> list[Any]:
    """The values of a column, those that JSON does not have as texts."""
    if column.kind in ("timestamp", "timestamptz"):
        array = pc.cast(pc.cast(array, pa.timestamp("us"), safe=False), pa.string())
    elif column.kind in ("date", "decimal"):
        array = pc.cast(array, pa.string())
    values: list[Any] = array.to_pylist()
    return values
