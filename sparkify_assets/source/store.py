"""The objects of the source and of the work area: what a store can do, whether it is a folder or S3.

Belongs here: the protocol and its errors. Does not: either implementation (`files`, `s3`), any rule of the data.
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
    """The source or the work area cannot be used; one line that names it and the reason. It is transient where S3 was
    busy or out of reach, and `denied` where a permission is missing. Otherwise, where an object was read, the object is
    at fault.
    """

    def __init__(self, message: str, *, transient: bool = False, denied: bool = False) -> None:
        super().__init__(message, transient=transient)
        self.denied = denied

    @property
    def of_object(self) -> bool:
        """Whether the others can go on without this object."""
        return not (self.transient or self.denied)


class ObjectStore(Protocol):
    """A folder of files or a prefix of a bucket; keys are relative to it."""

    url: str

    @property
    def region(self) -> str | None:
        """The region of AWS that it lies in; None where there is none, or nobody tells. Raises SourceError."""

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        """Every object whose key starts with the prefix, in an order that is always the same and keeps what has the
        same beginning together; with `after`, only those behind that key. A listing that cannot be completed raises
        SourceError.
        """

    def read(self, key: str) -> bytes:
        """The whole object. Raises SourceError."""

    def read_start(self, key: str, size: int) -> bytes:
        """The first bytes of an object, at most so many. Raises SourceError."""

    def read_many(
        self, keys: Sequence[str], size: int | None = None
    ) -> Iterator[tuple[str, bytes | SourceError]]:
        """The objects, whole or their first bytes, in the order of the keys, read side by side where that is faster; an
        object that is at fault comes with its error. Raises SourceError where reading fails for another reason: the
        others would, too.
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
        """Remove objects; those that are gone already do not matter."""

    def sweep(self, age: timedelta) -> None:
        """Remove everything that was written longer ago than this: what a killed load left in the work area."""


def read_or_error(store: ObjectStore, key: str, size: int | None) -> bytes | SourceError:
    """An object, or its first `size` bytes; the error, where it is the object that is at fault."""
    try:
        return store.read(key) if size is None else store.read_start(key, size)
    except SourceError as error:
        if not error.of_object:
            raise
        return error
