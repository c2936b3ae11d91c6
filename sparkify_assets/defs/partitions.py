"""Dagster's partitions over the days of events (https://docs.dagster.io/guides/build/partitions-and-backfills)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg

from sparkify_assets.settings import Settings

#: Dagster's tags of a run over a stretch of partitions, and over one.
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


ONE_PARTITION = "dagster/partition"


def event_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """The days that exist for Dagster: from the first day to the last one set, or to today (UTC), included. Dagster's
    own definition ends yesterday, whatever its end date, unless days are added to it.
    """
    if settings.last_day is None:
        return dg.DailyPartitionsDefinition(start_date=settings.first_day.isoformat(), end_offset=1)
    to_come = (settings.last_day - datetime.now(UTC).date()).days
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_day.isoformat(),
        # The end of Dagster's definition is the first day that does not exist any more.
        end_date=date.fromordinal(settings.last_day.toordinal() + 1).isoformat(),
        end_offset=max(1, 1 + to_come),
    )
