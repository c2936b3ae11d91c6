"""The state of a provisioned cluster: finding, pausing, resuming, resizing and moving it by Redshift's API.

Credentials come from boto3's default chain (profile, SSO, role), as Terraform's do. Does not belong here: connections
to the cluster (`redshift`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparkify_assets.warehouse.service import Capacity, Log, wait_for

if TYPE_CHECKING:
    from types_boto3_redshift import RedshiftClient

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
    security_groups: tuple[str, ...] = ()

    @property
    def paused(self) -> bool:
        """Whether it is unavailable until somebody resumes it."""
        return self.status in ("paused", "pausing")

    @property
    def without_nodes(self) -> bool:
        """Whether it is paused, pausing or resuming. Terraform sees no nodes then, and cannot change it."""
        return self.paused or self.status == "resuming"

    @property
    def weakened(self) -> tuple[str, ...]:
        """Nothing: Terraform sees every parameter of a cluster."""
        return ()

    @property
    def capacity(self) -> Capacity:
        """What is paid for while it runs."""
        return Capacity(self.node_type, self.nodes)

    def pause(self, log: Log) -> str:
        """Pause it and wait; what holds then, in a sentence."""
        pause(self, log)
        return "The cluster is paused."

    def resume(self, log: Log) -> Cluster:
        """Resume it and wait until it is available."""
        return resume(self, log)

    def wait_until_available(self, log: Log) -> Cluster:
        """Wait until it is available. Raises ClusterError when it is gone or takes too long."""
        return wait_for_status(self, "available", log)


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
        security_groups=tuple(group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups", [])),
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


def move_to_port(cluster: Cluster, port: int, log: Log) -> Cluster:
    """Have an available cluster accept connections on another port, and wait until it does.

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_ModifyCluster.html (Port)
    """
    _redshift(cluster.region).modify_cluster(ClusterIdentifier=cluster.identifier, Port=port)
    return _wait(
        cluster, f"available on port {port}", lambda now: now.status == "available" and now.port == port, log
    )


def elastic_sizes(cluster: Cluster) -> set[tuple[str, int]]:
    """The node types and numbers of nodes that an elastic resize can bring the cluster to.

    Any other needs a classic one:
    https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeNodeConfigurationOptions.html
    """
    pages = _redshift(cluster.region).get_paginator("describe_node_configuration_options")
    found = pages.paginate(ActionType="resize-cluster", ClusterIdentifier=cluster.identifier)
    return {
        (o["NodeType"], o["NumberOfNodes"]) for page in found for o in page["NodeConfigurationOptionList"]
    }


def resize(cluster: Cluster, node_type: str, nodes: int, log: Log) -> Cluster:
    """Resize an available cluster elastically, and wait until it has that size.

    https://docs.aws.amazon.com/redshift/latest/APIReference/API_ResizeCluster.html
    """
    kind = "multi-node" if nodes > 1 else "single-node"
    _redshift(cluster.region).resize_cluster(
        ClusterIdentifier=cluster.identifier,
        ClusterType=kind,
        NodeType=node_type,
        NumberOfNodes=nodes,
        Classic=False,
    )
    return _wait(
        cluster,
        f"available with {nodes} × {node_type}",
        lambda now: (now.status, now.node_type, now.nodes) == ("available", node_type, nodes),
        log,
    )


def wait_for_status(cluster: Cluster, status: str, log: Log, seconds: float = PAUSE_SECONDS) -> Cluster:
    """The cluster once its status is `status`. Raises ClusterError when it is gone, or after `seconds`."""
    return _wait(cluster, status, lambda now: now.status == status, log, seconds)


def _wait(
    cluster: Cluster,
    wanted: str,
    reached: Callable[[Cluster], bool],
    log: Log,
    seconds: float = PAUSE_SECONDS,
) -> Cluster:
    """Read the cluster until it is as `reached` says, which is `wanted` in words."""

    def read() -> Cluster | None:
        return find_cluster(cluster.identifier, cluster.region)

    title = f"cluster {cluster.identifier}"
    return wait_for(read(), read, title, wanted, reached, log, seconds=seconds, poll_seconds=POLL_SECONDS)


def _redshift(region: str | None) -> RedshiftClient:
    import boto3  # here: its import costs a quarter of a second that only Redshift needs

    return boto3.client("redshift", region_name=region)
