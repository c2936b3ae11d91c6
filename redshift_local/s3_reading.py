"""Objects of S3 and their beginnings, read by obstore, which takes a tenth of boto3's CPU for a small object.

boto3 knows where a bucket is and which credentials open it, and it reads every object that obstore does not: those
whose keys obstore cannot express (`//`, `.`, `..`, control characters, a slash at either end), and those at which
obstore failed. So every retry and every error is boto3's.

Belongs here: the way from a key to its bytes. Does not belong here: what an error means (`s3_errors`), how many objects
are read concurrently.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from obstore.store import S3Credential, S3Store
    from types_boto3_s3 import S3Client

#: obstore is given up after as many failures in a row, for instance where only boto3 knows the certificates.
MAX_FAILURES = 32

#: How long obstore may keep credentials before it asks for them again. Those that botocore hands out are valid for ten
#: minutes or longer (https://github.com/boto/botocore/blob/develop/botocore/credentials.py, mandatory refresh).
_KEPT = timedelta(minutes=8)

#: What a request of boto3 says of its region (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html).
_REGION = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d+/([^/]+)/s3/")


class ObjectReader:
    """Reads the objects of one bucket. It is thread-safe and keeps its connections.

    `credentials` are those of the client, None if it has none. Raises boto3's errors if S3 cannot be reached.
    """

    def __init__(
        self, client: S3Client, credentials: Credentials | None, bucket: str, *, requester_pays: bool = False
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._bucket = bucket
        self._requester_pays = requester_pays
        self._failures = 0
        self._store = self._open_store()

    def read(self, key: str, size: int | None = None) -> bytes:
        """An object, or at most its first `size` bytes. Raises boto3's errors."""
        # obstore ignores a slash at either end, and would read another object.
        if key.strip("/") == key and self._failures < MAX_FAILURES and self._store:
            from obstore.exceptions import BaseError

            try:
                data = self._read_by_obstore(self._store, key, size)
            except ValueError:
                pass  # obstore cannot express the key
            except (BaseError, OSError):
                self._failures += 1
            else:
                self._failures = 0
                return data
        return self._read_by_boto3(key, size)

    @staticmethod
    def _read_by_obstore(store: S3Store, key: str, size: int | None) -> bytes:
        if size is None:
            return bytes(store.get(key).bytes())
        return bytes(store.get_range(key, start=0, end=size))

    def _read_by_boto3(self, key: str, size: int | None) -> bytes:
        from botocore.exceptions import ClientError

        part: Any = {} if size is None else {"Range": f"bytes=0-{size - 1}"}
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key, **part)["Body"].read()
        except ClientError as error:
            if part and error.response["Error"]["Code"] == "InvalidRange":  # an empty object has no range
                return b""
            raise

    def _open_store(self) -> S3Store | None:
        """The bucket as obstore takes it; None where boto3 signs requests in a way that obstore does not know."""
        from obstore.store import S3Store

        url, authorization = self._signed_request()
        if not self._credentials or not (region := _REGION.match(authorization)):
            return None
        return S3Store(
            self._bucket,
            endpoint=url.rstrip("/"),
            virtual_hosted_style_request=True,  # the endpoint already contains the bucket
            region=region[1],
            request_payer=self._requester_pays,
            credential_provider=self._frozen_credentials,
            client_options={
                "allow_http": True,
                "timeout": timedelta(hours=1),
                "read_timeout": timedelta(minutes=1),
            },
            retry_config={"max_retries": 0},
        )

    def _signed_request(self) -> tuple[str, str]:
        """The URL of the bucket and the Authorization of a request to it, as boto3 makes them from all of its settings,
        after S3 has redirected it to the bucket's region.
        """
        from botocore.exceptions import ClientError

        sent = [("", "")]

        def note(request: Any, **_: Any) -> None:
            authorization = request.headers.get("Authorization", "")
            if isinstance(authorization, bytes):
                authorization = authorization.decode()
            sent.append((request.url, authorization))

        events = self._client.meta.events
        events.register("before-send.s3.HeadBucket", note)
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except ClientError:
            pass  # without the permission to list, objects can be read
        finally:
            events.unregister("before-send.s3.HeadBucket", note)
        return sent[-1]

    def _frozen_credentials(self) -> S3Credential:
        assert self._credentials
        frozen = self._credentials.get_frozen_credentials()
        assert frozen.access_key
        assert frozen.secret_key
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _KEPT,
        }
