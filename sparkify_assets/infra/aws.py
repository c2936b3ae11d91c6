"""Questions to AWS that Terraform cannot answer: whether the cluster accepts connections, what a destroyed stack left
behind, and what destroying would lose.

Credentials come from boto3's default chain (profile, SSO, role), as Terraform's do. Times are UTC. Does not belong
here: the state of the cluster (`warehouse.cluster_state`).
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.diagnostics import advise
from sparkify_assets.infra.prices import SNAPSHOT_USD_PER_GB

#: The message that asks a PostgreSQL server whether it supports TLS. The answer is one byte:
#: https://www.postgresql.org/docs/current/protocol-message-formats.html (SSLRequest)
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def describe_error(error: BotoCoreError | ClientError) -> InfrastructureError:
    """An error of boto3 in one line, worded as Terraform's errors are."""
    _, advice = advise(str(error))
    return InfrastructureError(advice or f"AWS: {error}")


def wait_until_it_answers(host: str, port: int, seconds: float = 60.0) -> float:
    """Wait until the server at `host` speaks PostgreSQL's protocol, without logging in; return the seconds it took.

    Raises InfrastructureError after `seconds`, naming the ways to reach a cluster that is private.
    """
    started = time.monotonic()
    retrying = Retrying(
        retry=retry_if_exception_type(OSError),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(min(1.0, seconds / 10)),
        reraise=True,
    )
    try:
        retrying(_ask_for_tls, host, port, min(5.0, seconds))
    except OSError as error:
        raise InfrastructureError(
            f"the cluster is there, but {host}:{port} does not answer from this machine after {seconds:.0f} s"
            f' ({error}). Two ways in: access = "allow_list" with this machine\'s address in warehouse.client_cidrs,'
            ' or access = "port_forward" and the stack\'s output port_forward_command (docs/infrastructure.md)'
        ) from None
    return time.monotonic() - started


def _ask_for_tls(host: str, port: int, timeout: float) -> None:
    """Raise OSError unless a PostgreSQL server answers."""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        connection.sendall(_SSL_REQUEST)
        if connection.recv(1) not in (b"S", b"N"):
            raise ConnectionError("whatever answers there is no database server")


# ---------------------------------------------------------------- what a destroyed stack left behind


@dataclass
class Leftovers:
    """What still carries a stack's tags or name: what is meant to stay, and what should be gone."""

    meant: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


def leftovers(
    environment: str, stack: str, region: str, owned: set[str] | None = None, seconds: float = 120.0
) -> Leftovers:
    """What a destroyed stack left behind, with the cost of what is meant to stay.

    `owned` are the IDs, names and ARNs of what the stack had; what else carries its tags is left alone. Without it,
    nothing is known to be somebody else's.

    The tagging API returns deleted resources for a while, so it is asked again for up to `seconds` while it names any
    that should be gone: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    retrying = Retrying(
        retry=retry_if_result(lambda found: bool(found.unexpected)),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(min(5.0, seconds / 4)),
        retry_error_callback=lambda last: last.outcome.result() if last.outcome else None,
    )
    return retrying(_leftovers, environment, stack, region, owned)


def _leftovers(environment: str, stack: str, region: str, owned: set[str] | None) -> Leftovers:
    found, foreign = Leftovers(), list[str]()

    def tell(what: str) -> None:
        ours = owned is None or what in owned or re.split("[:/ ]", what)[-1] in owned
        told = found.unexpected if ours else foreign
        if what not in told:
            told.append(what)

    for arn in _tagged(environment, stack, region):
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
        _, _, service, _, _, kind, *path = re.split("[:/]", arn)
        kind, name = f"{service}:{kind}", path[-1] if path else ""
        if kind == "redshift:snapshot":
            found.meant.append(_snapshot(name, region))
        elif kind == "rds:snapshot":
            found.meant.append(
                f"final snapshot {name} of Dagster's records, paid by the GB, until"
                f" `aws rds delete-db-snapshot --db-snapshot-identifier {name}`"
            )
        elif service == "ecs":
            # ECS shows what was deleted as INACTIVE for as long as it likes; the state has told that it is gone:
            # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
            continue
        elif kind == "kms:key" and (gone := _key_deletion(name, region)):
            found.meant.append(f"KMS key {name}: deleted for good on {gone}; costs nothing while it waits")
        elif not (kind == "ec2:instance" and _terminated(name, region)):
            tell(arn)
    for what in _untagged(environment, stack, region):
        tell(what)
    if foreign:
        found.meant.append(f"what was not in this state, and is left alone: {', '.join(foreign)}")
    return found


def _tagged(environment: str, stack: str, region: str) -> Iterator[str]:
    wanted = {"Project": "sparkify", "Environment": environment, "Stack": stack}
    tagging = boto3.client("resourcegroupstaggingapi", region_name=region)
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": key, "Values": [value]} for key, value in wanted.items()]
    )
    yield from pages.search("ResourceTagMappingList[].ResourceARN")


def _untagged(environment: str, stack: str, region: str) -> Iterator[str]:
    """What the tagging API does not cover, or not soon: roles, scheduled actions, namespaces and workgroups."""
    iam = boto3.client("iam", region_name=region)
    roles = iam.get_paginator("list_roles").paginate()
    for role in roles.search(f"Roles[?starts_with(RoleName, 'sparkify-{environment}-')]"):
        tags = {t["Key"]: t["Value"] for t in iam.list_role_tags(RoleName=role["RoleName"])["Tags"]}
        if tags.get("Stack") == stack and tags.get("Environment") == environment:
            yield role["Arn"]
    if stack == "warehouse":
        yield from (f"scheduled action {name}" for name in scheduled_actions(environment, region))
        yield from _serverless(f"sparkify-{environment}", region)


def scheduled_actions(environment: str, region: str) -> Iterator[str]:
    """The names of the actions on the cluster of an environment. They have no tags. Raises what boto3 raises."""
    redshift = boto3.client("redshift", region_name=region)
    actions = redshift.get_paginator("describe_scheduled_actions").paginate()
    for action in actions.search("ScheduledActions[]"):
        targets = action["TargetAction"].values()
        if any(target.get("ClusterIdentifier") == f"sparkify-{environment}" for target in targets):
            yield action["ScheduledActionName"]


def _serverless(name: str, region: str) -> Iterator[str]:
    """The workgroup and the namespace of that name."""
    serverless = boto3.client("redshift-serverless", region_name=region)
    workgroups = serverless.get_paginator("list_workgroups").paginate()
    yield from workgroups.search(f"workgroups[?workgroupName=='{name}'].workgroupArn")
    namespaces = serverless.get_paginator("list_namespaces").paginate()
    yield from namespaces.search(f"namespaces[?namespaceName=='{name}'].namespaceArn")


def _snapshot(name: str, region: str) -> str:
    redshift = boto3.client("redshift", region_name=region)
    snapshot = redshift.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"][0]
    gigabytes = snapshot.get("TotalBackupSizeInMegaBytes", 0.0) / 1024
    return (
        f"final snapshot {name}: {gigabytes:.1f} GB, about ${gigabytes * SNAPSHOT_USD_PER_GB:.2f} a month until"
        f" `aws redshift delete-cluster-snapshot --snapshot-identifier {name}`"
    )


def _key_deletion(key: str, region: str) -> str:
    described = boto3.client("kms", region_name=region).describe_key(KeyId=key)["KeyMetadata"]
    return f"{described['DeletionDate']:%Y-%m-%d}" if described["KeyState"] == "PendingDeletion" else ""


def _terminated(instance: str, region: str) -> bool:
    """Whether an instance is gone. EC2 still shows it for about an hour after its termination."""
    try:
        answer = boto3.client("ec2", region_name=region).describe_instances(InstanceIds=[instance])
    except ClientError as error:
        return error.response["Error"]["Code"] == "InvalidInstanceID.NotFound"
    return all(i["State"]["Name"] == "terminated" for r in answer["Reservations"] for i in r["Instances"])


# ---------------------------------------------------------------- what destroying the foundation would lose


def data_at_stake(bucket: str, key_arn: str | None, region: str) -> list[str]:
    """What would be lost with the landing bucket and the key: objects, and snapshots encrypted with the key.

    In a foundation that is only half made, either may be missing.
    """
    at_stake: list[str] = []
    s3 = boto3.client("s3", region_name=region)
    with suppress(s3.exceptions.NoSuchBucket):
        versions = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
        if versions.get("Versions") or versions.get("DeleteMarkers"):
            at_stake.append(f"the objects in bucket {bucket}")
    redshift = boto3.client("redshift", region_name=region)
    snapshots = redshift.get_paginator("describe_cluster_snapshots").paginate().search("Snapshots[]")
    serverless = boto3.client("redshift-serverless", region_name=region)
    at_stake += [
        f"snapshot {snapshot['snapshotName']} (unreadable without the key)"
        for page in serverless.get_paginator("list_snapshots").paginate()
        for snapshot in page.get("snapshots", [])
        if key_arn and snapshot.get("kmsKeyId") == key_arn
    ]
    return at_stake + [
        f"snapshot {snapshot['SnapshotIdentifier']} (unreadable without the key)"
        for snapshot in snapshots
        if key_arn and snapshot.get("KmsKeyId") == key_arn
    ]
