"""The landed objects as external assets: Dagster shows them and never makes them
(https://docs.dagster.io/guides/build/assets/external-assets).
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from sparkify_assets.defs.metadata import code_reference, tags
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.model.fields import expected_fields
from sparkify_assets.model.tables import TABLES
from sparkify_assets.settings import Settings

#: The external asset of each data set.
LANDED: dict[Dataset, str] = {"events": "log_data", "songs": "song_data"}


def landing_assets(settings: Settings) -> list[dg.AssetSpec]:
    """`song_data` and `log_data`, as they lie in the source."""
    return [
        dg.AssetSpec(
            "song_data",
            group_name="landing",
            kinds={"json", "s3"},
            owners=["team:data-engineering"],
            tags=tags("library"),
            description="One small JSON file a song, `song_data/A/B/C/TR….json`; loaded by prefix (`AB`).",
            metadata=_metadata("songs", settings),
        ),
        dg.AssetSpec(
            "log_data",
            group_name="landing",
            kinds={"json", "s3"},
            owners=["team:data-engineering"],
            tags=tags("listening", pii=True),
            description="The app's events, one file a day: `log_data/2018/11/2018-11-12-events.json`.",
            metadata=_metadata("events", settings),
        ),
    ]


def _metadata(dataset: Dataset, settings: Settings) -> dict[str, Any]:
    """Where the objects lie, what loads them, and the fields of their records with the types that they become."""
    *described, _ = TABLES[f"staging_{dataset}"].columns.values()  # the last is the partition's
    fields = zip(expected_fields(dataset).items(), described, strict=True)
    schema = [
        dg.TableColumn(name, type=column, description=description) for (name, column), description in fields
    ]
    return {
        "source": f"{settings.source}/{LANDED[dataset]}",
        "dagster/column_schema": dg.TableSchema(schema),
        **code_reference(f"sql/copy/{dataset}.sql"),
    }
