"""Snapshots of Redshift, restoring them, and copying them to another region, as moto 5.2.5 leaves them incomplete.

Sources: https://docs.aws.amazon.com/redshift/latest/APIReference/ (RestoreFromClusterSnapshot, EnableSnapshotCopy,
DeleteSnapshotCopyGrant).
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.redshift import models, responses

from . import control


class Snapshot(models.Snapshot):
    """A snapshot that knows its key, and the size that its cost follows from."""

    total_backup_size_in_mega_bytes = 2048.0

    def __init__(self, cluster: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(cluster, *args, **kwargs)
        self.kms_key_id = cluster.kms_key_id
        self.accounts_with_restore_access: list[dict[str, str]] = []


class Grant(models.SnapshotCopyGrant):
    """https://docs.aws.amazon.com/redshift/latest/APIReference/API_SnapshotCopyGrant.html"""

    def __init__(
        self, backend: models.RedshiftBackend, name: str, key: str, tags: list[dict[str, str]]
    ) -> None:
        super().__init__(name, key)
        models.TaggableResourceMixin.__init__(self, backend.account_id, backend.region_name, tags)

    @property
    def resource_id(self) -> str:
        return self.snapshot_copy_grant_name


def restored_from(
    backend: models.RedshiftBackend, cluster: Any, snapshot: str, *, key: str | None, nodes: int | None
) -> None:
    """What a restored cluster takes from its snapshot, unless the call has a key or a number of nodes. It has no tags:
    they are the snapshot's.
    """
    found = backend.describe_cluster_snapshots(snapshot_identifier=snapshot)[0]
    assert isinstance(found, Snapshot)
    cluster.encrypted = found.encrypted
    cluster.kms_key_id = key or found.kms_key_id
    cluster.number_of_nodes = nodes or found.number_of_nodes


class Grants(models.RedshiftBackend):
    """Copying to another region, by a grant of that region."""

    def enable_snapshot_copy(self, **kwargs: Any) -> models.Cluster:
        grant, region = kwargs["snapshot_copy_grant_name"], kwargs["destination_region"]
        there = models.redshift_backends[self.account_id][region]
        if grant is not None:
            there.describe_snapshot_copy_grants(snapshot_copy_grant_name=grant)
        cluster = super().enable_snapshot_copy(**kwargs)
        assert cluster.cluster_snapshot_copy_status is not None
        cluster.cluster_snapshot_copy_status["ManualSnapshotRetentionPeriod"] = -1
        return cluster

    def grant(self, name: str, key: str, tags: list[dict[str, str]]) -> models.SnapshotCopyGrant:
        """A new grant, with its tags."""
        self.create_snapshot_copy_grant(snapshot_copy_grant_name=name, kms_key_id=key)
        self.snapshot_copy_grants[name] = Grant(self, name, key, tags)
        return self.snapshot_copy_grants[name]

    def delete_snapshot_copy_grant(self, **kwargs: Any) -> models.SnapshotCopyGrant:
        """Refused while a cluster of any region copies by it (InvalidSnapshotCopyGrantStateFault)."""
        grant = kwargs["snapshot_copy_grant_name"]
        for backend in models.redshift_backends[self.account_id].values():
            for cluster in backend.clusters.values():
                status = cluster.cluster_snapshot_copy_status or {}
                if (status.get("SnapshotCopyGrantName"), status.get("DestinationRegion")) == (
                    grant,
                    self.region_name,
                ):
                    raise control.Refusal(
                        "InvalidSnapshotCopyGrantStateFault", f"{cluster.cluster_identifier} uses {grant}."
                    )
        return super().delete_snapshot_copy_grant(**kwargs)


class Restoring(responses.RedshiftResponse):
    """The actions, for the class that answers Redshift's calls; a method's name is the action's."""

    def restore_from_cluster_snapshot(self) -> ActionResult:
        if arn := self._get_param("SnapshotArn"):
            self.params = {**self.params, "SnapshotIdentifier": arn.rpartition("/")[2]}
        super().restore_from_cluster_snapshot()
        cluster = self.cluster()  # type: ignore[attr-defined]
        restored_from(
            self.redshift_backend,
            cluster,
            self._get_param("SnapshotIdentifier"),
            key=self._get_param("KmsKeyId"),
            nodes=self._get_int_param("NumberOfNodes"),
        )
        return self.completed(cluster)  # type: ignore[attr-defined]

    def create_snapshot_copy_grant(self) -> ActionResult:
        names = (self._get_param("SnapshotCopyGrantName"), self._get_param("KmsKeyId"))
        grant = self.redshift_backend.grant(*names, self._get_param("Tags", []))  # type: ignore[attr-defined]
        return ActionResult({"SnapshotCopyGrant": grant})
