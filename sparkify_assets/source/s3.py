"""The source in Amazon S3: objects below a prefix of a bucket.

Belongs here: listing, reading and writing objects as the protocol of `store` requires. Does not: how pages and objects
are read (`redshift_local.s3_listing`, `s3_reading`), what an AWS error means (`s3_errors`), what a key means
(`model.datasets`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from redshift_local import s3_errors
from redshift_local.s3_listing import list_objects, read_entries_here
from redshift_local.s3_reading import ObjectReader
from sparkify_assets.source.store import SourceError, SourceObject, read_or_error

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ErrorTypeDef

#: How many objects are read concurrently unless SPARKIFY_CONCURRENT_READS says otherwise.
READERS = 32

#: How many objects one call deletes at most (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
DELETED_PER_CALL = 1000


class S3Store:
    """A bucket or a prefix in one.

    The version token of an object is made of its ETag and size. Credentials, region and endpoint come from the
    environment by boto3's own chain. With `requester_pays`, every request says that the account of the credentials pays
    for it. At most `readers` objects are read concurrently.
    """

    def __init__(self, url: str, *, requester_pays: bool = False, readers: int = READERS) -> None:
        self.url = url
        self.requester_pays = requester_pays
        self.readers = readers
        parts = urlsplit(url)
        self.bucket = parts.netloc
        self.prefix = parts.path.strip("/") + "/" if parts.path.strip("/") else ""

    @cached_property
    def _session(self) -> boto3.Session:
        # Imported here, because it takes half a second that local files need not wait for.
        import boto3

        return boto3.Session()

    @cached_property
    def client(self) -> S3Client:
        """One client for the life of the store: it is thread-safe and keeps its connections."""
        from botocore.config import Config

        client = self._session.client(
            "s3",
            config=Config(
                retries={"mode": "standard", "max_attempts": 8}, max_pool_connections=max(10, self.readers)
            ),
        )
        read_entries_here(client)
        if self.requester_pays:
            client.meta.events.register("before-call.s3", _agree_to_pay)
        return client

    @cached_property
    def _reader(self) -> ObjectReader:
        return ObjectReader(
            self.client, self._session.get_credentials(), self.bucket, requester_pays=self.requester_pays
        )

    @cached_property
    def region(self) -> str | None:
        """The region that HeadBucket's response names, even if access is denied, as botocore itself finds it
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
        skip = len(self.prefix)
        with _errors_about(self.url):
            listed = list_objects(
                self.client, self.bucket, self.prefix + prefix, self.prefix + after if after else ""
            )
            for key, _, etag, size in listed:
                if key[-1] != "/":  # the marker of a folder is not data
                    yield SourceObject(key[skip:], f"{etag}-{size}", size)

    def read(self, key: str) -> bytes:
        with _errors_about(key):
            return self._reader.read(self.prefix + key)

    def read_start(self, key: str, size: int) -> bytes:
        with _errors_about(key):
            return self._reader.read(self.prefix + key, size)

    def read_many(
        self, keys: Sequence[str], size: int | None = None
    ) -> Iterator[tuple[str, bytes | SourceError]]:
        with _errors_about(self.url):
            assert self._reader  # made once, before the threads that share it
        ahead: deque[tuple[str, Future[bytes | SourceError]]] = deque()
        with ThreadPoolExecutor(self.readers) as pool:
            for key in keys:
                ahead.append((key, pool.submit(read_or_error, self, key, size)))
                if len(ahead) > self.readers:
                    first, content = ahead.popleft()
                    yield first, content.result()
            for key, content in ahead:
                yield key, content.result()

    def content_hash(self, item: SourceObject) -> str:
        return "etag:" + item.version_token.rpartition("-")[0]

    def url_of(self, key: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def key_of(self, url: str) -> str:
        return url.removeprefix(f"s3://{self.bucket}/{self.prefix}")

    def write(self, key: str, content: bytes) -> str:
        with _errors_about(f"work area {self.url_of(key)}"):
            self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=content)
        return self.url_of(key)

    def delete(self, keys: Iterable[str]) -> None:
        left = iter(keys)
        while some := list(islice(left, DELETED_PER_CALL)):
            objects: Any = [{"Key": self.prefix + key} for key in some]
            with _errors_about(f"work area {self.url}"):
                answer = self.client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True}
                )
                for refused in answer.get("Errors", []):
                    raise _refusal(refused)

    def sweep(self, age: timedelta) -> None:
        oldest = datetime.now(UTC) - age
        with _errors_about(f"work area {self.url}"):
            listed = list_objects(self.client, self.bucket, self.prefix)
            self.delete(
                item.key[len(self.prefix) :]
                for item in listed
                if datetime.fromisoformat(item.modified) < oldest
            )


#: Settings of ours that may be missing where S3 denies an operation
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html).
_SETTINGS = {
    "ListObjectsV2": ", and SPARKIFY_REQUESTER_PAYS=on where the requester pays",
    "GetObject": ", and SPARKIFY_REQUESTER_PAYS=on where the requester pays",
    "PutObject": " (SPARKIFY_WORK names another work area)",
}


def _agree_to_pay(params: dict[str, Any], **_: Any) -> None:
    """Agree to pay in the header that S3 asks for
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ObjectsinRequesterPaysBuckets.html).
    """
    params["headers"]["x-amz-request-payer"] = "requester"


def _refusal(refused: ErrorTypeDef) -> ClientError:
    """An object that was not deleted, as the error that a call for it alone would have raised."""
    from botocore.exceptions import ClientError

    code = refused.get("Code", "")
    answer: Any = {
        "Error": {"Code": code, "Message": f"{refused.get('Key')}: {refused.get('Message')}"},
        "ResponseMetadata": {"HTTPStatusCode": 403 if code == "AccessDenied" else 500},
    }
    return ClientError(answer, "DeleteObjects")


@contextmanager
def _errors_about(what: str) -> Iterator[None]:
    """Raise an error of boto3 as a SourceError that begins with what could not be used."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise _s3_error(what, error) from None


def _s3_error(what: str, error: BotoCoreError | ClientError) -> SourceError:
    text = s3_errors.describe(error)
    if s3_errors.NEEDS in text:
        text += _SETTINGS.get(getattr(error, "operation_name", ""), "")
    return SourceError(
        f"{what}: {text}",
        transient=s3_errors.is_transient(error),
        denied=s3_errors.is_denied(error),
    )
