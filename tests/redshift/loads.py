"""Loads from S3 for the tests of the Redshift path."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from sparkify_assets.loading import Loader
from sparkify_assets.resources.landing_zone import open_store
from sparkify_assets.resources.redshift import Warehouse
from tests.conftest import settings_for
from tests.redshift.conftest import LoopbackCluster


def s3_loader(
    warehouse: Warehouse, source: str, cluster: LoopbackCluster, home: Path, **changes: object
) -> Loader:
    """A loader from a prefix of the cluster's bucket, with its work area beside it."""
    settings = dataclasses.replace(
        settings_for(home, home),
        source=source,
        work=f"s3://{cluster.bucket}/work",
        warehouse=warehouse.url,
        **changes,  # type: ignore[arg-type]
    )
    return Loader(settings, warehouse, open_store(settings.source), open_store(settings.work))
