"""What of a cluster is shared with others: snapshots, datashares, endpoints, the namespace's policy, copies. moto 5.2.5
knows none of these calls but those of copies. The shapes follow
https://docs.aws.amazon.com/redshift/latest/APIReference/. Only what a look for drift asks, and what undoes it, is here.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from . import control


class Shared:
    """What is shared, by its own name, in one account and region."""

    def __init__(self) -> None:
        self.data_shares: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.grantees: dict[tuple[str, str], dict[str, Any]] = {}
        self.policies: dict[str, str] = {}


class Sharing:
    """The actions, for the class that answers Redshift's calls; a method's name is the action's."""

    redshift_backend: Any
    _get_param: Any

    @property
    def _shared(self) -> Shared:
        shared: Shared = self.redshift_backend.shared
        return shared

    # Snapshots: AccountsWithRestoreAccess of https://docs.aws.amazon.com/redshift/latest/APIReference/API_Snapshot.html

    def authorize_snapshot_access(self) -> ActionResult:
        snapshot, account = self._snapshot_and_account()
        snapshot.accounts_with_restore_access.append({"AccountId": account})
        return ActionResult({"Snapshot": snapshot})

    def revoke_snapshot_access(self) -> ActionResult:
        snapshot, account = self._snapshot_and_account()
        snapshot.accounts_with_restore_access.remove({"AccountId": account})
        return ActionResult({"Snapshot": snapshot})

    def _snapshot_and_account(self) -> tuple[Any, str]:
        name = self._get_param("SnapshotIdentifier")
        [snapshot] = self.redshift_backend.describe_cluster_snapshots(snapshot_identifier=name)
        return snapshot, self._get_param("AccountWithRestoreAccess")

    # Datashares, which SQL makes: https://docs.aws.amazon.com/redshift/latest/APIReference/API_DataShare.html

    def authorize_data_share(self) -> ActionResult:
        arn, consumer = self._get_param("DataShareArn"), self._get_param("ConsumerIdentifier")
        namespace = arn.replace(":datashare:", ":namespace:").rpartition("/")[0]
        share = self._shared.data_shares.setdefault(
            arn,
            {
                "DataShareArn": arn,
                "ProducerArn": namespace,
                "AllowPubliclyAccessibleConsumers": False,
                "DataShareAssociations": [],
            },
        )
        share["DataShareAssociations"].append({"ConsumerIdentifier": consumer, "Status": "AUTHORIZED"})
        return ActionResult(share)

    def deauthorize_data_share(self) -> ActionResult:
        share = self._shared.data_shares[self._get_param("DataShareArn")]
        for association in share["DataShareAssociations"]:
            if association["ConsumerIdentifier"] == self._get_param("ConsumerIdentifier"):
                association["Status"] = "DEAUTHORIZED"
        return ActionResult(share)

    def describe_data_shares_for_producer(self) -> ActionResult:
        producer = self._get_param("ProducerArn")
        shares = [share for share in self._shared.data_shares.values() if share["ProducerArn"] == producer]
        return ActionResult({"DataShares": shares})

    # Endpoints: https://docs.aws.amazon.com/redshift/latest/APIReference/API_EndpointAccess.html

    def create_endpoint_access(self) -> ActionResult:
        endpoint = {
            "ClusterIdentifier": self._get_param("ClusterIdentifier"),
            "EndpointName": self._get_param("EndpointName"),
            "SubnetGroupName": self._get_param("SubnetGroupName"),
            "ResourceOwner": self._get_param("ResourceOwner") or self.redshift_backend.account_id,
            "EndpointStatus": "active",
        }
        self._shared.endpoints[endpoint["EndpointName"]] = endpoint
        return ActionResult(endpoint)

    def describe_endpoint_access(self) -> ActionResult:
        return ActionResult({"EndpointAccessList": self._of_cluster(self._shared.endpoints)})

    def delete_endpoint_access(self) -> ActionResult:
        return ActionResult(self._shared.endpoints.pop(self._get_param("EndpointName")))

    def authorize_endpoint_access(self) -> ActionResult:
        cluster, account = self._get_param("ClusterIdentifier"), self._get_param("Account")
        grant = {
            "Grantor": self.redshift_backend.account_id,
            "Grantee": account,
            "ClusterIdentifier": cluster,
            "Status": "Authorized",
            "AllowedAllVPCs": True,
        }
        self._shared.grantees[cluster, account] = grant
        return ActionResult(grant)

    def describe_endpoint_authorization(self) -> ActionResult:
        return ActionResult({"EndpointAuthorizationList": self._of_cluster(self._shared.grantees)})

    def revoke_endpoint_access(self) -> ActionResult:
        key = self._get_param("ClusterIdentifier"), self._get_param("Account")
        return ActionResult(self._shared.grantees.pop(key))

    def _of_cluster(self, found: dict[Any, dict[str, Any]]) -> list[dict[str, Any]]:
        wanted = self._get_param("ClusterIdentifier")
        return [each for each in found.values() if wanted in (None, each["ClusterIdentifier"])]

    # The namespace's policy: https://docs.aws.amazon.com/redshift/latest/APIReference/API_ResourcePolicy.html

    def put_resource_policy(self) -> ActionResult:
        self._shared.policies[self._get_param("ResourceArn")] = self._get_param("Policy")
        return self.get_resource_policy()

    def get_resource_policy(self) -> ActionResult:
        arn = self._get_param("ResourceArn")
        if arn not in self._shared.policies:
            raise control.Refusal("ResourceNotFoundFault", f"{arn} has no policy.")
        return ActionResult({"ResourcePolicy": {"ResourceArn": arn, "Policy": self._shared.policies[arn]}})

    def delete_resource_policy(self) -> EmptyResult:
        del self._shared.policies[self._get_param("ResourceArn")]
        return EmptyResult()
