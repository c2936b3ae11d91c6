"""What a plan would make, and the account has already: under the same name, or with the tags of the environment.

Belongs here: finding it, and the ID by which Terraform imports it (the section Import of each resource's page:
https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs). Does not: importing it (`adopt_ops`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sparkify_assets.infra.plan import Change, Plan


@dataclass(frozen=True)
class Existing:
    """A thing that a plan would add at `address`, by the ID by which Terraform imports it."""

    address: str
    import_id: str

    def __str__(self) -> str:
        return f"{self.address} ({self.import_id})"


@dataclass(frozen=True)
class Account:
    """The AWS account in one region, as far as the environment is concerned."""

    environment: str
    region: str

    def existing(self, plan: Plan) -> list[Existing]:
        """What the plan would add and is there. What only sets something of another thing is not looked for, because
        setting it twice does no harm.
        """
        found = [
            (change.address, self._import_id(change)) for change in plan.changes if change.action == "add"
        ]
        return [Existing(address, import_id) for address, import_id in found if import_id]

    @cached_property
    def makers(self) -> str:
        """Who made the environment and when, as far as its tags and its oldest things say."""
        owners = sorted({tags["Owner"] for tags in self._tagged if "Owner" in tags})
        roles = [r for r in self._roles if r["RoleName"].startswith(f"sparkify-{self.environment}-")]
        days = sorted(
            [self._creations[b] for b in self._creations if self._is_ours(b)]
            + [r["CreateDate"] for r in roles]
        )
        when = f" on {days[0]:%Y-%m-%d}" if days else ""
        return f"made by {', '.join(owners) or 'somebody'}{when}"

    def _is_ours(self, bucket: str) -> bool:
        return bucket.startswith(f"sparkify-{self.environment}-landing-")

    def _import_id(self, change: Change) -> str | None:
        if kind := _EC2.get(change.type):
            return self._by_tags(kind, change.after)
        if find := _FINDERS.get(change.type):
            with suppress(KeyError, TypeError):  # of what a thing that is still to be made will be called
                return find(self, change.after)
        return None

    def client(self, service: str) -> Any:
        """A client of the account."""
        return boto3.client(service, region_name=self.region)  # type: ignore[call-overload]

    def answers(self, service: str, method: str, **question: Any) -> Any:
        """The answer to a question, or None where AWS does not know what is asked for."""
        try:
            return getattr(self.client(service), method)(**question)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("404", "NoSuchBucket") or "NotFound" in code or code == "NoSuchEntity":
                return None
            raise

    @cached_property
    def _tagged(self) -> list[dict[str, str]]:
        tagging = self.client("resourcegroupstaggingapi")
        wanted = {"Project": "sparkify", "Environment": self.environment}
        pages = tagging.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": key, "Values": [value]} for key, value in wanted.items()]
        )
        return [
            {t["Key"]: t["Value"] for t in resource["Tags"]}
            for p in pages
            for resource in p["ResourceTagMappingList"]
        ]

    @cached_property
    def _creations(self) -> dict[str, Any]:
        return {
            bucket["Name"]: bucket["CreationDate"] for bucket in self.client("s3").list_buckets()["Buckets"]
        }

    @cached_property
    def _roles(self) -> list[dict[str, Any]]:
        return [
            role for p in self.client("iam").get_paginator("list_roles").paginate() for role in p["Roles"]
        ]

    @cached_property
    def _ec2_names(self) -> list[dict[str, str]]:
        """The tags of EC2's things (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html)."""
        pages = (
            self.client("ec2")
            .get_paginator("describe_tags")
            .paginate(Filters=[{"Name": "key", "Values": ["Name", "Environment"]}])
        )
        return [tag for p in pages for tag in p["Tags"]]

    def _by_tags(self, kind: str, after: dict[str, Any]) -> str | None:
        name = (after.get("tags") or {}).get("Name")
        named, ours = (
            {
                t["ResourceId"]
                for t in self._ec2_names
                if (t["ResourceType"], t["Key"], t["Value"]) == (kind, key, value)
            }
            for key, value in (("Name", name), ("Environment", self.environment))
        )
        [*found] = named & ours
        return found[0] if len(found) == 1 else None


#: The types that DescribeTags has for the resources that are found by their tags.
_EC2 = {
    "aws_internet_gateway": "internet-gateway",
    "aws_route_table": "route-table",
    "aws_security_group": "security-group",
    "aws_subnet": "subnet",
    "aws_vpc": "vpc",
    "aws_vpc_endpoint": "vpc-endpoint",
    "aws_flow_log": "vpc-flow-log",
}


def _bucket(account: Account, after: dict[str, Any]) -> str | None:
    return after["bucket"] if account.answers("s3", "head_bucket", Bucket=after["bucket"]) else None


def _alias(account: Account, after: dict[str, Any]) -> str | None:
    return after["name"] if account.answers("kms", "describe_key", KeyId=after["name"]) else None


def _key(account: Account, _: dict[str, Any]) -> str | None:
    """The key that the environment's alias stands for, because a key has no name."""
    found = account.answers("kms", "describe_key", KeyId=f"alias/sparkify-{account.environment}")
    return found["KeyMetadata"]["KeyId"] if found else None


def _log_group(account: Account, after: dict[str, Any]) -> str | None:
    groups = account.client("logs").describe_log_groups(logGroupNamePrefix=after["name"])["logGroups"]
    return after["name"] if after["name"] in {group["logGroupName"] for group in groups} else None


def _role(account: Account, after: dict[str, Any]) -> str | None:
    return after["name"] if account.answers("iam", "get_role", RoleName=after["name"]) else None


def _association(account: Account, after: dict[str, Any]) -> str | None:
    subnet, table = after["subnet_id"], after["route_table_id"]
    found = account.answers("ec2", "describe_route_tables", RouteTableIds=[table])
    subnets = {a.get("SubnetId") for t in found["RouteTables"] for a in t["Associations"]}
    return f"{subnet}/{table}" if subnet in subnets else None


def _route(account: Account, after: dict[str, Any]) -> str | None:
    table, to = after["route_table_id"], after["destination_cidr_block"]
    found = account.answers("ec2", "describe_route_tables", RouteTableIds=[table])
    return (
        f"{table}_{to}"
        if to in {r.get("DestinationCidrBlock") for t in found["RouteTables"] for r in t["Routes"]}
        else None
    )


def _egress_rule(account: Account, after: dict[str, Any]) -> str | None:
    group, target = after["security_group_id"], after["referenced_security_group_id"]
    found = account.answers(
        "ec2", "describe_security_group_rules", Filters=[{"Name": "group-id", "Values": [group]}]
    )
    rules = (r for r in found["SecurityGroupRules"] if r["IsEgress"])
    return next(
        (
            r["SecurityGroupRuleId"]
            for r in rules
            if r.get("ReferencedGroupInfo", {}).get("GroupId") == target
        ),
        None,
    )


def _named(
    method: str, parameter: str, attribute: str = "name", service: str = "redshift"
) -> Callable[[Account, dict[str, Any]], str | None]:
    """A finder of what Redshift describes by its name."""

    def find(account: Account, after: dict[str, Any]) -> str | None:
        return after[attribute] if account.answers(service, method, **{parameter: after[attribute]}) else None

    return find


def _usage_limit(account: Account, after: dict[str, Any]) -> str | None:
    found = account.answers(
        "redshift", "describe_usage_limits", ClusterIdentifier=after["cluster_identifier"]
    )
    limits: Iterable[dict[str, Any]] = found["UsageLimits"] if found else []
    return next((one["UsageLimitId"] for one in limits if one["FeatureType"] == after["feature_type"]), None)


_FINDERS: dict[str, Callable[[Account, dict[str, Any]], str | None]] = {
    "aws_cloudwatch_log_group": _log_group,
    "aws_iam_role": _role,
    "aws_kms_alias": _alias,
    "aws_kms_key": _key,
    "aws_redshift_cluster": _named("describe_clusters", "ClusterIdentifier", "cluster_identifier"),
    "aws_redshift_parameter_group": _named("describe_cluster_parameter_groups", "ParameterGroupName"),
    "aws_redshift_scheduled_action": _named("describe_scheduled_actions", "ScheduledActionName"),
    "aws_redshift_subnet_group": _named("describe_cluster_subnet_groups", "ClusterSubnetGroupName"),
    "aws_redshift_usage_limit": _usage_limit,
    "aws_redshiftserverless_namespace": _named(
        "get_namespace", "namespaceName", "namespace_name", "redshift-serverless"
    ),
    "aws_redshiftserverless_workgroup": _named(
        "get_workgroup", "workgroupName", "workgroup_name", "redshift-serverless"
    ),
    "aws_route": _route,
    "aws_route_table_association": _association,
    "aws_s3_bucket": _bucket,
    "aws_vpc_security_group_egress_rule": _egress_rule,
}
