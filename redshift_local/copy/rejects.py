"""Which records COPY refuses, and where in their objects they stand: from a line of the stream to a place in a file."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from redshift_local.copy.convert import Encoded, Row
from redshift_local.copy.records import Block, Record


class LoadError(NamedTuple):
    """A row of redshift.load_errors, behind the columns that say which COPY it was."""

    file_name: str
    line_number: int | None
    column_name: str | None
    column_type: str | None
    column_length: str | None
    raw_line: str
    raw_field_value: str
    error_code: int
    error_message: str


class LoadErrors:
    """The rows of redshift.load_errors that a COPY makes, as lines of PostgreSQL's text format: in memory while they
    are few, else in a temporary file.
    """

    def __init__(self) -> None:
        self.count = 0
        self.first: LoadError | None = None
        self._file: IO[bytes] = SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115

    def add(self, copy: Sequence[object], error: LoadError) -> None:
        """Add a row; `copy` are the columns that say which COPY it was."""
        self.count += 1
        self.first = self.first or error
        fields = ("\\N" if value is None else str(value).translate(_ESCAPES) for value in (*copy, *error))
        self._file.write("\t".join(fields).encode() + b"\n")

    def lines(self) -> IO[bytes]:
        """All rows from the first on."""
        self._file.seek(0)
        return self._file


# https://www.postgresql.org/docs/18/sql-copy.html, "Text Format"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Skipped:
    """Takes the server's notices: which lines of CSV it skipped, and for which columns.

    It is no list, for of a list, its own or anybody's, psycopg2 keeps the newest fifty notices; to an object that has
    nothing but append it gives them all
    (https://github.com/psycopg/psycopg2/blob/2.9.10/psycopg/connection_int.c, conn_notice_process).
    """

    def __init__(self) -> None:
        self.lines = array("q")
        self.columns: list[str] = []
        self._names: dict[str, str] = {}  # each name once

    def append(self, notice: str) -> None:
        """Take a notice."""
        if match := LINE_SKIPPED.search(notice):
            self.lines.append(int(match[1]))
            self.columns.append(self._names.setdefault(match[2], match[2]))


LINE_SKIPPED = re.compile(r'at line (\d+) for column "((?:[^"]|"")*)"')


GAVE_UP = re.compile(r"line (\d+)(?:, column (\w+))?")


class Place(NamedTuple):
    """Where a block is: the number of its object, its bytes there, the lines before it."""

    number: int
    offset: int
    size: int
    line: int


@dataclass
class Batch:
    """Rows that are not sent yet, and the blocks that they are from.

    `first` is the ordinal of the first record; with each block go the ordinal of its first record and the number of its
    object.
    """

    first: int = 0
    rows: list[Row] = field(default_factory=list)
    blocks: list[tuple[int, int, Block]] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The ordinal of the next record."""
        return self.first + len(self.rows)

    def record(self, index: int) -> tuple[int, Record]:
        """The record of a row, with the number of its object."""
        ordinal = self.first + index
        first, number, block = self.blocks[bisect_right(self.blocks, ordinal, key=itemgetter(0)) - 1]
        return number, block.record(ordinal - first)


class Places:
    """Which record is which line of CSV.

    Records are counted over all objects (ordinals). Kept is only where blocks begin and where lines and ordinals do not
    go on together.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[int, Place]] = []  # by ordinal
        self._jump_lines, self._jump_ordinals = array("q", [1]), array("q", [0])  # line of CSV; ordinal
        self._lines = 0
        self.rows = 0  # that were sent

    def begin(self, ordinal: int, number: int, block: Block) -> None:
        """A block begins with this ordinal."""
        self._blocks.append((ordinal, Place(number, block.offset, len(block.data), block.line)))

    def sent(self, first: int, count: int, encoded: Encoded) -> None:
        """Rows from the ordinal `first` on were sent as these lines."""
        line, after = self._lines, 0
        self._jump(line + 1, first)
        for index, lines, _ in encoded.irregular:
            line += index - after
            after = index + 1
            if lines:
                line += lines
                self._jump(line, first + index)  # the server names the last line of a row
            self._jump(line + 1, first + after)
        self._lines = line + count - after
        self.rows += count - sum(not lines for _, lines, _ in encoded.irregular)

    def find(self, line: int) -> tuple[Place, int]:
        """The block of a line of CSV, and the how-many-eth record of it."""
        jump = bisect_right(self._jump_lines, line) - 1
        ordinal = self._jump_ordinals[jump] + line - self._jump_lines[jump]
        first, place = self._blocks[bisect_right(self._blocks, ordinal, key=itemgetter(0)) - 1]
        return place, ordinal - first

    def _jump(self, line: int, ordinal: int) -> None:
        if ordinal - self._jump_ordinals[-1] != line - self._jump_lines[-1]:
            self._jump_lines.append(line)
            self._jump_ordinals.append(ordinal)
