"""What is set on our buckets that no stack declares. The provider reads these settings only where a resource of their
own declares them (https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/s3_bucket).

The calls: https://docs.aws.amazon.com/AmazonS3/latest/API/.

Belongs here: ACL, replication, notifications, website. Does not: the bucket's policy and what else the plan sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.looks.surroundings import Surroundings

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups
_GROUPS = {"AllUsers": "everybody", "AuthenticatedUsers": "everybody who has an AWS account"}

#: How S3 says that a setting was never made.
_NOT_SET = {"ReplicationConfigurationNotFoundError", "NoSuchWebsiteConfiguration", "NoSuchCORSConfiguration"}

_TARGETS = ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations")


def acls(look: Surroundings) -> Iterator[Finding]:
    """Grants of the bucket's ACL to others than its owner, which count as soon as the object ownership lets them."""
    s3 = look.client("s3")
    for bucket in _without(look, "aws_s3_bucket_acl"):
        acl = s3.get_bucket_acl(Bucket=bucket)
        for grant in acl["Grants"]:
            grantee = grant["Grantee"]
            group = grantee.get("URI", "").rpartition("/")[2]
            if group != "LogDelivery" and grantee.get("ID") != acl["Owner"]["ID"]:
                who = _GROUPS.get(group) or grantee.get("DisplayName") or grantee.get("ID") or group
                yield look.finding(
                    "exposed", f"bucket {bucket}", f"{who} has {grant['Permission']} by its ACL",
                    "s3api put-bucket-acl", bucket=bucket, acl="private",
                )  # fmt: skip


def replications(look: Surroundings) -> Iterator[Finding]:
    """Rules that copy the objects elsewhere."""
    s3 = look.client("s3")
    for bucket in _without(look, "aws_s3_bucket_replication_configuration"):
        found = _setting(lambda: s3.get_bucket_replication(Bucket=bucket))  # noqa: B023
        for rule in found.get("ReplicationConfiguration", {}).get("Rules", []):
            target = rule["Destination"]
            owner = f" of account {target['Account']}" if target.get("Account") else ""
            yield look.finding(
                "exposed", f"bucket {bucket}", f"its objects are copied to {target['Bucket']}{owner}",
                "s3api delete-bucket-replication", bucket=bucket,
            )  # fmt: skip


def notifications(look: Surroundings) -> Iterator[Finding]:
    """Who is told of each new object."""
    s3 = look.client("s3")
    for bucket in _without(look, "aws_s3_bucket_notification"):
        found = s3.get_bucket_notification_configuration(Bucket=bucket)
        told = [
            next(v for k, v in each.items() if k.endswith("Arn"))
            for kind in _TARGETS
            for each in found.get(kind, [])
        ]
        told += ["EventBridge"] if "EventBridgeConfiguration" in found else []
        for target in told:
            elsewhere = target.startswith("arn:") and target.split(":")[4] != look.account
            yield look.finding(
                "exposed" if elsewhere else "differs", f"bucket {bucket}", f"{target} is told of its objects",
                "s3api put-bucket-notification-configuration", bucket=bucket, notification_configuration={},
            )  # fmt: skip


def websites(look: Surroundings) -> Iterator[Finding]:
    """What makes the objects readable by browsers: a website, and rules for other sites' scripts (CORS)."""
    s3 = look.client("s3")
    for bucket in _without(look, "aws_s3_bucket_website_configuration"):
        if _setting(lambda: s3.get_bucket_website(Bucket=bucket)):  # noqa: B023
            yield look.finding(
                "exposed", f"bucket {bucket}", "its objects are served as a website, without TLS",
                "s3api delete-bucket-website", bucket=bucket,
            )  # fmt: skip
    for bucket in _without(look, "aws_s3_bucket_cors_configuration"):
        found = _setting(lambda: s3.get_bucket_cors(Bucket=bucket))  # noqa: B023
        for rule in found.get("CORSRules", []):
            sites = ", ".join(rule.get("AllowedOrigins", []))
            yield look.finding(
                "differs", f"bucket {bucket}", f"scripts of {sites} may use it from a browser",
                "s3api delete-bucket-cors", bucket=bucket,
            )  # fmt: skip


def _without(look: Surroundings, kind: str) -> list[str]:
    """Our buckets of which no resource of this kind declares the setting; where one does, the plan sees it."""
    return sorted({*look.declared.every("bucket", "aws_s3_bucket")} - {*look.declared.every("bucket", kind)})


def _setting(ask: Any) -> dict[str, Any]:
    """What S3 answers, or nothing if the setting was never made."""
    try:
        return dict(ask())
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_SET:
            return {}
        raise
