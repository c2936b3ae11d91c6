"""Which days are late, judged by the days that should be there and the events in them, not by when anything last ran.

Dagster's freshness policies judge by when an asset was last materialized
(https://docs.dagster.io/guides/labs/freshness). With them, loading an old day would make the asset fresh, and they
would see neither a gap between days nor a day whose events end too early.

Belongs here: the rule and its asset check. Does not: when the check runs (`schedules`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import dagster as dg

from sparkify_assets.defs.metadata import preview_rows
from sparkify_assets.defs.source_assets import LANDED
from sparkify_assets.load.loader import Loader
from sparkify_assets.settings import Settings


class LoadedDay(NamedTuple):
    """A published day: when it was published, and its last event (None: it has none), both in UTC without a zone."""

    day: date
    arrived_at: datetime
    last_event_at: datetime | None


class LateDay(NamedTuple):
    """A day that is not published or ends too early, and how many hours are missing."""

    day: date
    reason: str
    hours: float


def late_days(
    loaded: Iterable[LoadedDay], *, last: date | None, now: datetime, allowed: timedelta
) -> list[LateDay]:
    """The late days from the first loaded day to `last`, or to now (UTC, without a zone).

    No day is late until the allowed time after its end has passed. Then it is late if it is not loaded, or if its last
    event is further from its end than allowed. Before anything is loaded, nothing is late.
    """
    published = {item.day: item for item in loaded}
    if not published:
        return []
    late: list[LateDay] = []
    day = min(published)
    while day <= (last or now.date()) and _end(day) + allowed < now:
        if day not in published:
            late.append(LateDay(day, "not loaded", _hours(now - _end(day))))
        else:
            silent = _end(day) - (published[day].last_event_at or _end(day - timedelta(days=1)))
            if silent > allowed:
                late.append(LateDay(day, "ends early", _hours(silent)))
        day += timedelta(days=1)
    return late


def freshness_check(settings: Settings) -> dg.AssetChecksDefinition:
    """The check that no day is late."""

    @dg.asset_check(
        asset=LANDED["events"],
        name="no_day_is_late",
        description=f"{settings.late_hours:g} hours after its end (UTC), a day is loaded and has events up to its end.",
    )
    def no_day_is_late(loader: dg.ResourceParam[Loader]) -> dg.AssetCheckResult:
        allowed = timedelta(hours=loader.settings.late_hours)
        loaded = loaded_days(loader)
        late = late_days(
            loaded,
            last=loader.settings.last_day,
            now=datetime.now(UTC).replace(tzinfo=None),
            allowed=allowed,
        )
        return dg.AssetCheckResult(passed=not late, metadata=_metadata(loaded, late, loader.settings))

    return no_day_is_late


def loaded_days(loader: Loader) -> list[LoadedDay]:
    """The published days. Raises WarehouseError."""
    with loader.warehouse.reading() as transaction:
        rows = transaction.rows("report/freshness")
    return [LoadedDay(date.fromisoformat(day), arrived, last) for day, arrived, last in rows]


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


def _end(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(days=1)


def _hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3600, 1)
