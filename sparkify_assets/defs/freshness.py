"""The check that no day is late, on Dagster's page.

Dagster's freshness policies judge by when an asset was last materialized
(https://docs.dagster.io/guides/labs/freshness). With them, loading an old day would make the asset fresh, and they
would see neither a gap between days nor a day whose events end too early.

Belongs here: the asset check. Does not: the rule (`inspection.freshness`), when the check runs (`schedules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from sparkify_assets.defs.metadata import preview_rows
from sparkify_assets.defs.source_assets import LANDED
from sparkify_assets.inspection.freshness import LateDay, LoadedDay, late_days, loaded_days
from sparkify_assets.load.loader import Loader
from sparkify_assets.settings import Settings


def freshness_check(settings: Settings) -> dg.AssetChecksDefinition:
    """The check that no day is late."""

    @dg.asset_check(
        asset=LANDED["events"],
        name="no_day_is_late",
        description=f"{settings.late_hours:g} hours after its end (UTC), a day is loaded and has events up to its end.",
    )
    def no_day_is_late(loader: dg.ResourceParam[Loader]) -> dg.AssetCheckResult:
        allowed = timedelta(hours=loader.settings.late_hours)
        with loader.warehouse.reading() as transaction:
            loaded = loaded_days(transaction)
        late = late_days(
            loaded,
            last=loader.settings.last_expected or loader.settings.last_day,
            now=datetime.now(UTC).replace(tzinfo=None),
            allowed=allowed,
        )
        return dg.AssetCheckResult(passed=not late, metadata=_metadata(loaded, late, loader.settings))

    return no_day_is_late


def _metadata(
    loaded: list[LoadedDay], late: list[LateDay], settings: Settings
) -> Mapping[str, dg.MetadataValue[Any]]:
    newest = max(loaded, default=None)
    table = [{**item._asdict(), "day": item.day.isoformat()} for item in late[:100]]
    return {
        "late_days": dg.MetadataValue.int(len(late)),
        "allowed_hours": dg.MetadataValue.float(settings.late_hours),
        "days": dg.MetadataValue.int(len(loaded)),
        **({"newest_day": dg.MetadataValue.text(newest.day.isoformat())} if newest else {}),
        **({"newest_event": dg.MetadataValue.text(f"{newest.last_event_at} UTC")} if newest else {}),
        **({"newest_arrival": dg.MetadataValue.text(f"{newest.arrived_at} UTC")} if newest else {}),
        **({"late": preview_rows(table)} if table else {}),
    }
