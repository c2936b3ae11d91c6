"""Where the files of an UNLOAD go: below a prefix of S3 or in a folder.

Belongs here: what is there already, what is removed, and publishing whole files. Does not belong here: their content
(`files`).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from redshift_local.copy.objects import ObjectStore
from redshift_local.unload.rows import UnloadError

#: What Redshift says, word for word.
NOT_EMPTY = (
    "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing"
    " the target files in S3, or using the ALLOWOVERWRITE option."
)


class Target:
    """The place below a URL's prefix. Every method raises UnloadError if it cannot be reached or written."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._published: list[str] = []

    def check_empty(self, prefix: str) -> None:
        """Raise UnloadError if anything is there."""
        if self._store.listing(prefix):
            raise UnloadError(NOT_EMPTY)

    def clean(self, prefixes: Iterable[str]) -> None:
        """Remove what is there: CLEANPATH."""
        for prefix in prefixes:
            for item in self._store.listing(prefix):
                self._store.remove(item.url)

    def publish(self, path: Path, url: str) -> None:
        """Move a finished file to its place."""
        self._published.append(url)
        self._store.put(path, url)

    def withdraw(self) -> None:
        """Remove what was published, after a failure."""
        for url in self._published:
            with suppress(Exception):
                self._store.remove(url)
