"""What somebody should look at first: what is blocked, shrunk, late or warned of, each with what to do about it.

Belongs here: which of these there are, in words, as the ledger knows them. Does not: what of the source is not loaded
yet (`status`), how it is shown (`report`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal, NamedTuple

from sparkify_assets.inspection.findings import by_check
from sparkify_assets.inspection.freshness import late_days, loaded_days
from sparkify_assets.inspection.status import Blocked, blocked
from sparkify_assets.load import ledger
from sparkify_assets.model.datasets import Dataset, Partition, named
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.transaction import Transaction

#: How many blocked and how many shrunk partitions are told one by one.
MAX_TOLD = 10

_MORE = "`sparkify status` says more"


class Concern(NamedTuple):
    """Something to look at: of which kind, where, what is said of it, and what to do, with commands in backticks."""

    kind: Literal["blocked", "shrunk", "late", "warning"]
    where: str
    said: str
    advice: str


def concerns(transaction: Transaction, settings: Settings, now: datetime) -> list[Concern]:
    """All of them, the most urgent first. `now` is in UTC, without a zone."""
    waiting = blocked(transaction)
    return [
        *_blocked(waiting),
        *_shrunk(transaction.records("ledger/shrunk")),
        *_late(transaction, settings, now, {partition.key for partition in waiting}),
        *(
            Concern(
                "warning", named(found.partitions), f"{found.check} ({found.violations:,}): {found.rule}",
                f"{_MORE}; SPARKIFY_EXPECTED_WARNINGS={found.check}, if that is known",
            )
            for found in by_check(ledger.current_warnings(transaction), settings.expected_warnings)
        ),
    ]  # fmt: skip


def _blocked(found: Mapping[Partition, Blocked]) -> Iterator[Concern]:
    for partition, (why, rejected) in islice(found.items(), MAX_TOLD):
        yield Concern("blocked", partition.key, why, for_blocked(partition.key, rejected=rejected))
    if more := list(found)[MAX_TOLD:]:
        yield Concern("blocked", f"{len(more):,} more", named(more), _MORE)


def for_blocked(key: str, *, rejected: bool) -> str:
    """What to do about a blocked partition, of which records may be rejected."""
    look = f"`sparkify rejects --day {key}` shows what is rejected; " if rejected else ""
    release = f'`sparkify release {key} --reason "…"`'
    return f"{look}correct the source, and a load tries it again; or publish it as it is: {release}"


def _shrunk(rows: Sequence[Mapping[str, Any]]) -> Iterator[Concern]:
    for row in rows[:MAX_TOLD]:
        key = row["partition_key"]
        said = f"{row['rows_now']:,} rows took the place of {row['rows_before']:,}"
        yield Concern("shrunk", key, said, for_shrunk(row["dataset"], key))
    if more := [row["partition_key"] for row in rows[MAX_TOLD:]]:
        yield Concern("shrunk", f"{len(more):,} more", named(more), _MORE)


def for_shrunk(dataset: Dataset, key: str) -> str:
    """What to do about a partition that was published with fewer rows than it had."""
    option = f"--days {key}" if dataset == "events" else f"--songs {key}"
    return f"if that is right, `sparkify load --full {option}` accepts it"


def _late(
    transaction: Transaction, settings: Settings, now: datetime, told: Container[str]
) -> Iterable[Concern]:
    """The days that are late, without those that are `told` already."""
    days = defaultdict(list)
    allowed = timedelta(hours=settings.late_hours)
    last = settings.last_expected or settings.last_day
    for late in late_days(loaded_days(transaction), last=last, now=now, allowed=allowed):
        if (day := late.day.isoformat()) not in told:
            days[late.reason].append(day)
    said = {
        "not loaded": f"not loaded {settings.late_hours:g} hours after its end",
        "ends early": f"without events in its last {settings.late_hours:g} hours",
    }
    for reason, found in days.items():
        yield Concern(
            "late", named(found), said[reason], "`sparkify load`, once the rest of its files are there"
        )
