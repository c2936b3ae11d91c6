"""The files that an UNLOAD writes: their names, sizes, compression and partitions.

They grow in a folder of their own and are published together. Belongs here: one file after another. Does not belong
here: the lines (`rows`), where the files go (`target`).
"""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast
from urllib.parse import quote

from redshift_local.copy.decoding import Compression, zstd
from redshift_local.unload.rows import Field, Values, header, writer
from redshift_local.unload.statement import Command

_ENDINGS: dict[Compression, str] = {"gzip": ".gz", "bzip2": ".bz2", "zstd": ".zst"}

#: Hive's name of the partition of NULL: r_UNLOAD, usage notes.
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass
class Written:
    """A finished file: where it is, its URL, and how many rows it has (with the header)."""

    path: Path
    url: str
    rows: int


class Sheet(Protocol):
    """An open file of rows."""

    rows: int

    def size(self) -> int:
        """How many bytes it has, about."""

    def add(self, row: Values) -> None:
        """Add a row."""

    def close(self) -> None:
        """Finish the file."""


class Files:
    """The files of an UNLOAD: `add` rows in the order of their partitions, then `finish`."""

    def __init__(self, command: Command, fields: Sequence[Field], folder: Path) -> None:
        self._command = command
        self._folder = folder
        names = [field.name for field in fields]
        self._keys = [names.index(name) for name in command.partition_by]
        self._kept = [index for index in range(len(fields)) if command.include or index not in self._keys]
        self._fields = [fields[index] for index in self._kept]
        self._names = command.partition_by
        self._sheet: Sheet | None = None
        self._partition: list[str | None] = []
        self._part = 0
        self.rows = 0
        self.written: list[Written] = []
        self.prefixes: list[str] = []

    def add(self, row: Values) -> None:
        """Add a row of the query."""
        partition = [row[index] for index in self._keys]
        if self._sheet is None or partition != self._partition:
            self.finish()
            self._partition, self._part = partition, 0
            self._open()
        elif self._sheet.size() >= self._command.max_file_size:
            self.finish()
            self._part += 1
            self._open()
        assert self._sheet
        self._sheet.add([row[index] for index in self._kept] if self._keys else row)
        self.rows += 1

    def finish(self, *, even_empty: bool = False) -> None:
        """Close the open file; if there was none at all and `even_empty`, write one without rows."""
        if even_empty and not self.written and self._sheet is None:
            self._open()
        if self._sheet is not None:
            self._sheet.close()
            self.written[-1].rows = self._sheet.rows
            self._sheet = None

    def _open(self) -> None:
        command = self._command
        path = self._folder / str(len(self.written))
        prefix = command.target + "".join(
            f"{name}={NULL_PARTITION if value is None else quote(value, safe=' ')}/"
            for name, value in zip(self._names, self._partition, strict=True)
        )
        if not self.prefixes or self.prefixes[-1] != prefix:
            self.prefixes.append(prefix)
        self.written.append(Written(path, prefix + self._name(), 0))
        if command.format == "parquet":
            from redshift_local.unload.parquet import ParquetSheet

            self._sheet = ParquetSheet(path, self._fields, command.row_group_size)
        else:
            self._sheet = _Lines(path, command, self._fields)

    def _name(self) -> str:
        command = self._command
        number = f"0000_part_{self._part:02}" if command.parallel else f"{self._part:03}"
        if command.extension is not None:
            return f"{number}.{command.extension.removeprefix('.')}"
        if command.format == "parquet":
            return number + ".parquet"
        return number + (_ENDINGS[command.compression] if command.compression else "")


class _Lines:
    """A text file."""

    def __init__(self, path: Path, command: Command, fields: Sequence[Field]) -> None:
        self._raw = path.open("wb")
        self._file = _compressing(self._raw, command.compression)
        self._compressed = self._file is not self._raw
        self._line = writer(command, fields)
        self._written = 0
        self.rows = 0
        if command.header:
            self._write(header(command, fields))

    def size(self) -> int:
        return self._raw.tell() if self._compressed else self._written

    def add(self, row: Values) -> None:
        self._write(self._line(row))

    def close(self) -> None:
        if self._compressed:
            self._file.close()
        self._raw.close()

    def _write(self, line: str) -> None:
        data = line.encode()
        self._file.write(data)
        self._written += len(data)
        self.rows += 1


def _compressing(file: IO[bytes], compression: Compression | None) -> IO[bytes]:
    match compression:
        case "gzip":
            return cast(IO[bytes], gzip.GzipFile(fileobj=file, mode="wb", mtime=0))
        case "bzip2":
            return cast(IO[bytes], bz2.BZ2File(file, "wb"))
        case "zstd":
            library: Any = zstd()
            return cast(IO[bytes], library.CompressedOutputStream(library.PythonFile(file, mode="w"), "zstd"))
    return file
