"""What an error of S3 means: which right is missing on what, and whether the same may succeed a little later.

Belongs here: reading the errors of boto3, and S3's own words, which COPY hands on. Does not: what follows from it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_UNNAMED_KEY = "the resource associated with this ciphertext"
_REFUSED = re.compile(
    r"(?P<who>arn:\S+) is not authorized to perform: (?P<right>\w+:\w+) on (?:resource: )?"
    rf'"?(?P<what>arn:[^\s"]+|{_UNNAMED_KEY})'
)

#: What an operation needs where S3 does not say which right is missing, on a bucket that KMS encrypts too
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html).
_NEEDED = {
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject, kms:Decrypt on the key that encrypts it",
    "PutObject": "s3:PutObject, and kms:GenerateDataKey on the key that encrypts the bucket",
    "DeleteObject": "s3:DeleteObject",
}

#: What stands before what an operation needs.
NEEDS = "; it needs "

#: Credentials that were good once (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
_ENDED = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}


def missing_right(text: str) -> str | None:
    """Which right is missing, on what, to whom, where S3 says it; the key of KMS is a resource like any other
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
    """
    if not (found := _REFUSED.search(text)):
        return None
    what = "the KMS key that encrypts it" if found["what"] == _UNNAMED_KEY else found["what"]
    return f"{found['right']} on {what} is not allowed to {found['who']}"


def told(error: BotoCoreError | ClientError) -> str:
    """The error in one line, with what would help where access was denied."""
    text = " ".join(str(error).split())
    if _code(error) not in ("AccessDenied", "403"):
        return text
    if right := missing_right(text):
        return f"{right} (AccessDenied)"
    needed = _NEEDED.get(getattr(error, "operation_name", ""))
    return f"{text}{NEEDS}{needed}" if needed else text


def is_denied(error: Exception) -> bool:
    """Whether a right is missing, or the credentials have ended: no object is at fault then. One that was archived is,
    though S3 refuses it by the same status.
    """
    code = _code(error)
    return code in _ENDED or (_status(error) == 403 and code != "InvalidObjectState")


def is_passing(error: Exception) -> bool:
    """Whether the network or the service failed: no answer, or one of the 500s (503 is SlowDown). boto3 has tried for
    as long as it may; an answer below 500 says what is wrong with the request
    (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
    """
    from botocore.exceptions import BotoCoreError

    return isinstance(error, BotoCoreError) or _status(error) >= 500


def _code(error: Exception) -> str:
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def _status(error: Exception) -> int:
    answer = getattr(error, "response", None) or {}  # an error of the connection has one, and it is None
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
