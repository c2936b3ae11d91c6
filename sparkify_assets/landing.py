"""The landed objects as external assets: Dagster shows them and never makes them
(https://docs.dagster.io/guides/build/assets/external-assets).
"""

from __future__ import annotations

import dagster as dg

from sparkify_assets.partitions import Dataset
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
            description="One small JSON file a song, `song_data/A/B/C/TR….json`; loaded by prefix (`AB`).",
            metadata={"source": f"{settings.source}/song_data"},
        ),
        dg.AssetSpec(
            "log_data",
            group_name="landing",
            kinds={"json", "s3"},
            owners=["team:data-engineering"],
            description="The app's events, one file a day: `log_data/2018/11/2018-11-12-events.json`.",
            metadata={"source": f"{settings.source}/log_data"},
        ),
    ]
