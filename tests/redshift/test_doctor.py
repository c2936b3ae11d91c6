"""What the doctor says of a cluster, and of who logs in to AWS."""

from __future__ import annotations

import boto3
import pytest

from sparkify_assets.inspection.health import of_warehouse
from sparkify_assets.inspection.machine import of_aws
from sparkify_assets.warehouse.errors import WarehouseError
from tests.conftest import settings_for
from tests.redshift.conftest import LoopbackCluster


def test_a_cluster_is_named_with_its_version_and_whose_login_it_is(ready: LoopbackCluster) -> None:
    (found,) = of_warehouse(ready.warehouse())
    assert found.state == "ok"
    assert ": Redshift 1.0.77467, with " in found.said
    settings = settings_for(ready.root, ready.root, warehouse=ready.url())
    (login,) = of_aws(settings)
    identity = boto3.client("sts").get_caller_identity()
    assert (login.state, login.said) == ("ok", f"{identity['Arn']} in us-west-2")


def test_a_paused_cluster_is_not_resumed_to_be_looked_at(ready: LoopbackCluster) -> None:
    api = boto3.client("redshift")
    api.pause_cluster(ClusterIdentifier=ready.identifier)
    try:
        with pytest.raises(WarehouseError, match="is paused"):
            of_warehouse(ready.warehouse())
        (found,) = api.describe_clusters(ClusterIdentifier=ready.identifier)["Clusters"]
        assert found["ClusterStatus"] == "paused"
    finally:
        api.resume_cluster(ClusterIdentifier=ready.identifier)
