"""Bytes between the objects, psycopg2 and a block that is read again.

Does not belong here: what the bytes mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from redshift_local.copy.records import Source


class Stream:
    """What psycopg2 reads from. It keeps the error that ended it, which psycopg2 reports to the server only."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.failure: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002 - psycopg2 takes more than it asks for
        """The next piece that is not empty."""
        try:
            for piece in self._pieces:
                if piece:
                    return piece
        except BaseException as error:
            self.failure = error
            raise
        return b""


def skip(source: Source, offset: int) -> None:
    """Read `offset` bytes of a source, or all if there are fewer."""
    while offset and (chunk := source.read(min(offset, 1 << 20))):
        offset -= len(chunk)


def read_exactly(source: Source, size: int) -> BytesIO:
    """The next `size` bytes, or fewer at the end."""
    data = BytesIO()
    while data.tell() < size and (chunk := source.read(size - data.tell())):
        data.write(chunk)
    data.seek(0)
    return data
