"""The state of a provisioned cluster: finding, pausing and resuming it by Redshift's API.

Credentials come from boto3's default chain (profile, SSO, role), as Terraform's do. Does not belong here: connections
to the cluster (`cluster`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparkify_assets.warehouse.errors import ClusterError

if TYPE_CHECKING:
    from types_boto3_redshift import RedshiftClient

Log = Callable[[str], None]

#: How many seconds a pause or resume may take; AWS speaks of minutes:
#: https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-pause-resume-cluster.html
PAUSE_SECONDS = 1800.0

#: How many seconds pass before the status is read again.
POLL_SECONDS = 15.0


@dataclass(frozen=True)
class Cluster:
    """A Redshift cluster as describe_clusters returns it. `host` is empty while it is being created, and
    `secret_arn` where the cluster manages no secret of its administrator. `nodes` counts those of both zones of a
    Multi-AZ deployment, which all cost the same
    (https://docs.aws.amazon.com/redshift/latest/mgmt/managing-cluster-multi-az.html).
    """

    identifier: str
    region: str
    status: str
    host: str
    port: int
    database: str
    public: bool
    role_arns: tuple[str, ...]
    secret_arn: str
    nodes: int
    node_type: str

    @property
    def paused(self) -> bool:
        """Whether it is unavailable until somebody resumes it."""
        return self.status in ("paused", "pausing")

    @property
    def without_nodes(self) -> bool:
        """Whether it is paused, pausing or resuming. Terraform sees no nodes then, and cannot change it."""
        return self.paused or self.status == "resuming"


def find_cluster(identifier: str, region: str | None) -> Cluster | None:
    """The cluster of that name, or None. Without a region it is looked for in the one that boto3 is configured for."""
    redshift = _redshift(region)
    try:
        found = redshift.describe_clusters(ClusterIdentifier=identifier)["Clusters"][0]
    except redshift.exceptions.ClusterNotFoundFault:
        return None
    endpoint = found.get("Endpoint") or {}
    return Cluster(
        identifier=identifier,
        region=redshift.meta.region_name,
        status=found["ClusterStatus"],
        host=endpoint.get("Address", ""),
        port=endpoint.get("Port", 0),
        database=found["DBName"],
        public=found["PubliclyAccessible"],
        role_arns=tuple(role["IamRoleArn"] for role in found.get("IamRoles", [])),
        secret_arn=found.get("MasterPasswordSecretArn", ""),
        nodes=found["NumberOfNodes"] * (2 if found.get("MultiAZ", "").lower() == "enabled" else 1),
        node_type=found["NodeType"],
    )


def pause(cluster: Cluster, log: Log) -> None:
    """Pause the cluster unless it is paused already, and wait until it is."""
    if not cluster.paused:
        _redshift(cluster.region).pause_cluster(ClusterIdentifier=cluster.identifier)
    wait_for_status(cluster, "paused", log)


def resume(cluster: Cluster, log: Log) -> Cluster:
    """Resume the cluster unless it is available already, and wait until it is."""
    if cluster.status == "pausing":  # Redshift refuses to resume before it has paused
        wait_for_status(cluster, "paused", log)
    if cluster.paused:
        _redshift(cluster.region).resume_cluster(ClusterIdentifier=cluster.identifier)
    return wait_for_status(cluster, "available", log)


def wait_for_status(cluster: Cluster, status: str, log: Log, seconds: float = PAUSE_SECONDS) -> Cluster:
    """The cluster once its status is `status`. Raises ClusterError when it is gone, or after `seconds`.

    boto3's waiters know `available` only, keep waiting for a cluster that is gone, and report no progress.
    """
    until = time.monotonic() + seconds
    while True:
        now = find_cluster(cluster.identifier, cluster.region)
        if now is None:
            raise ClusterError(f"cluster {cluster.identifier} is gone")
        if now.status == status:
            return now
        if time.monotonic() > until:
            raise ClusterError(
                f"cluster {cluster.identifier} is still {now.status} after {seconds:.0f} s, not {status}"
            )
        log(f"Cluster {cluster.identifier} is {now.status}; waiting for {status}.")
        time.sleep(POLL_SECONDS)


def _redshift(region: str | None) -> RedshiftClient:
    import boto3  # here: its import costs a quarter of a second that only Redshift needs

    return boto3.client("redshift", region_name=region)
