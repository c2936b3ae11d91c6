"""The objects that COPY reads from S3 or from folders: how they are found and opened.

Belongs here: URLs, listing by prefix, manifests. Does not belong here: how bytes are decoded (`decoding`), what they
mean (`records`, `delimited`).

A prefix is the beginning of a key, as on S3, for folders of files too:
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import psycopg2

from redshift_local import s3_errors
from redshift_local.copy.ahead import Content, reading_ahead
from redshift_local.copy.decoding import Compression, DecodingError, decoded, decompressed, without_header
from redshift_local.copy.options import Keys
from redshift_local.copy.records import Source, parse_value
from redshift_local.s3_listing import list_objects, read_entries_here
from redshift_local.s3_reading import ObjectReader

if TYPE_CHECKING:
    import boto3
    from types_boto3_s3 import S3Client

#: Objects of at most this many bytes, by their manifest, are read whole, and larger ones in pieces.
SMALL = 1024 * 1024

_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn")

PAGE = "https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html"


class CopyError(psycopg2.DatabaseError):
    """A COPY that failed, described in one line; its transaction is aborted.

    `reason` says why. `object_url` is the object at fault, or None if no object is. `line` (from 1), `column` and
    `value` say where in the object, as far as that is known. `of_records` is true if as many records were refused as
    MAXERROR says. `query_id` is the id of its rows in stl_load_errors.
    """

    def __init__(
        self, reason: str, object_url: str | None = None, line: int | None = None, column: str | None = None,
        value: str | None = None,
    ) -> None:  # fmt: skip
        position = ", ".join(
            part for part in (object_url, line and f"line {line}", column and f"column {column}") if part
        )
        preview = f" (value {value[:100]!r})" if value else ""
        super().__init__(f"COPY: {position + ': ' if position else ''}{reason}{preview}")
        self.reason = reason
        self.object_url = object_url
        self.line = line
        self.column = column
        self.value = value
        self.of_records = False
        self.query_id: int | None = None


class DataObject(NamedTuple):
    """An object to load; `size` in bytes if a manifest gives it, `mandatory` if its absence is an error.

    `listed` is the size that a listing gave, which is not checked.
    """

    url: str
    size: int | None = None
    mandatory: bool = True
    listed: int | None = None

    @property
    def small(self) -> bool:
        """Whether it is read whole."""
        size = self.listed if self.size is None else self.size
        return size is not None and size <= SMALL


class ObjectStore:
    """What COPY reads from and UNLOAD writes to: S3, and this machine's files.

    A session has one of its own. `folders` are those whose files it opens; None stands for all. Its client
    of S3 is made when an object of S3 is first asked for, with credentials, region and endpoint from boto3's usual
    chain.
    """

    def __init__(self, keys: Keys | None = None, folders: Sequence[Path] | None = None) -> None:
        self._keys = keys
        self.folders = folders
        self._readers: dict[str, ObjectReader] = {}
        self._opening = Lock()

    def by_keys(self, keys: Keys | None) -> ObjectStore:
        """The same store, with the keys that a statement names, if it names any: for emulators of AWS only."""
        return ObjectStore(keys, self.folders) if keys else self

    @cached_property
    def _session(self) -> boto3.Session:
        import boto3

        if not self._keys:
            return boto3.Session()
        return boto3.Session(self._keys.access_key, self._keys.secret, self._keys.token)

    @cached_property
    def _s3(self) -> S3Client:
        client = self._session.client("s3")
        if self._keys and (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_OF_AWS):
            raise CopyError(
                "keys do not belong in SQL: the local Redshift takes them for emulators of AWS only"
            )
        read_entries_here(client)
        return client

    def _reader(self, bucket: str) -> ObjectReader:
        with self._opening:
            if bucket not in self._readers:
                self._readers[bucket] = ObjectReader(self._s3, self._session.get_credentials(), bucket)
            return self._readers[bucket]

    def find(self, url: str) -> list[DataObject]:
        """The objects whose keys begin with `url`, in the order of their keys. Raises CopyError if there are none."""
        found = self.listing(url)
        if not found:
            raise CopyError(f"the prefix {url} names no object")
        return found

    def listing(self, url: str) -> list[DataObject]:
        """The objects whose keys begin with `url`, in the order of their keys. Raises CopyError."""
        scheme, bucket, prefix = self._parts(url)
        try:
            if scheme == "s3":
                listed = list_objects(self._s3, bucket, prefix)
                sizes = sorted((item.key, item.size) for item in listed if not item.key.endswith("/"))
                return [DataObject(f"s3://{bucket}/{key}", listed=size) for key, size in sizes]
            return [DataObject("file://" + quote(os.fsencode(key))) for key in sorted(_file_keys(prefix))]
        except _unreadable() as error:
            raise CopyError(f"{url} cannot be listed: {_describe(error)}") from error

    def reading_ahead(
        self, objects: Sequence[DataObject]
    ) -> AbstractContextManager[Iterator[Content | None]]:
        """What `open` takes as the `content` of each of these objects, in their order: small ones of S3 are read
        concurrently (`ahead`).
        """
        return reading_ahead([self._read_of(item) for item in objects])

    def _read_of(self, item: DataObject) -> Content | None:
        scheme, bucket, key = self._parts(item.url)
        return (lambda: self._reader(bucket).read(key)) if scheme == "s3" and item.small else None

    def put(self, path: Path, url: str) -> None:
        """Write an object with the content of a file; it is there as a whole or not at all. Raises CopyError."""
        scheme, bucket, key = self._parts(url)
        try:
            if scheme == "s3":
                self._s3.upload_file(str(path), bucket, key)
            else:
                _put(path, Path(key))
        except _unreadable() as error:
            raise CopyError(f"{url} cannot be written: {_describe(error)}") from error

    def remove(self, url: str) -> None:
        """Remove an object. Raises CopyError."""
        scheme, bucket, key = self._parts(url)
        try:
            if scheme == "s3":
                self._s3.delete_object(Bucket=bucket, Key=key)
            else:
                Path(key).unlink(missing_ok=True)
        except _unreadable() as error:
            raise CopyError(f"{url} cannot be removed: {_describe(error)}") from error

    def _parts(self, url: str) -> tuple[str, str, str]:
        """The scheme, the bucket and the key of a URL. Raises CopyError for one that this store does not open."""
        scheme, bucket, key = _parts(url)
        if scheme == "file" and self.folders is not None:
            path = Path(key).resolve()
            if not any(path.is_relative_to(folder.resolve()) for folder in self.folders):
                raise CopyError(f"{url} is in none of the folders that the local Redshift was started with")
        return scheme, bucket, key

    def manifest(self, url: str) -> list[DataObject]:
        """The objects that a manifest names, each as often as it names it.

        Raises CopyError if it is not a manifest, or names no object.
        """
        try:
            entries = parse_value(self.read(url))["entries"]
            objects = [
                DataObject(
                    entry["url"],
                    entry.get("meta", {}).get("content_length"),
                    bool(entry.get("mandatory", False)),
                )
                for entry in entries
            ]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CopyError(f"this is not a manifest ({PAGE}): {error!r}", url) from error
        for entry in objects:
            _parts(entry.url)
        if not objects:
            raise CopyError("the manifest names no object", url)
        return objects

    def read(self, url: str) -> bytes:
        """The whole of a small object. Raises CopyError."""
        with self.open(DataObject(url)) as source:
            return b"".join(iter(lambda: source.read(1 << 20), b""))

    @contextmanager
    def open(
        self,
        item: DataObject,
        *,
        content: Content | None = None,
        compression: Compression | None = None,
        encoding: str = "utf-8",
        replacement: str | None = None,
        header: int = 0,
    ) -> Iterator[Source]:
        """The bytes of an object, decompressed and as UTF-8, without `header` lines at its beginning, and with
        `replacement` for each invalid byte of UTF-8. `content` returns the bytes, if they are read ahead.

        Raises CopyError, here or while the object is read. The error names the object if the object is at fault; if
        S3 could not be reached or a permission is missing, it does not, because the object may be sound.
        """
        try:
            with self._open(item, content) as file:
                yield without_header(decoded(decompressed(file, compression), encoding, replacement), header)
        except _unreadable() as error:
            if s3_errors.is_transient(error) or s3_errors.is_denied(error):
                raise CopyError(f"{item.url} cannot be read: {_describe(error)}") from error
            raise CopyError(_describe(error), item.url) from error

    @contextmanager
    def _open(self, item: DataObject, content: Content | None) -> Iterator[Any]:
        scheme, bucket, key = self._parts(item.url)
        if scheme == "file":
            with open(key, "rb", buffering=0) as file:
                _check_size(item, os.fstat(file.fileno()).st_size)
                yield file
        elif item.small:
            data = content() if content else self._reader(bucket).read(key)
            _check_size(item, len(data))
            yield BytesIO(data)
        else:
            answer = self._s3.get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                _check_size(item, answer["ContentLength"])
                yield body


def is_missing(error: CopyError) -> bool:
    """Whether the object does not exist."""
    cause: Any = error.__cause__
    code = getattr(cause, "response", {}).get("Error", {}).get("Code")
    return isinstance(cause, FileNotFoundError) or code in ("NoSuchKey", "404")


def _parts(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url, allow_fragments=False)
    if parts.scheme == "s3" and parts.netloc:
        return "s3", parts.netloc, url.removeprefix(f"s3://{parts.netloc}").removeprefix("/")
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        return (
            "file",
            "",
            unquote(url.removeprefix("file://").removeprefix(parts.netloc), errors="surrogateescape"),
        )
    raise CopyError(f"{url!r} is neither an s3:// nor an absolute file:// URL")


def _check_size(item: DataObject, size: int) -> None:
    if item.size is not None and item.size != size:
        raise CopyError(
            f"the manifest says {item.size} bytes (content_length), the object has {size}", item.url
        )


def _file_keys(prefix: str) -> Iterator[str]:
    """The files whose paths begin with `prefix`."""
    for folder, subfolders, files in os.walk(os.path.dirname(prefix), followlinks=True):  # noqa: PTH120
        base = folder.rstrip("/") + "/"
        yield from (base + name for name in files if (base + name).startswith(prefix))
        subfolders[:] = [
            n for n in subfolders if (base + n + "/").startswith(prefix) or prefix.startswith(base + n + "/")
        ]


def _put(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    waiting = place.with_name(f".{place.name}.partial")
    try:
        shutil.copyfile(path, waiting)
        waiting.replace(place)
    finally:
        waiting.unlink(missing_ok=True)


def _unreadable() -> tuple[type[Exception], ...]:
    """The errors that reading or writing an object may raise."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, EOFError, zlib.error, DecodingError, Boto3Error, BotoCoreError, ClientError)


def _describe(error: Exception) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, (BotoCoreError, ClientError)):
        return s3_errors.describe(error)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split()) or type(error).__name__
