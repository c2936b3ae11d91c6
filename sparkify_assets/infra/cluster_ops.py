"""What Terraform's provider cannot change of a cluster, or only in a worse way: its port and its size. Redshift's API
changes them before Terraform applies the rest, and the plan is made again.

Belongs here: the changes of the cluster that the plan wants and the provider cannot make. Does not: pausing and
resuming (`ops`), the calls themselves (`warehouse.cluster_state`).
"""

# Annotations are not postponed here, because Dagster reads the type of an op's context from them.

import json
from typing import Any

import boto3
import dagster as dg
from botocore.exceptions import ClientError

from sparkify_assets.infra.ops import refuse_while_loads_run, show_plan, step
from sparkify_assets.infra.plan import Plan
from sparkify_assets.infra.stack import Stack
from sparkify_assets.warehouse import cluster_state

#: The attributes of which the provider makes a classic resize, by ModifyCluster.
_SIZE = ("node_type", "number_of_nodes", "cluster_type")


@step("change_cluster")
def change_cluster(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Moves the cluster to another port, and resizes it elastically, where the plan wants that."""
    wanted = _wanted(stack.read_plan())
    cluster = cluster_state.find_cluster(stack.cluster_identifier, stack.region)
    if cluster is None or not wanted.keys() & {"port", *_SIZE}:
        return
    refuse_while_loads_run(context)
    cluster = cluster_state.wait_for_status(cluster, "available", context.log.info)
    if wanted.keys() & set(_SIZE):
        cluster = _resize(context, cluster, wanted)
    if port := wanted.get("port"):
        _move(context, cluster, port)
    show_plan(context, stack.plan())


def _wanted(plan: Plan) -> dict[str, Any]:
    """The attributes of the cluster that change in place, with their new values."""
    return {
        difference.attribute: json.loads(difference.after)
        for change in plan.changes
        if change.type == "aws_redshift_cluster" and change.action == "change"
        for difference in change.differences
        if difference.attribute in ("port", *_SIZE)
    }


def _resize(
    context: dg.OpExecutionContext, cluster: cluster_state.Cluster, wanted: dict[str, Any]
) -> cluster_state.Cluster:
    """Resize elastically, which takes minutes.

    The provider's ModifyCluster would be a classic resize, during which the cluster is only read, for hours. It stays
    with that where Redshift offers no other:
    https://docs.aws.amazon.com/redshift/latest/mgmt/resizing-cluster.html
    """
    size = (wanted.get("node_type", cluster.node_type), wanted.get("number_of_nodes", cluster.nodes))
    if size == (cluster.node_type, cluster.nodes):
        return cluster
    if size in cluster_state.elastic_sizes(cluster):
        return cluster_state.resize(cluster, *size, context.log.info)
    context.log.warning(
        f"No elastic resize leads from {cluster.nodes} × {cluster.node_type} to {size[1]} × {size[0]}. Terraform asks"
        " for a classic one, during which the cluster is read-only, and which may take hours."
    )
    return cluster


def _move(context: dg.OpExecutionContext, cluster: cluster_state.Cluster, port: int) -> None:
    """Open the cluster's security groups for the new port, move the cluster there, and leave closing the old port to
    Terraform, whose plan has both. In this order nobody is shut out longer than Redshift itself takes.

    The provider moved only the security groups until https://github.com/hashicorp/terraform-provider-aws/pull/45870.
    """
    context.log.info(f"Moving cluster {cluster.identifier} from port {cluster.port} to {port}.")
    _open_port(cluster, port)
    cluster_state.move_to_port(cluster, port, context.log.info)


def _open_port(cluster: cluster_state.Cluster, port: int) -> None:
    """Let in on `port` whoever is let in on the cluster's present port.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
    """
    ec2 = boto3.client("ec2", region_name=cluster.region)
    groups = ec2.describe_security_groups(GroupIds=list(cluster.security_groups))["SecurityGroups"]
    for group in groups:
        for permission in group["IpPermissions"]:
            if (permission.get("FromPort"), permission.get("ToPort")) != (cluster.port, cluster.port):
                continue
            moved: Any = {**permission, "FromPort": port, "ToPort": port}
            try:
                ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[moved])
            except ClientError as error:
                if error.response["Error"]["Code"] != "InvalidPermission.Duplicate":  # of an interrupted run
                    raise
