"""How a provisioned cluster is reached: its endpoint, resumed first if it sleeps, and GetClusterCredentials.

Every load connects as one database user, whatever the IAM role, so that laptop and server own the same tables.

Does not belong here: a cluster's states (`cluster_state`), connections (`redshift`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sparkify_assets.warehouse import cluster_state, errors
from sparkify_assets.warehouse.address import READER, READERS, Address
from sparkify_assets.warehouse.cluster_state import Cluster
from sparkify_assets.warehouse.service import CREDENTIALS_SECONDS, Credentials, Log, administrator


@dataclass(frozen=True)
class Provisioned:
    """A cluster of nodes. `log` receives a line for each wait."""

    address: Address
    log: Log
    has_stl_views = True

    @property
    def title(self) -> str:
        """Its kind and name, for messages."""
        return f"cluster {self.address.name}"

    def loader(self) -> str:
        """The database user that owns and loads the tables."""
        return self.address.user

    def available(self) -> Cluster:
        """The cluster, once it accepts connections. Raises ClusterError."""
        cluster = self.described()
        if cluster.without_nodes:
            if cluster.paused and not self.address.resume:
                raise errors.ClusterError(
                    f"{self.title} is {cluster.status}, and resume=no: `sparkify infra resume` resumes it"
                )
            self.log(
                f"Cluster {cluster.identifier} is {cluster.status}; resuming it, which takes some minutes."
            )
            cluster = cluster_state.resume(cluster, self.log)
        if not cluster.host:
            raise errors.ClusterError(f"{self.title} is {cluster.status} and has no endpoint yet")
        return cluster

    def described(self) -> Cluster:
        """The cluster as it is now. Raises ClusterError if there is none."""
        cluster = cluster_state.find_cluster(self.address.name, self.address.region)
        if cluster is None:
            raise errors.ClusterError(f"there is no {self.title}")
        return cluster

    def credentials(self) -> Credentials:
        """New credentials of the kind that the address asks for."""
        if self.address.login == "secret":
            return administrator(self.title, self.described().secret_arn, self.address.region)
        return self._of_user(DbUser=self.address.user, AutoCreate=False)

    def reader(self) -> Credentials:
        """New credentials of a user in the group of readers, which is made at its first login, or of the user that
        belongs to the IAM identity, if the address says so.
        """
        return self._of_user(DbUser=READER, DbGroups=[READERS], AutoCreate=True)

    def _of_user(self, **user: Any) -> Credentials:
        import boto3  # here, because it takes a quarter of a second that only Redshift needs

        redshift = boto3.client("redshift", region_name=self.address.region)
        asked: dict[str, Any] = {
            "ClusterIdentifier": self.address.name,
            "DbName": self.address.database,
            "DurationSeconds": CREDENTIALS_SECONDS,
        }
        if self.address.login == "iam":
            answer: Any = redshift.get_cluster_credentials_with_iam(**asked)
        else:
            answer = redshift.get_cluster_credentials(**asked, **user)
        return Credentials(answer["DbUser"], answer["DbPassword"], answer["Expiration"])
