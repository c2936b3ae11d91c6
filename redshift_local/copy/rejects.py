"""The records that a COPY refuses: their rows in redshift.load_errors, and the position of each in its object.

Belongs here: the way from a line of the stream back to a record. Does not belong here: why a value is refused
(`convert`).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from sys import intern
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from redshift_local.copy.convert import Encoded
from redshift_local.copy.records import Block


class LoadError(NamedTuple):
    """A row of redshift.load_errors, without the columns that identify its COPY."""

    file_name: str
    line_number: int | None
    column_name: str | None
    column_type: str | None
    column_length: str | None
    position: int | None
    raw_line: str
    raw_field_value: str
    error_code: int
    error_message: str


class LoadErrors:
    """The rows of redshift.load_errors of one COPY, as lines of PostgreSQL's text format.

    They are in memory while they are few, and in a temporary file otherwise. `copy` is the number of the COPY.
    """

    def __init__(self, copy: int = 0) -> None:
        self.copy = copy
        self.count = 0
        self.first: LoadError | None = None
        self._file: IO[bytes] = SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115

    def add(self, copy: Sequence[object], error: LoadError) -> None:
        """Add a row; `copy` holds the columns that identify the COPY."""
        self.count += 1
        self.first = self.first or error
        fields = ("\\N" if value is None else str(value).translate(_ESCAPES) for value in (*copy, *error))
        self._file.write("\t".join(fields).encode() + b"\n")

    def lines(self) -> IO[bytes]:
        """All rows, from the first one on."""
        self._file.seek(0)
        return self._file


# https://www.postgresql.org/docs/18/sql-copy.html, "Text Format"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class SkippedLines:
    """The lines of CSV that the server skipped, and the columns that they did not fit, from its notices.

    This is not a list, because psycopg2 trims a list of notices to the newest fifty. To any other object it appends
    them all
    (https://github.com/psycopg/psycopg2/blob/2.9.10/psycopg/connection_int.c, conn_notice_process).
    """

    def __init__(self) -> None:
        self.lines = array("q")
        self.columns: list[str] = []

    def append(self, notice: str) -> None:
        """Read a notice."""
        if match := LINE_SKIPPED.search(notice):
            self.lines.append(int(match[1]))
            self.columns.append(intern(match[2]))  # so that each name is in memory once


LINE_SKIPPED = re.compile(r'at line (\d+) for column "((?:[^"]|"")*)"')


LINE_STOPPED = re.compile(r"line (\d+)(?:, column (\w+))?")


class BlockPosition(NamedTuple):
    """Where a block is: the number of its object, its offset and size there, and how many lines precede it."""

    number: int
    offset: int
    size: int
    line: int


class LinePositions:
    """Which record became which line of CSV.

    Records are numbered over all objects (ordinals). To save memory, this holds only where blocks begin, and where the
    difference between a line and its ordinal changes.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[int, BlockPosition]] = []  # by ordinal
        self._jump_lines, self._jump_ordinals = array("q", [1]), array("q", [0])  # line of CSV; ordinal
        self._lines = self._ordinals = 0
        self.rows = 0  # how many were sent

    def note_sent(self, number: int, block: Block, encoded: Encoded) -> None:
        """Note that the rows of a block of the object `number` were sent as these lines."""
        first, count = self._ordinals, len(block.values)
        self._blocks.append((first, BlockPosition(number, block.offset, len(block.data), block.line)))
        line, after = self._lines, 0
        self._jump(line + 1, first)
        for index, lines, _ in encoded.irregular:
            line += index - after
            after = index + 1
            if lines:
                line += lines
                self._jump(line, first + index)  # the server reports the last line of a row
            self._jump(line + 1, first + after)
        self._lines = line + count - after
        self._ordinals += count
        self.rows += count - sum(not lines for _, lines, _ in encoded.irregular)

    def find(self, line: int) -> tuple[BlockPosition, int]:
        """The block of the record that became a line of CSV, and the index of the record in it."""
        jump = bisect_right(self._jump_lines, line) - 1
        ordinal = self._jump_ordinals[jump] + line - self._jump_lines[jump]
        first, block = self._blocks[bisect_right(self._blocks, ordinal, key=itemgetter(0)) - 1]
        return block, ordinal - first

    def _jump(self, line: int, ordinal: int) -> None:
        if ordinal - self._jump_ordinals[-1] != line - self._jump_lines[-1]:
            self._jump_lines.append(line)
            self._jump_ordinals.append(ordinal)
