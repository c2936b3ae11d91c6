"""The source in Amazon S3: objects below a prefix of a bucket.

Belongs here: listing, reading and writing objects as the protocol of `store` requires. Does not: what an AWS error
means (`redshift_local.s3_errors`), or what a key means (`model.datasets`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from redshift_local import s3_errors
from sparkify_assets.source.store import SourceError, SourceObject, read_or_error

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ErrorTypeDef, ListObjectsV2RequestPaginateTypeDef

#: How many objects are read concurrently: as many as boto3 keeps connections for
#: (https://docs.aws.amazon.com/botocore/latest/reference/config.html, max_pool_connections).
READERS = 10

#: How many objects one call deletes at most (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
DELETED_PER_CALL = 1000


class S3Store:
    """A bucket or a prefix in one.

    The version token of an object is made of its ETag and size. Credentials, region and endpoint come from the
    environment by boto3's own chain, through dagster-aws's S3Resource. With `requester_pays`, every request says that
    the account of the credentials pays for it.
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
        # Imported here, because it takes a second that local files need not wait for.
        from dagster_aws.s3 import S3Resource

        client: S3Client = S3Resource(max_attempts=8).get_client()
        if self.requester_pays:
            client.meta.events.register("before-call.s3", _agree_to_pay)
        return client

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
                    if key[-1] != "/":  # the marker of a folder is not data
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
            if error.response["Error"]["Code"] == "InvalidRange":  # an empty object has no range
                return b""
            raise _s3_error(key, error) from None
        except BotoCoreError as error:
            raise _s3_error(key, error) from None

    def read_many(
        self, keys: Sequence[str], size: int | None = None
    ) -> Iterator[tuple[str, bytes | SourceError]]:
        with ThreadPoolExecutor(max_workers=READERS) as pool:
            yield from zip(keys, pool.map(lambda key: read_or_error(self, key, size), keys), strict=True)

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

        left = iter(keys)
        while some := list(islice(left, DELETED_PER_CALL)):
            objects: Any = [{"Key": self.prefix + key} for key in some]
            try:
                answer = self.client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True}
                )
                for refused in answer.get("Errors", []):
                    raise _refusal(refused)
            except (BotoCoreError, ClientError) as error:
                raise _s3_error(f"work area {self.url}", error) from None

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


def _s3_error(what: str, error: BotoCoreError | ClientError) -> SourceError:
    text = s3_errors.describe(error)
    if s3_errors.NEEDS in text:
        text += _SETTINGS.get(getattr(error, "operation_name", ""), "")
    return SourceError(
        f"{what}: {text}",
        transient=s3_errors.is_transient(error),
        denied=s3_errors.is_denied(error),
    )
