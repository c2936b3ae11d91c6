"""What the next load would send to Redshift and cost, held against what it then sends."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from sample_data.generate import write_sample
from sparkify_assets.infra.prices import usd_per_hour
from sparkify_assets.inspection.next_load import next_load
from sparkify_assets.load.selection import Selection
from sparkify_assets.warehouse.errors import WarehouseError
from tests.conftest import load_all
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader


def test_statements_and_cost_are_those_of_the_load(ready: LoopbackCluster, tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", events=120, songs=6, days=2, seed=7)
    loader = s3_loader(ready.warehouse(), ready.put_folder(tmp_path / "sample", "landing"), ready, tmp_path)
    found = next_load(loader, Selection(), usd_per_hour)
    assert (found.seconds, found.usd, found.capacity) == (None, None, "1 × ra3.large")
    assert not any(_writes(text) for text in ready.endpoint.statements)

    ready.endpoint.statements.clear()
    load_all(loader)
    # Each of its two data sets makes a plan of its own first: a session, the layout and the ledger.
    assert len(ready.endpoint.statements) == found.statements + 2 * 7  # type: ignore[operator]

    again = next_load(loader, Selection(full=True), usd_per_hour)
    assert again.seconds is not None
    assert again.usd == pytest.approx(usd_per_hour("ra3.large", 1) * again.seconds / 3600)  # type: ignore[operator]


def test_a_paused_cluster_is_not_resumed_for_a_plan(ready: LoopbackCluster, tmp_path: Path) -> None:
    loader = s3_loader(ready.warehouse(), f"s3://{ready.bucket}/landing", ready, tmp_path)
    api = boto3.client("redshift")
    api.pause_cluster(ClusterIdentifier=ready.identifier)
    try:
        with pytest.raises(WarehouseError, match=r"is paused.*`sparkify infra resume` resumes it"):
            next_load(loader, Selection(), usd_per_hour)
        (found,) = api.describe_clusters(ClusterIdentifier=ready.identifier)["Clusters"]
        assert found["ClusterStatus"] == "paused"
    finally:
        api.resume_cluster(ClusterIdentifier=ready.identifier)


def _writes(statement: str) -> bool:
    return statement.lstrip().lower().startswith(("insert", "update", "delete", "create", "copy", "lock"))
