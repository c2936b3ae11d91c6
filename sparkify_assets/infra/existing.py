"""What a plan would make, and the account has already: under the same name, or with the tags of the environment.

Belongs here: finding it, and the ID by which Terraform imports it (the section Import of each resource's page:
https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs). Does not: importing it (`adopt_ops`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

from sparkify_assets.infra.declared import NOTHING, Declared
from sparkify_assets.infra.plan import Change, Plan


@dataclass(frozen=True)
class Existing:
    """A thing that a plan would add at `address`, by the ID by which Terraform imports it. `others` are further ones of
    the same name and tags, among which only a person can choose.
    """

    address: str
    import_id: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.address} ({' and '.join((self.import_id, *self.others))})"


@dataclass(frozen=True)
class Account:
    """The AWS account in one region, as far as the environment is concerned."""

    environment: str
    region: str

    def existing(self, plan: Plan, known: Declared = NOTHING) -> list[Existing]:
        """What the plan would add and is there, but is not `known` to the state: among what is of the same type, for a
        cluster, its subnets and its parameters are all called by the environment. What only sets something of another
        thing is not looked for, because setting it twice does no harm.
        """
        found = [
            (change.address, sorted({*self._import_ids(change)} - known.identities_of(change.type)))
            for change in plan.changes
            if change.action == "add"
        ]
        return [Existing(address, ids[0], tuple(ids[1:])) for address, ids in found if ids]

    def tagged(self, stack: str) -> Iterator[str]:
        """The ARNs of what carries the tags of a stack."""
        for arn, tags in self._tagged:
            if tags.get("Stack") == stack:
                yield arn

    def tagged_in_ec2(self, stack: str) -> Iterator[tuple[str, str]]:
        """Type and ID of what carries the tags of a stack in EC2."""
        ours = {"Project": "sparkify", "Environment": self.environment, "Stack": stack}
        for thing, tags in self._ec2.items():
            if ours.items() <= tags.items():
                yield thing

    def tagged_roles(self, stack: str) -> Iterator[dict[str, Any]]:
        """The roles of the environment that carry the tags of a stack. The tagging API does not know roles."""
        iam = self.client("iam")
        for role in self.roles:
            ours = role["RoleName"].startswith(f"sparkify-{self.environment}-")
            if ours and self._is_tagged(iam.list_role_tags(RoleName=role["RoleName"]), stack):
                yield role

    def tagged_instance_profiles(self, stack: str) -> Iterator[dict[str, Any]]:
        """The same of instance profiles, which the tagging API knows in us-east-1 only
        (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html).
        """
        iam = self.client("iam")
        pages = iam.get_paginator("list_instance_profiles").paginate()
        ours = f"InstanceProfiles[?starts_with(InstanceProfileName, 'sparkify-{self.environment}-')]"
        for profile in pages.search(ours):
            name = profile["InstanceProfileName"]
            told = self.answers("iam", "get_instance_profile", InstanceProfileName=name)
            if told and self._is_tagged(told["InstanceProfile"], stack):
                yield profile

    def _is_tagged(self, described: dict[str, Any], stack: str) -> bool:
        tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
        return (tags.get("Environment"), tags.get("Stack")) == (self.environment, stack)

    @cached_property
    def makers(self) -> str:
        """Who made the environment and when, as far as its tags and its oldest things say."""
        owners = sorted({tags["Owner"] for _, tags in self._tagged if "Owner" in tags})
        roles = [r for r in self.roles if r["RoleName"].startswith(f"sparkify-{self.environment}-")]
        days = sorted(
            [self.buckets[b] for b in self.buckets if self._is_ours(b)] + [r["CreateDate"] for r in roles]
        )
        when = f" on {days[0]:%Y-%m-%d}" if days else ""
        return f"made by {', '.join(owners) or 'somebody'}{when}"

    def _is_ours(self, bucket: str) -> bool:
        return bucket.startswith(f"sparkify-{self.environment}-landing-")

    def _import_ids(self, change: Change) -> list[str]:
        if kind := _EC2.get(change.type):
            return self._by_tags(kind, change.after)
        if change.type == "aws_kms_key":
            return self._keys(change.after)
        if find := _FINDERS.get(change.type):
            with suppress(KeyError, TypeError):  # of what a thing that is still to be made will be called
                return [found] if (found := find(self, change.after)) else []
        return []

    def client(self, service: str) -> Any:
        """A client of the account."""
        return boto3.client(service, region_name=self.region)  # type: ignore[call-overload]

    def answers(self, service: str, method: str, **question: Any) -> Any:
        """The answer to a question, or None where AWS does not know what is asked for."""
        try:
            return getattr(self.client(service), method)(**question)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _UNKNOWN or "NotFound" in code:
                return None
            raise

    @cached_property
    def _tagged(self) -> list[tuple[str, dict[str, str]]]:
        tagging = self.client("resourcegroupstaggingapi")
        wanted = {"Project": "sparkify", "Environment": self.environment}
        pages = tagging.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": key, "Values": [value]} for key, value in wanted.items()]
        )
        return [
            (found["ResourceARN"], {t["Key"]: t["Value"] for t in found["Tags"]})
            for page in pages
            for found in page["ResourceTagMappingList"]
        ]

    @cached_property
    def buckets(self) -> dict[str, Any]:
        """When each bucket of the account was made, by its name."""
        return {
            bucket["Name"]: bucket["CreationDate"] for bucket in self.client("s3").list_buckets()["Buckets"]
        }

    @cached_property
    def roles(self) -> list[dict[str, Any]]:
        """The roles of the account, as IAM lists them."""
        return [
            role for p in self.client("iam").get_paginator("list_roles").paginate() for role in p["Roles"]
        ]

    @cached_property
    def _ec2(self) -> dict[tuple[str, str], dict[str, str]]:
        """The tags of EC2's things, by type and ID
        (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html).
        """
        wanted = ["Name", "Project", "Environment", "Stack"]
        pages = (
            self.client("ec2")
            .get_paginator("describe_tags")
            .paginate(Filters=[{"Name": "key", "Values": wanted}])
        )
        found: dict[tuple[str, str], dict[str, str]] = {}
        for page in pages:
            for tag in page["Tags"]:
                found.setdefault((tag["ResourceType"], tag["ResourceId"]), {})[tag["Key"]] = tag["Value"]
        return found

    def _by_tags(self, kind: str, after: dict[str, Any]) -> list[str]:
        ours = {"Environment": self.environment, "Name": (after.get("tags") or {}).get("Name")}
        found = (i for (of, i), tags in self._ec2.items() if of == kind and ours.items() <= tags.items())
        return [one for one in found if kind not in EC2_AGES or EC2_AGES[kind](self, one) is not None]

    def _keys(self, after: dict[str, Any]) -> list[str]:
        """The key that the environment's alias stands for, because a key has no name; and as it has no alias yet where
        an apply was killed, every key with the environment's tags and the description of the plan.
        """
        if found := self.answers("kms", "describe_key", KeyId=f"alias/sparkify-{self.environment}"):
            return [found["KeyMetadata"]["KeyId"]]
        keys = [
            self.answers("kms", "describe_key", KeyId=arn)["KeyMetadata"]
            for arn, _ in self._tagged
            if ":key/" in arn
        ]
        return [
            key["KeyId"]
            for key in keys
            if key["KeyState"] != "PendingDeletion" and key["Description"] == (after.get("description") or "")
        ]


#: How services say that they do not know what they are asked for, beside those whose code says NotFound.
_UNKNOWN = (
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchBucket",
    "NoSuchEntity",
    "QueueDoesNotExist",
)

#: The types that DescribeTags has for the resources that are found by their tags.
_EC2 = {
    "aws_eip": "elastic-ip",
    "aws_instance": "instance",
    "aws_internet_gateway": "internet-gateway",
    "aws_nat_gateway": "natgateway",
    "aws_route_table": "route-table",
    "aws_security_group": "security-group",
    "aws_subnet": "subnet",
    "aws_vpc": "vpc",
    "aws_vpc_endpoint": "vpc-endpoint",
    "aws_flow_log": "vpc-flow-log",
}


def day(described: dict[str, Any], attribute: str) -> str:
    """When a thing was made, as AWS describes it; empty if it does not."""
    return f"{described[attribute]:%Y-%m-%d %H:%M}" if described.get(attribute) else ""


def _instance(account: Account, name: str) -> str | None:
    """EC2 shows an instance for about an hour after its end."""
    found = account.answers("ec2", "describe_instances", InstanceIds=[name])
    instances = [i for r in (found or {}).get("Reservations", []) for i in r["Instances"]]
    alive = [i for i in instances if i["State"]["Name"] != "terminated"]
    return day(alive[0], "LaunchTime") if alive else None


def _nat_gateway(account: Account, name: str) -> str | None:
    """EC2 shows this one, too, for about an hour after its end."""
    found = account.answers("ec2", "describe_nat_gateways", NatGatewayIds=[name])
    alive = [n for n in (found or {}).get("NatGateways", []) if not n["State"].startswith("delet")]
    return day(alive[0], "CreateTime") if alive else None


def _vpc_endpoint(account: Account, name: str) -> str | None:
    found = account.answers("ec2", "describe_vpc_endpoints", VpcEndpointIds=[name])
    alive = [e for e in (found or {}).get("VpcEndpoints", []) if not e["State"].lower().startswith("delet")]
    return day(alive[0], "CreationTimestamp") if alive else None


#: Since when what EC2 shows beyond its end is there: a day, empty if it does not tell, or None if it has ended.
EC2_AGES: dict[str, Callable[[Account, str], str | None]] = {
    "instance": _instance,
    "natgateway": _nat_gateway,
    "vpc-endpoint": _vpc_endpoint,
}


def _bucket(account: Account, after: dict[str, Any]) -> str | None:
    return after["bucket"] if account.answers("s3", "head_bucket", Bucket=after["bucket"]) else None


def _alias(account: Account, after: dict[str, Any]) -> str | None:
    return after["name"] if account.answers("kms", "describe_key", KeyId=after["name"]) else None


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
    """A finder of what a service describes by its name."""

    def find(account: Account, after: dict[str, Any]) -> str | None:
        return after[attribute] if account.answers(service, method, **{parameter: after[attribute]}) else None

    return find


def _queue(account: Account, after: dict[str, Any]) -> str | None:
    """A queue is imported by its URL."""
    found = account.answers("sqs", "get_queue_url", QueueName=after["name"])
    return found["QueueUrl"] if found else None


def _budget(account: Account, after: dict[str, Any]) -> str | None:
    number, name = account.client("sts").get_caller_identity()["Account"], after["name"]
    there = account.answers("budgets", "describe_budget", AccountId=number, BudgetName=name)
    return f"{number}:{name}" if there else None


def _snapshot_copy(account: Account, after: dict[str, Any]) -> str | None:
    name = after["cluster_identifier"]
    clusters = account.answers("redshift", "describe_clusters", ClusterIdentifier=name)
    return name if clusters and clusters["Clusters"][0].get("ClusterSnapshotCopyStatus") else None


def _usage_limit(account: Account, after: dict[str, Any]) -> str | None:
    found = account.answers(
        "redshift", "describe_usage_limits", ClusterIdentifier=after["cluster_identifier"]
    )
    limits: Iterable[dict[str, Any]] = found["UsageLimits"] if found else []
    return next((one["UsageLimitId"] for one in limits if one["FeatureType"] == after["feature_type"]), None)


def _serverless_usage_limit(account: Account, after: dict[str, Any]) -> str | None:
    what = {"resourceArn": after["resource_arn"], "usageType": after["usage_type"]}
    found = account.answers("redshift-serverless", "list_usage_limits", **what)
    limits: Iterable[dict[str, Any]] = found["usageLimits"] if found else []
    return next((one["usageLimitId"] for one in limits if one["period"] == after["period"]), None)


_FINDERS: dict[str, Callable[[Account, dict[str, Any]], str | None]] = {
    "aws_budgets_budget": _budget,
    "aws_cloudwatch_event_rule": _named("describe_rule", "Name", service="events"),
    "aws_cloudwatch_log_group": _log_group,
    "aws_iam_instance_profile": _named("get_instance_profile", "InstanceProfileName", service="iam"),
    "aws_iam_role": _role,
    "aws_kms_alias": _alias,
    "aws_redshift_cluster": _named("describe_clusters", "ClusterIdentifier", "cluster_identifier"),
    "aws_redshift_parameter_group": _named("describe_cluster_parameter_groups", "ParameterGroupName"),
    "aws_redshift_scheduled_action": _named("describe_scheduled_actions", "ScheduledActionName"),
    "aws_redshift_snapshot_copy": _snapshot_copy,
    "aws_redshift_subnet_group": _named("describe_cluster_subnet_groups", "ClusterSubnetGroupName"),
    "aws_redshift_usage_limit": _usage_limit,
    "aws_redshiftserverless_endpoint_access": _named(
        "get_endpoint_access", "endpointName", "endpoint_name", "redshift-serverless"
    ),
    "aws_redshiftserverless_namespace": _named(
        "get_namespace", "namespaceName", "namespace_name", "redshift-serverless"
    ),
    "aws_redshiftserverless_usage_limit": _serverless_usage_limit,
    "aws_redshiftserverless_workgroup": _named(
        "get_workgroup", "workgroupName", "workgroup_name", "redshift-serverless"
    ),
    "aws_route": _route,
    "aws_route_table_association": _association,
    "aws_s3_bucket": _bucket,
    "aws_sqs_queue": _queue,
    "aws_vpc_security_group_egress_rule": _egress_rule,
}

#: The types that are looked for.
LOOKED_FOR = frozenset({"aws_kms_key", *_EC2, *_FINDERS})
