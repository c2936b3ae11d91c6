"""The objects of the source and of the work area: what a store can do, whether it is a folder or S3.

Belongs here: the protocol and its errors. Does not: the implementations (`files`, `s3`), any rule about the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    pass

from sparkify_assets.errors import SparkifyError


class SourceObject(NamedTuple):
    """One object of the source in one version. `key` is relative to the source; the token is only ever compared
    for equality; `size` is in bytes as stored.
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
        """The AWS region of the bucket; None for a folder, or if the region is unknown. Raises SourceError."""

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        """Every object whose key starts with the prefix, in a stable order that keeps keys with a common beginning
        together; with `after`, only those after that key. Raises SourceError if the listing cannot be completed.
        """

    def read(self, key: str) -> bytes:
        """The whole object. Raises SourceError."""

    def read_start(self, key: str, size: int) -> bytes:
        """The first bytes of an object, at most `size`. Raises SourceError."""

    def read_many(
        self, keys: Sequence[str], size: int | None = None
    ) -> Iterator[tuple[str, bytes | SourceError]]:
        """The objects, or their first bytes, in the order of the keys, read in parallel where that is faster. An object
        that is at fault comes with its error. Raises SourceError if reading fails for a reason that concerns the other
        objects too.
        """

    def content_hash(self, item: SourceObject) -> str:
        """A fingerprint of the content: SHA-256 of a file, the ETag on S3 (which is its MD5 or that of its parts)."""

    def url_of(self, key: str) -> str:
        """The address that COPY takes."""

    def key_of(self, url: str) -> str:
        """The key of an address that COPY names."""

    def write(self, key: str, content: bytes) -> str:
        """Write an object; returns its address."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects. Objects that do not exist are ignored."""

    def sweep(self, age: timedelta) -> None:
        """Remove everything that is older than this: what a killed load left in the work area."""


def read_or_error(store: ObjectStore, key: str, size: int | None) -> bytes | SourceError:
    """An object, or its first `size` bytes, or the error if the object is at fault."""
    try:
        return store.read(key) if size is None else store.read_start(key, size)
    except SourceError as error:
        if not error.of_object:
            raise
        return error
