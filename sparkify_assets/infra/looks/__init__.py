"""Direct looks at AWS for what nobody declared and Terraform cannot see. Each is a function that takes what is declared
and yields findings. All calls only read.

Belongs here: which looks there are, and what becomes of one that AWS refuses. Does not: what one looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from sparkify_assets.infra.declared import Declared
from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.looks import bucket, cluster, key, logs, network, secret, unknown
from sparkify_assets.infra.looks.surroundings import Surroundings


@dataclass(frozen=True)
class Look:
    """`subject` is what is looked at, `beside` the type of resource without which there is nothing to look at."""

    subject: str
    beside: str
    function: Callable[[Surroundings], Iterator[Finding]]


LOOKS = (
    Look("routes", "aws_vpc", network.routes),
    Look("internet gateways", "aws_vpc", network.gateways),
    Look("NAT gateways", "aws_vpc", network.nat_gateways),
    Look("VPC peering", "aws_vpc", network.peerings),
    Look("VPN and transit gateways", "aws_vpc", network.attachments),
    Look("VPC endpoints", "aws_vpc", network.endpoints),
    Look("subnets and ranges of the VPC", "aws_vpc", network.extent),
    Look("rules of security groups", "aws_security_group", network.rules),
    Look("sharing of snapshots", "aws_redshift_cluster", cluster.snapshots),
    Look("datashares", "aws_redshift_cluster", cluster.data_shares),
    Look("endpoints of the cluster", "aws_redshift_cluster", cluster.endpoints),
    Look("the cluster's resource policy", "aws_redshift_cluster", cluster.resource_policies),
    Look("copies of snapshots", "aws_redshift_cluster", cluster.copies),
    Look("parameters of the cluster", "aws_redshift_parameter_group", cluster.parameters),
    Look("scheduled actions", "aws_redshift_cluster", cluster.scheduled_actions),
    Look("ACLs of buckets", "aws_s3_bucket", bucket.acls),
    Look("replication of buckets", "aws_s3_bucket", bucket.replications),
    Look("notifications of buckets", "aws_s3_bucket", bucket.notifications),
    Look("websites of buckets", "aws_s3_bucket", bucket.websites),
    Look("grants of keys", "aws_kms_key", key.grants),
    Look("the administrator's secret", "aws_redshift_cluster", secret.policies),
    Look("subscriptions of logs", "aws_cloudwatch_log_group", logs.subscriptions),
    Look("what carries the environment's tags", "aws_vpc", unknown.things),
)

#: How AWS says that what is declared is not there any more, which the plan tells.
_GONE = ("NotFound", "NoSuchBucket", "NotFoundException", "NotFoundFault", "ResourceNotFoundException")


def undeclared(declared: Declared, region: str) -> list[Finding]:
    """Look at everything. A look that AWS refuses, or does not answer, is a finding too, and stops no other one."""
    surroundings = Surroundings(declared, region)
    found: list[Finding] = []
    for look in LOOKS:
        if not declared.all(look.beside):
            continue
        try:
            for finding in look.function(surroundings):  # what was found before an error counts
                found.append(finding)  # noqa: PERF402
        except ClientError as error:
            if not error.response["Error"]["Code"].endswith(_GONE):
                found.append(_unseen(look, f"{error.operation_name} was refused: {_reason(error)}"))
        except BotoCoreError as error:
            found.append(_unseen(look, str(error)))
    return found


def _unseen(look: Look, why: str) -> Finding:
    return Finding("unseen", look.subject, why, "allow it: deploy/drift-policy.json")


def _reason(error: ClientError) -> str:
    told = error.response["Error"]
    return f"{told['Code']}: {told.get('Message', '')}".strip().splitlines()[0]
