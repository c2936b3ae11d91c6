"""Which days are late, judged by the days that should be there and the events in them, not by when anything last ran.

Belongs here: the rule, and the days that it is about. Does not: the check on Dagster's page (`defs.freshness`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sparkify_assets.warehouse.transaction import Transaction


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


def loaded_days(transaction: Transaction) -> list[LoadedDay]:
    """The published days."""
    rows = transaction.rows("report/freshness")
    return [LoadedDay(date.fromisoformat(day), arrived, last) for day, arrived, last in rows]


def _end(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(days=1)


def _hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3600, 1)
