"""What is shared of the cluster and what acts on it that no stack declares: snapshots, datashares, endpoints, its
resource policy, copies to other regions, scheduled actions.

The calls: https://docs.aws.amazon.com/redshift/latest/APIReference/.

Belongs here: what surrounds the cluster. Does not: its own settings, which the plan sees (`exposures`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.grants import allowed
from sparkify_assets.infra.looks.surroundings import Surroundings

#: The states of a consumer's association that give it data, or will:
#: https://docs.aws.amazon.com/redshift/latest/APIReference/API_DataShareAssociation.html
_SHARED = {"ACTIVE", "AUTHORIZED", "AVAILABLE", "PENDING_AUTHORIZATION"}


def snapshots(look: Surroundings) -> Iterator[Finding]:
    """Snapshots that other accounts may restore, final ones among them."""
    pages = look.client("redshift").get_paginator("describe_cluster_snapshots")
    for cluster in _clusters(look):
        for snapshot in pages.paginate(ClusterIdentifier=cluster).search("Snapshots[]"):
            name = snapshot["SnapshotIdentifier"]
            for account in snapshot.get("AccountsWithRestoreAccess") or []:
                yield look.finding(
                    "exposed", f"snapshot {name}", f"account {account['AccountId']} may restore it",
                    "redshift revoke-snapshot-access", snapshot_identifier=name, snapshot_cluster_identifier=cluster,
                    account_with_restore_access=account["AccountId"],
                )  # fmt: skip


def data_shares(look: Surroundings) -> Iterator[Finding]:
    """Datashares of the cluster that another account may read. Those within the account are the database's own."""
    declared = {
        (share["data_share_arn"], share["consumer_identifier"])
        for share in look.declared.all("aws_redshift_data_share_authorization")
    }
    pages = look.client("redshift").get_paginator("describe_data_shares_for_producer")
    for namespace in _namespaces(look):
        for share in pages.paginate(ProducerArn=namespace).search("DataShares[]"):
            for consumer in share.get("DataShareAssociations", []):
                arn, who = share["DataShareArn"], consumer["ConsumerIdentifier"]
                ours = look.account in who or (arn, who) in declared
                if consumer["Status"] in _SHARED and not ours:
                    yield look.finding(
                        "exposed", f"datashare {arn}", f"{look.of(who) if who.isdigit() else who} may read it",
                        "redshift deauthorize-data-share", data_share_arn=arn, consumer_identifier=who,
                    )  # fmt: skip


def endpoints(look: Surroundings) -> Iterator[Finding]:
    """Further endpoints of the cluster, and the accounts that may make one."""
    redshift = look.client("redshift")
    declared = look.declared.every("endpoint_name", "aws_redshift_endpoint_access")
    granted = look.declared.every("account", "aws_redshift_endpoint_authorization")
    for cluster in _clusters(look):
        found = redshift.get_paginator("describe_endpoint_access").paginate(ClusterIdentifier=cluster)
        for endpoint in found.search("EndpointAccessList[]"):
            name = endpoint["EndpointName"]
            if name not in declared:
                vpc = endpoint.get("VpcEndpoint", {}).get("VpcId") or endpoint.get("SubnetGroupName")
                yield look.finding(
                    "exposed", f"endpoint {name}",
                    f"{vpc} of {look.of(endpoint['ResourceOwner'])} can reach the cluster",
                    "redshift delete-endpoint-access", endpoint_name=name,
                )  # fmt: skip
        for grant in (
            redshift.get_paginator("describe_endpoint_authorization")
            .paginate(ClusterIdentifier=cluster)
            .search("EndpointAuthorizationList[]")
        ):
            if grant["Grantee"] not in granted and grant.get("Status") != "Revoking":
                yield look.finding(
                    "exposed", f"cluster {cluster}",
                    f"{look.of(grant['Grantee'])} may reach it by an endpoint of its own",
                    "redshift revoke-endpoint-access", cluster_identifier=cluster, account=grant["Grantee"],
                )  # fmt: skip


def resource_policies(look: Surroundings) -> Iterator[Finding]:
    """The policy of the cluster's namespace, by which other accounts and services act on it."""
    redshift = look.client("redshift")
    declared = look.declared.every("resource_arn", "aws_redshift_resource_policy")
    for namespace in _namespaces(look):
        if namespace in declared:  # then the plan sees it
            continue
        try:
            policy = redshift.get_resource_policy(ResourceArn=namespace)["ResourcePolicy"]["Policy"]
        except redshift.exceptions.ResourceNotFoundFault:
            continue
        for what in allowed(policy):
            yield look.finding(
                "exposed", f"namespace {namespace}", what,
                "redshift delete-resource-policy", resource_arn=namespace,
            )  # fmt: skip


def copies(look: Surroundings) -> Iterator[Finding]:
    """Copies of the snapshots to another region, and grants of the key for them."""
    redshift = look.client("redshift")
    ours = look.declared.every("cluster_identifier", "aws_redshift_snapshot_copy")
    for name in sorted(set(_clusters(look)) - {*ours}):
        [cluster] = redshift.describe_clusters(ClusterIdentifier=name)["Clusters"]
        if copy := cluster.get("ClusterSnapshotCopyStatus"):
            yield look.finding(
                "differs", f"cluster {name}", f"its snapshots are copied to {copy['DestinationRegion']}",
                "redshift disable-snapshot-copy", cluster_identifier=name,
            )  # fmt: skip
    granted = look.declared.every("snapshot_copy_grant_name", "aws_redshift_snapshot_copy_grant")
    keys = {*look.declared.every("arn", "aws_kms_key"), *look.declared.every("key_id", "aws_kms_key")}
    pages = redshift.get_paginator("describe_snapshot_copy_grants").paginate()
    for grant in pages.search("SnapshotCopyGrants[]"):
        name = grant["SnapshotCopyGrantName"]
        if name not in granted and grant.get("KmsKeyId") in keys:
            yield look.finding(
                "differs", f"snapshot copy grant {name}", "copies of snapshots may be encrypted by our key",
                "redshift delete-snapshot-copy-grant", snapshot_copy_grant_name=name,
            )  # fmt: skip


def parameters(look: Surroundings) -> Iterator[Finding]:
    """Parameters that somebody set and no stack declares. The plan shows them, but the provider 5.100 only ever sets
    parameters (its resourceParameterGroupUpdate), so that no apply takes one away.
    """
    pages = look.client("redshift").get_paginator("describe_cluster_parameters")
    for group in look.declared.all("aws_redshift_parameter_group"):
        declared = {parameter["name"] for parameter in group["parameter"]}
        for found in pages.paginate(ParameterGroupName=group["name"], Source="user").search("Parameters[]"):
            name = found["ParameterName"]
            if name not in declared:
                yield look.finding(
                    "differs", f"parameter group {group['name']}", f"{name} is {found['ParameterValue']}",
                    "redshift reset-cluster-parameter-group", parameter_group_name=group["name"],
                    parameters=[{"ParameterName": name}],
                )  # fmt: skip


def scheduled_actions(look: Surroundings) -> Iterator[Finding]:
    """What pauses, resumes or resizes the cluster by the clock."""
    declared = look.declared.every("name", "aws_redshift_scheduled_action")
    pages = look.client("redshift").get_paginator("describe_scheduled_actions").paginate()
    for action in pages.search("ScheduledActions[]"):
        name = action["ScheduledActionName"]
        for kind, target in action["TargetAction"].items():
            if target.get("ClusterIdentifier") in _clusters(look) and name not in declared:
                yield look.finding(
                    "differs", f"scheduled action {name}", f"{kind} of the cluster at {action.get('Schedule')}",
                    "redshift delete-scheduled-action", scheduled_action_name=name,
                )  # fmt: skip


def _clusters(look: Surroundings) -> list[str]:
    return look.declared.every("cluster_identifier", "aws_redshift_cluster")


def _namespaces(look: Surroundings) -> list[Any]:
    return look.declared.every("cluster_namespace_arn", "aws_redshift_cluster")
