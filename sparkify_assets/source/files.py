"""The source in a folder: objects are files, and keys are their paths below it.

Belongs here: listing, reading and writing files as the protocol of `store` asks. Does not: what a key means
(`model.datasets`).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote, unquote

from sparkify_assets.settings import path_of
from sparkify_assets.source.store import SourceError, SourceObject, read_or_error


class FileStore:
    """A local folder.

    The version token of a file is made of its size, its modification and change times in nanoseconds, and its inode.
    Bytes of a name that are not UTF-8 become U+FFFD in its key, by which the file cannot be read. A broken link is
    listed as well, because whoever put it there meant a file.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.root = path_of(url)
        self.region = None

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        if not self.root.is_dir():
            raise SourceError(f"source folder {self.root} does not exist")
        above, _, beginning = prefix.rpartition("/")
        folder = self.root / above
        if not folder.is_dir():
            return
        skip = len(str(self.root)) + 1
        behind = after.split("/")
        # Of the top only what may come behind `after` is entered, so that a walk can leave a large folder out.
        for entry in _walk(str(folder), beginning, "" if above else behind[0]):
            key = os.fsencode(entry.path[skip:]).decode("utf-8", "replace")
            if not after or key.split("/") > behind:
                try:
                    status = entry.stat(follow_symlinks=not _is_broken_link(entry))
                except FileNotFoundError:
                    continue  # it has gone since its folder was read
                yield SourceObject(key, _token(status), status.st_size)

    def read(self, key: str) -> bytes:
        try:
            with open(f"{self.root}/{key}", "rb", buffering=0) as file:
                return file.read()
        except OSError as error:
            raise SourceError(f"{key}: {self._reason(key, error)}") from None

    def read_start(self, key: str, size: int) -> bytes:
        try:
            with open(f"{self.root}/{key}", "rb", buffering=0) as file:
                return file.read(size)
        except OSError as error:
            raise SourceError(f"{key}: {self._reason(key, error)}") from None

    def _reason(self, key: str, error: OSError) -> str:
        if isinstance(error, FileNotFoundError) and (self.root / key).is_symlink():
            return "a link to a file that is not there"
        return str(error.strerror)

    def read_many(
        self, keys: Sequence[str], size: int | None = None
    ) -> Iterator[tuple[str, bytes | SourceError]]:
        # One after the other, because threads are slower on local files (measured with 100,000 files of 250 bytes).
        for key in keys:
            yield key, read_or_error(self, key, size)

    def content_hash(self, item: SourceObject) -> str:
        try:
            with open(f"{self.root}/{item.key}", "rb") as file:
                return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(f"{item.key}: {error.strerror}") from None

    def url_of(self, key: str) -> str:
        return f"{self.url}/{quote(key)}"

    def key_of(self, url: str) -> str:
        return unquote(url.removeprefix(self.url + "/"))

    def write(self, key: str, content: bytes) -> str:
        path = self.root / key
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise SourceError(f"work area {path}: {error.strerror}") from None
        return self.url_of(key)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            path = self.root / key
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise SourceError(f"work area {path}: {error.strerror}") from None
            with suppress(OSError):  # not empty yet, or gone already
                path.parent.rmdir()

    def sweep(self, age: timedelta) -> None:
        oldest = time.time() - age.total_seconds()
        if self.root.is_dir():
            for entry in _walk(str(self.root)):
                with suppress(FileNotFoundError):  # another load is sweeping too
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        self.delete([entry.path[len(str(self.root)) + 1 :]])


def _walk(folder: str, beginning: str = "", first: str = "") -> Iterator[os.DirEntry[str]]:
    """Every file below a folder, ordered by name, with links followed. Of the folder's own entries only those are
    visited whose names start with `beginning` and do not come before `first`.
    """
    try:
        with os.scandir(folder) as entries:
            chosen = (entry for entry in entries if entry.name.startswith(beginning) and entry.name >= first)
            ordered = sorted(chosen, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"source folder {folder}: {error.strerror}") from None
    for entry in ordered:
        if _is_broken_link(entry):
            yield entry
        elif entry.is_dir():
            yield from _walk(entry.path)
        elif entry.is_file():
            yield entry


def _is_broken_link(entry: os.DirEntry[str]) -> bool:
    """Whether the entry is a link whose target does not exist, or a link in a circle."""
    return entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110 - a Path for each of many files is slow


def _token(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
