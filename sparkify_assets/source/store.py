"""The objects of the source and of the work area: what a store does, be it a folder or S3.

Belongs here: the protocol and its error. Does not: the implementations (`files`, `s3`), any rule about the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from sparkify_assets.errors import SparkifyError


class SourceObject(NamedTuple):
    """One object of the source in one version. `key` is relative to the source, `size` is in bytes as stored, and the
    token is only ever compared for equality.
    """

    key: str
    version_token: str
    size: int


class SourceError(SparkifyError):
    """The source or the work area cannot be used; the text names it and the reason. It is transient if S3 was busy or
    unreachable, and `denied` if a permission is missing. Otherwise the object that was read is at fault.
    """

    def __init__(self, message: str, *, transient: bool = False, denied: bool = False) -> None:
        super().__init__(message, transient=transient)
        self.denied = denied

    @property
    def of_object(self) -> bool:
        """Whether the others can go on without this object."""
        return not (self.transient or self.denied)


class ObjectStore(Protocol):
    """A folder of files, or a prefix of a bucket. Keys are relative to it."""

    url: str

    @property
    def region(self) -> str | None:
        """The AWS region that it is in, or None if it is in none or the region is unknown. Raises SourceError."""

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        """Every object whose key starts with the prefix, in an order that never changes and keeps keys with a common
        beginning together; with `after`, only those behind that key. Raises SourceError if it cannot be completed.
        """

    def read(self, key: str) -> bytes:
        """The whole object. Raises SourceError."""

    def read_start(self, key: str, size: int) -> bytes:
        """The first bytes of an object, at most `size`. Raises SourceError."""

    def read_many(
        self, keys: Sequence[str], size: int | None = None
    ) -> Iterator[tuple[str, bytes | SourceError]]:
        """The objects or their first bytes, in the order of the keys, read concurrently where that is faster. An object
        that is itself at fault comes with its error. Raises SourceError if reading fails for another reason, because
        the other objects could not be read either.
        """

    def content_hash(self, item: SourceObject) -> str:
        """A hash of the content: SHA-256 of a file; on S3 the ETag, which is the MD5 of the object or of its parts."""

    def url_of(self, key: str) -> str:
        """The address that COPY takes."""

    def key_of(self, url: str) -> str:
        """The key of an address that COPY names."""

    def write(self, key: str, content: bytes) -> str:
        """Write an object and return its address. Raises SourceError."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects, ignoring those that are already gone. Raises SourceError."""

    def sweep(self, age: timedelta) -> None:
        """Remove everything that was written longer than `age` ago, as killed loads leave it in the work area."""


def read_or_error(store: ObjectStore, key: str, size: int | None) -> bytes | SourceError:
    """An object or its first bytes, or the error if the object itself is at fault. Raises SourceError otherwise."""
    try:
        return store.read(key) if size is None else store.read_start(key, size)
    except SourceError as error:
        if not error.of_object:
            raise
        return error
