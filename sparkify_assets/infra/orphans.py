"""What exists on AWS with the tags that the stacks give to all they make (their `default_tags`) and is in no state. An
apply that is killed leaves such things: AWS had made them before Terraform could write them down.

Belongs here: finding and naming them, and the command that deletes one. Does not: what a plan would make a second time
(`existing`), taking them into the state (`adopt_ops`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sparkify_assets.infra.aws import scheduled_actions
from sparkify_assets.infra.existing import EC2_AGES, Account, day
from sparkify_assets.infra.findings import command

#: How AWS's command line deletes a thing of a kind, and the option that names it.
_DELETIONS = {
    "ec2:elastic-ip": ("ec2 release-address", "allocation_id"),
    "ec2:instance": ("ec2 terminate-instances", "instance_ids"),
    "ec2:internet-gateway": ("ec2 delete-internet-gateway", "internet_gateway_id"),
    "ec2:natgateway": ("ec2 delete-nat-gateway", "nat_gateway_id"),
    "ec2:route-table": ("ec2 delete-route-table", "route_table_id"),
    "ec2:security-group": ("ec2 delete-security-group", "group_id"),
    "ec2:subnet": ("ec2 delete-subnet", "subnet_id"),
    "ec2:vpc": ("ec2 delete-vpc", "vpc_id"),
    "ec2:vpc-endpoint": ("ec2 delete-vpc-endpoints", "vpc_endpoint_ids"),
    "ec2:vpc-flow-log": ("ec2 delete-flow-logs", "flow_log_ids"),
    "events:rule": ("events delete-rule", "name"),
    "iam:instance-profile": ("iam delete-instance-profile", "instance_profile_name"),
    "iam:role": ("iam delete-role", "role_name"),
    "kms:key": ("kms schedule-key-deletion", "key_id"),
    "logs:log-group": ("logs delete-log-group", "log_group_name"),
    "rds:db": ("rds delete-db-instance", "db_instance_identifier"),
    "redshift:cluster": ("redshift delete-cluster", "cluster_identifier"),
    "redshift:parametergroup": ("redshift delete-cluster-parameter-group", "parameter_group_name"),
    "redshift:scheduledaction": ("redshift delete-scheduled-action", "scheduled_action_name"),
    "redshift:snapshotcopygrant": ("redshift delete-snapshot-copy-grant", "snapshot_copy_grant_name"),
    "redshift:subnetgroup": ("redshift delete-cluster-subnet-group", "cluster_subnet_group_name"),
    "redshift:usagelimit": ("redshift delete-usage-limit", "usage_limit_id"),
    "redshift-serverless:namespace": ("redshift-serverless delete-namespace", "namespace_name"),
    "redshift-serverless:workgroup": ("redshift-serverless delete-workgroup", "workgroup_name"),
    "s3:bucket": ("s3api delete-bucket", "bucket"),
    "sqs:queue": ("sqs delete-queue", "queue_url"),
}

#: What a deletion that AWS would refuse otherwise keeps, under a name of its own: nobody knows what is in there.
_KEPT = {
    "rds:db": "final_db_snapshot_identifier",
    "redshift:cluster": "final_cluster_snapshot_identifier",
}

#: What AWS makes of a tagged thing, and copies its tags to; and what ECS finds again by its name, so that there is$
#: a second (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html).
_FOLLOWERS = re.compile(
    r"ecs:.*|ec2:(network-interface|volume|snapshot)|kms:alias|rds:(auto-backup|snapshot)"
    r"|redshift:snapshot|redshift-serverless:(snapshot|recoverypoint)|secretsmanager:secret"
)


@dataclass(frozen=True)
class Orphan:
    """A thing of `kind`, for instance `ec2:vpc`, by its ID or name. `since` is a day, or empty where AWS tells none."""

    kind: str
    name: str
    since: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" (since {self.since})" if self.since else "")

    def deletion(self, region: str) -> str:
        """The command that deletes it, or what to do where there is no single one."""
        if self.kind not in _DELETIONS:
            return f"delete {self.kind} {self.name}, unless something uses it"
        operation, option = _DELETIONS[self.kind]
        kept = {_KEPT[self.kind]: f"{self.name}-orphan"} if self.kind in _KEPT else {}
        return command(operation, region, **{option: self.name}, **kept)


def orphans(account: Account, stack: str, known: Collection[str]) -> list[Orphan]:
    """What carries the tags of a stack and is there, without what is `known` by its ARN, or its ID where it has none:
    a name is not enough, for a cluster, its subnets and its parameters have the same one. All calls only read.
    Raises what boto3 raises.
    """
    found = [
        Orphan(kind, called, since)
        for arn, kind, name in _tagged(account, stack)
        if (arn or name) not in known and not _FOLLOWERS.fullmatch(kind)
        if (called := _CALLED[kind](account, name) if kind in _CALLED else name)
        if (since := _since(account, kind, called)) is not None
    ]
    return sorted(set(found), key=str)


def _tagged(account: Account, stack: str) -> Iterator[tuple[str, str, str]]:
    """ARN (of what has one), kind and name. Of EC2 its own listing is asked, which forgets a thing's tags with it."""
    for arn in account.tagged(stack):
        _, _, service, _, _, rest = arn.split(
            ":", 5
        )  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        kind, _, name = rest.partition(":" if re.match("[^/]*:", rest) else "/")
        if service in ("s3", "sqs", "sns"):  # whose ARNs have no kind
            kind, name = {"s3": "bucket", "sqs": "queue", "sns": "topic"}[service], rest
        if service != "ec2":
            yield arn.removesuffix(":*"), f"{service}:{kind}", name.removesuffix(":*")
    for kind, name in account.tagged_in_ec2(stack):
        yield "", f"ec2:{kind}", name
    for role in account.tagged_roles(stack):
        yield role["Arn"], "iam:role", role["RoleName"]
    for profile in account.tagged_instance_profiles(stack):
        yield profile["Arn"], "iam:instance-profile", profile["InstanceProfileName"]
    if stack == "warehouse":  # these have no tags
        for action in scheduled_actions(account.environment, account.region):
            yield "", "redshift:scheduledaction", action


def _since(account: Account, kind: str, name: str) -> str | None:
    """Since when it is there, empty if AWS does not tell, or None if it is gone: the tagging API names for a while what
    was deleted (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html).
    """
    look = _AGES.get(kind)
    return look(account, name) if look else ""


def _queue_url(account: Account, name: str) -> str | None:
    found = account.answers("sqs", "get_queue_url", QueueName=name)
    return found["QueueUrl"] if found else None


def _serverless(kind: str) -> Callable[[Account, str], str | None]:
    """The ARN of a namespace or a workgroup ends with its ID, and the calls want its name
    (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html).
    """

    def name(account: Account, identifier: str) -> str | None:
        pages = account.client("redshift-serverless").get_paginator(f"list_{kind}s").paginate()
        named = pages.search(f"{kind}s[?{kind}Id=='{identifier}'].{kind}Name")
        return next(named, None)

    return name


#: What AWS's commands call a thing whose ARN has another name for it, or None if it is gone.
_CALLED: dict[str, Callable[[Account, str], str | None]] = {
    "redshift-serverless:namespace": _serverless("namespace"),
    "redshift-serverless:workgroup": _serverless("workgroup"),
    "sqs:queue": _queue_url,
}


def _there(service: str, method: str, parameter: str) -> Callable[[Account, str], str | None]:
    """Whether what has no date is there, which a service describes by its name."""
    return lambda account, name: "" if account.answers(service, method, **{parameter: name}) else None


def _key(account: Account, name: str) -> str | None:
    key = (account.answers("kms", "describe_key", KeyId=name) or {}).get("KeyMetadata")
    return f"{key['CreationDate']:%Y-%m-%d %H:%M}" if key and key["KeyState"] != "PendingDeletion" else None


def _cluster(account: Account, name: str) -> str | None:
    clusters = account.answers("redshift", "describe_clusters", ClusterIdentifier=name)
    return day(clusters["Clusters"][0], "ClusterCreateTime") if clusters else None


def _bucket(account: Account, name: str) -> str | None:
    return f"{account.buckets[name]:%Y-%m-%d %H:%M}" if name in account.buckets else None


def _role(account: Account, name: str) -> str | None:
    return next((day(role, "CreateDate") for role in account.roles if role["RoleName"] == name), None)


def _log_group(account: Account, name: str) -> str | None:
    groups = account.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return "" if name in {group["logGroupName"] for group in groups} else None


_AGES: dict[str, Callable[[Account, str], str | None]] = {
    **{f"ec2:{kind}": look for kind, look in EC2_AGES.items()},
    "events:rule": _there("events", "describe_rule", "Name"),
    "iam:role": _role,
    "kms:key": _key,
    "logs:log-group": _log_group,
    "redshift:cluster": _cluster,
    "redshift:parametergroup": _there("redshift", "describe_cluster_parameter_groups", "ParameterGroupName"),
    "redshift:subnetgroup": _there("redshift", "describe_cluster_subnet_groups", "ClusterSubnetGroupName"),
    "redshift:usagelimit": _there("redshift", "describe_usage_limits", "UsageLimitId"),
    "s3:bucket": _bucket,
}
