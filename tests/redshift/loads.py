"""Loads from S3 for the tests of the Redshift path: a small made source, and loaders for it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import boto3

from sparkify_assets.load.loader import Loader
from sparkify_assets.source.urls import open_source, open_store
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import settings_for
from tests.redshift.conftest import LoopbackCluster


def s3_loader(
    warehouse: Warehouse, source: str, cluster: LoopbackCluster, home: Path, **changes: object
) -> Loader:
    """A loader from a prefix of the cluster's bucket, with its work area beside it."""
    settings = dataclasses.replace(
        settings_for(home, home),
        **{  # type: ignore[arg-type]
            "source": source,
            "work": f"s3://{cluster.bucket}/work",
            "warehouse": warehouse.url,
            **changes,
        },
    )
    return Loader(settings, warehouse, open_source(settings), open_store(settings.work))


def work_area(cluster: LoopbackCluster) -> list[str]:
    """The keys that are left in the work area."""
    listed = boto3.client("s3").list_objects_v2(Bucket=cluster.bucket, Prefix="work/")
    return [entry["Key"] for entry in listed.get("Contents", [])]
