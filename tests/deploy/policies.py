"""The IAM policies of deploy/, and whether they allow an action: a small part of IAM's own evaluation.

Wildcards as in https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html; which action
an operation needs says the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
Resources and conditions are not weighed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from tests.deploy.conftest import DEPLOY

#: Operations whose action has another name. HeadBucket and HeadObject are let in by the rights to list and to get.
ACTIONS = {
    "resourcegroupstaggingapi:GetResources": "tag:GetResources",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}

#: What everybody may, whatever a policy says (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
ALWAYS = {"sts:GetCallerIdentity"}


def action_of(service: str, operation: str) -> str:
    """The action that an operation needs."""
    return ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")


def statements(name: str) -> list[dict[str, Any]]:
    """The statements of a policy of deploy/."""
    found: list[dict[str, Any]] = json.loads((DEPLOY / f"{name}-policy.json").read_text("utf-8"))["Statement"]
    return found


def each(value: str | list[str]) -> list[str]:
    """A value of a policy as a list, which it need not be."""
    return [value] if isinstance(value, str) else value


def allowed(name: str) -> set[str]:
    """The actions that a policy allows, with their wildcards."""
    return {action for statement in statements(name) for action in each(statement["Action"])}


def matches(pattern: str, action: str) -> bool:
    """Whether a pattern of a policy covers an action: * is anything, ? one character, case does not matter."""
    words = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(words, action, re.IGNORECASE) is not None


def not_allowed(calls: Iterable[str], *names: str) -> set[str]:
    """The actions among these calls (service:operation) that none of the policies allows."""
    patterns = set().union(*map(allowed, names))
    actions = {action_of(*call.split(":")) for call in calls} - ALWAYS
    return {action for action in actions if not any(matches(pattern, action) for pattern in patterns)}
