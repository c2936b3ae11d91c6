"""What an error of S3 means: which permission is missing on what, and whether the error is transient.

Belongs here: reading boto3's errors, and S3's own messages, which COPY passes on. Does not belong here: how a caller
reacts to them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_UNNAMED_KEY = "the resource associated with this ciphertext"
_DENIED = re.compile(
    r"(?P<who>arn:\S+) is not authorized to perform: (?P<action>\w+:\w+) on (?:resource: )?"
    rf'"?(?P<resource>arn:[^\s"]+|{_UNNAMED_KEY})'
)

#: The permissions that an operation needs, for when S3 does not say which is missing, also on a bucket that KMS
#: encrypts (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html).
_NEEDED = {
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject, kms:Decrypt on the key that encrypts it",
    "PutObject": "s3:PutObject, and kms:GenerateDataKey on the key that encrypts the bucket",
    "DeleteObjects": "s3:DeleteObject",
}

#: The words before the permissions that an operation needs.
NEEDS = "; it needs "

#: Codes for credentials that have expired (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
_EXPIRED = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}


def missing_permission(text: str) -> str | None:
    """Which permission is missing on which resource, and for whom; None if S3's message does not say so. A KMS key is a
    resource too (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
    """
    if not (found := _DENIED.search(text)):
        return None
    resource = "the KMS key that encrypts it" if found["resource"] == _UNNAMED_KEY else found["resource"]
    return f"{found['action']} on {resource} is not allowed to {found['who']}"


def describe(error: BotoCoreError | ClientError) -> str:
    """The error in one line; if access was denied, with the permission that is missing or needed."""
    text = " ".join(str(error).split())
    if _code(error) not in ("AccessDenied", "403"):
        return text
    if permission := missing_permission(text):
        return f"{permission} (AccessDenied)"
    needed = _NEEDED.get(getattr(error, "operation_name", ""))
    return f"{text}{NEEDS}{needed}" if needed else text


def is_denied(error: Exception) -> bool:
    """Whether a permission is missing or the credentials have expired, so that no object is at fault. An archived
    object is at fault, although S3 refuses it with the same status.
    """
    code = _code(error)
    return code in _EXPIRED or (_status(error) == 403 and code != "InvalidObjectState")


def is_transient(error: Exception) -> bool:
    """Whether the network or the service failed: there was no answer, or its status is 500 or more (503 is SlowDown).
    boto3 has used up its retries by then. An answer below 500 says what is wrong with the request
    (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
    """
    from botocore.exceptions import BotoCoreError

    return isinstance(error, BotoCoreError) or _status(error) >= 500


def _code(error: Exception) -> str:
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def _status(error: Exception) -> int:
    answer = getattr(error, "response", None) or {}  # a connection error has the attribute, but it is None
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
