"""The cluster that an endpoint plays, where it plays one of an emulated AWS.

Belongs here: what only a cluster checks (the roles that COPY may assume, the regions of buckets, the size of a fetch)
and what its sessions share. Does not belong here: how a statement runs (`session`). A local Redshift that is served by
itself has no cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from redshift_local.copy.objects import ObjectStore
from redshift_local.copy.statement import Command
from redshift_local.endpoint.refusal import Refusal, internal, of_s3
from redshift_local.unload.statement import Command as Unload

#: System views about loads.
_VIEWS = {"SYS_LOAD_ERROR_DETAIL", "SYS_LOAD_HISTORY", "STL_LOAD_ERRORS"}


@dataclass
class ClusterState:
    """The state that the sessions of a cluster share: which of its roles COPY may assume, how far its views lag."""

    identifier: str
    region: str
    single_node: bool = True
    lag: int = 0  # how many queries to a system view about loads still return nothing
    silent: set[str] = field(default_factory=set)  # views that return nothing at all
    says: Callable[[list[str]], list[str]] = list  # rewords the notices of a COPY
    revoked: set[str] = field(default_factory=set)  # roles that the cluster may no longer assume

    def check(self, text: str, words: list[str]) -> None:
        """Raise Refusal for a fetch of more rows than a single node returns at once:
        https://docs.aws.amazon.com/redshift/latest/dg/declare.html.
        """
        if words[:2] == ["FETCH", "FORWARD"] and self.single_node:
            size = int(re.findall(r"\d+|all", text, re.IGNORECASE)[0])
            if size > 1000:
                raise Refusal(
                    "XX000",
                    f"Fetch size {size} exceeds the limit of 1000 for a single node configuration."
                    " Reduce the client fetch/cache size or upgrade to a multi node installation.",
                )

    def hides(self, words: Collection[str]) -> bool:
        """Whether a query returns nothing because a system view that it asks lags, or is silent."""
        asked = _VIEWS.intersection(words)
        hidden = bool(asked) and bool(self.lag or asked & self.silent)
        if hidden:
            self.lag = max(self.lag - 1, 0)
        return hidden

    def check_copy(self, command: Command, objects: ObjectStore) -> None:
        """Raise Refusal for a COPY whose role or whose bucket the cluster cannot use."""
        if not command.source.startswith("s3://"):
            raise Refusal("42601", "COPY reads from s3:// only")
        if not command.iam_role and not command.keys:
            raise Refusal("42601", "CREDENTIALS argument is required but none was supplied.")
        if command.iam_role:
            self.role(command.iam_role)
        region = command.region or self.region
        for url in filter(lambda url: url.startswith("s3://"), (command.source, command.json)):
            _check_bucket(url, region)
        if command.manifest:  # REGION holds for every object that it names
            named = objects.manifest(command.source)
            for url in {f"s3://{urlsplit(item.url).netloc}": item.url for item in named}.values():
                _check_bucket(url, region)

    def check_unload(self, command: Unload) -> None:
        """Raise Refusal for an UNLOAD whose role the cluster cannot use."""
        if not command.target.startswith("s3://"):
            raise Refusal("42601", "UNLOAD writes to s3:// only")
        if not command.iam_role and not command.keys:
            raise Refusal("42601", "CREDENTIALS argument is required but none was supplied.")
        if command.iam_role:
            self.role(command.iam_role)

    def role(self, named: str | None) -> str:
        """The role of a COPY. Raises Refusal for one that the cluster cannot assume."""
        default, roles = self.roles()
        arn = default if named == "default" else named
        if not arn:
            raise Refusal("XX000", "Default IAM role is not set for the cluster.")
        if arn not in roles or arn in self.revoked:
            user = f"arn:aws:redshift:{self.region}:123456789012:dbuser:{self.identifier}/loader"
            raise internal(
                f"User {user} is not authorized to assume IAM Role {arn}",
                code=8001,
                context=f"IAM Role={arn}",
            )
        return arn

    def roles(self) -> tuple[str, list[str]]:
        """The cluster's default role, which may be empty, and all of its roles."""
        [cluster] = boto3.client("redshift", region_name=self.region).describe_clusters(
            ClusterIdentifier=self.identifier
        )["Clusters"]
        return cluster.get("DefaultIamRoleArn", ""), [
            role["IamRoleArn"] for role in cluster.get("IamRoles", [])
        ]


def _check_bucket(url: str, region: str) -> None:
    """Raise Refusal unless the bucket exists in the region in which COPY looks for it."""
    bucket = url.removeprefix("s3://").partition("/")[0]
    context = f"S3 key being read : {url}"
    try:
        found = boto3.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "403":
            raise of_s3("Access Denied", 403, "AccessDenied", context) from None
        raise of_s3("The specified bucket does not exist", 404, "NoSuchBucket", context) from None
    if found["BucketRegion"] != region:
        raise of_s3(
            "The bucket you are attempting to access must be addressed using the specified endpoint."
            " Please send all future requests to this endpoint.",
            301,
            "PermanentRedirect",
            context,
        )
