"""The source's objects and the work area, on files or on S3: list, read, write. No rule of the data belongs here."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from sparkify_assets.arrivals import SourceObject
from sparkify_assets.resources import s3_errors
from sparkify_assets.settings import Settings, path_of

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2RequestPaginateTypeDef


class SourceError(RuntimeError):
    """The source or the work area cannot be used; one line that names it and the reason. `passing` says whether the
    same may succeed a little later: S3 was busy or out of reach. `denied`: a right is missing. Else, of an object that
    was read, the object is at fault.
    """

    def __init__(self, message: str, *, passing: bool = False, denied: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
        self.denied = denied

    @property
    def of_object(self) -> bool:
        """Whether the others can go on without this object."""
        return not (self.passing or self.denied)


#: Objects of S3 that are read side by side: as many as boto3 keeps connections for
#: (https://docs.aws.amazon.com/botocore/latest/reference/config.html, max_pool_connections).
READERS = 10


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


class FileStore:
    """A local folder. The version token of a file is its size, both its times in nanoseconds, and its inode. Bytes of a
    name that are no UTF-8 are U+FFFD in its key, by which it cannot be read. A link that leads nowhere is listed too:
    who put it there meant a file.
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
        for entry in _walk(str(folder), beginning):
            key = os.fsencode(entry.path[skip:]).decode("utf-8", "replace")
            if not after or key.split("/") > behind:
                try:
                    status = entry.stat(follow_symlinks=not _leads_nowhere(entry))
                except FileNotFoundError:
                    continue  # gone since its folder was read, as if it had never been listed
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
        # One after the other: threads made this slower on local files (measured with 100,000 files of 250 bytes).
        for key in keys:
            yield key, _read_or_error(self, key, size)

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
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty yet, or gone already
                path.parent.rmdir()

    def sweep(self, age: timedelta) -> None:
        oldest = time.time() - age.total_seconds()
        if self.root.is_dir():
            for entry in _walk(str(self.root)):
                with suppress(FileNotFoundError):  # another load is sweeping too
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        self.delete([entry.path[len(str(self.root)) + 1 :]])


class S3Store:
    """A bucket, or a prefix in one. The version token of an object is its ETag and size. Credentials, region and
    endpoint come from the environment by boto3's own chain, through dagster-aws's S3Resource. With `requester_pays`
    every request says that the account of the credentials pays for it.
    """

    def __init__(self, url: str, *, requester_pays: bool = False) -> None:
        self.url = url
        self.requester_pays = requester_pays
        parts = urlsplit(url)
        self.bucket = parts.netloc
        self.prefix = parts.path.strip("/") + "/" if parts.path.strip("/") else ""

    @cached_property
    def client(self) -> S3Client:
        """One client for the life of the store: it is thread-safe and keeps its connections."""
        from dagster_aws.s3 import (
            S3Resource,
        )  # here, for its import costs a second that local files need not pay

        client: S3Client = S3Resource(max_attempts=8).get_client()
        if self.requester_pays:
            client.meta.events.register("before-call.s3", _agree_to_pay)
        return client

    @cached_property
    def region(self) -> str | None:
        """As HeadBucket's answer names it, also where the answer is that access is denied: the way of botocore itself
        (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html, x-amz-bucket-region).
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Any = self.client.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            answer = error.response
        except BotoCoreError as error:
            raise _s3_error(self.url, error) from None
        found: str | None = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        return found

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        from botocore.exceptions import BotoCoreError, ClientError

        where: ListObjectsV2RequestPaginateTypeDef = {"Bucket": self.bucket, "Prefix": self.prefix + prefix}
        if after:
            where["StartAfter"] = self.prefix + after
        pages = self.client.get_paginator("list_objects_v2").paginate(**where)
        skip = len(self.prefix)
        try:
            for page in pages:
                for entry in page.get("Contents", []):
                    key, size = entry["Key"], entry["Size"]
                    if key[-1] != "/":  # a folder's marker is no object
                        etag = entry["ETag"].strip('"')
                        yield SourceObject(key[skip:], f"{etag}-{size}", size)
        except (BotoCoreError, ClientError) as error:
            raise _s3_error(self.url, error) from None

    def read(self, key: str) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise _s3_error(key, error) from None

    def read_start(self, key: str, size: int) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError

        wanted = f"bytes=0-{size - 1}"
        try:
            return self.client.get_object(Bucket=self.bucket, Key=self.prefix + key, Range=wanted)[
                "Body"
            ].read()
        except ClientError as error:
            if (
                error.response["Error"]["Code"] == "InvalidRange"
            ):  # no range of an object without bytes is there
                return b""
            raise _s3_error(key, error) from None
        except BotoCoreError as error:
            raise _s3_error(key, error) from None

    def read_many(
        self, keys: Sequence[str], size: int | None = None
    ) -> Iterator[tuple[str, bytes | SourceError]]:
        with ThreadPoolExecutor(max_workers=READERS) as pool:
            yield from zip(keys, pool.map(lambda key: _read_or_error(self, key, size), keys), strict=True)

    def content_hash(self, item: SourceObject) -> str:
        return "etag:" + item.version_token.rpartition("-")[0]

    def url_of(self, key: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def key_of(self, url: str) -> str:
        return url.removeprefix(f"s3://{self.bucket}/{self.prefix}")

    def write(self, key: str, content: bytes) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=content)
        except (BotoCoreError, ClientError) as error:
            raise _s3_error(f"work area {self.url_of(key)}", error) from None
        return self.url_of(key)

    def delete(self, keys: Iterable[str]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        for key in keys:
            try:
                self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)
            except (BotoCoreError, ClientError) as error:
                raise _s3_error(f"work area {self.url_of(key)}", error) from None

    def sweep(self, age: timedelta) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        oldest = datetime.now(UTC) - age
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        try:
            for page in pages:
                old = [entry["Key"] for entry in page.get("Contents", []) if entry["LastModified"] < oldest]
                self.delete(key[len(self.prefix) :] for key in old)
        except (BotoCoreError, ClientError) as error:
            raise _s3_error(f"work area {self.url}", error) from None


def open_store(url: str, *, requester_pays: bool = False) -> ObjectStore:
    """The object store at a `file://` or `s3://` URL."""
    return S3Store(url, requester_pays=requester_pays) if url.startswith("s3://") else FileStore(url)


def open_source(settings: Settings) -> ObjectStore:
    """The source that the settings name."""
    return open_store(settings.source, requester_pays=settings.requester_pays)


def manifest(sizes: Mapping[str, int]) -> bytes:
    """The manifest that COPY reads: exactly the objects at these addresses, each mandatory and of this size
    (https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html).
    """
    entries = [
        {"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in sizes.items()
    ]
    return json.dumps({"entries": entries}).encode()


def _read_or_error(store: ObjectStore, key: str, size: int | None) -> bytes | SourceError:
    try:
        return store.read(key) if size is None else store.read_start(key, size)
    except SourceError as error:
        if not error.of_object:
            raise
        return error


def _agree_to_pay(params: dict[str, Any], **_: Any) -> None:
    """Say so in the header that S3 asks for
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html).
    """
    params["headers"]["x-amz-request-payer"] = "requester"


def _s3_error(what: str, error: BotoCoreError | ClientError) -> SourceError:
    return SourceError(
        f"{what}: {s3_errors.told(error)}",
        passing=s3_errors.is_passing(error),
        denied=s3_errors.is_denied(error),
    )


def _walk(folder: str, beginning: str = "") -> Iterator[os.DirEntry[str]]:
    """Every file below a folder, in the order of their names, links followed; only below what in the folder itself
    begins like that.
    """
    try:
        with os.scandir(folder) as entries:
            chosen = (entry for entry in entries if entry.name.startswith(beginning))
            ordered = sorted(chosen, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"source folder {folder}: {error.strerror}") from None
    for entry in ordered:
        if _leads_nowhere(entry):
            yield entry
        elif entry.is_dir():
            yield from _walk(entry.path)
        elif entry.is_file():
            yield entry


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Whether it is a link to what is not there, or in a circle."""
    return entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110 - a path made of each of many files


def _token(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
