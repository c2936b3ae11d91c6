"""What somebody should look at first: what is blocked, shrunk, late or warned of, each with the next command to type.

Belongs here: which of these there are, in words, as the ledger knows them. Does not: what of the source is not loaded
yet (`status`), how it is shown (`report`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class Concern(NamedTuple):
    """Something to look at: of which kind, where, what is said of it, and what to type next."""

    kind: Literal["blocked", "shrunk", "late", "warning"]
    where: str
    said: str
    commands: Sequence[str]


def concerns(transaction: Transaction, settings: Settings, now: datetime) -> list[Concern]:
    """All of them, the most urgent first. `now` is in UTC, without a zone."""
    return [
        *_blocked(blocked(transaction)),
        *_shrunk(transaction.records("ledger/shrunk")),
        *_late(transaction, settings, now),
        *(
            Concern(
                "warning", named(found.partitions), f"{found.check} ({found.violations:,}): {found.rule}",
                ["sparkify status"],
            )
            for found in by_check(ledger.current_warnings(transaction))
        ),
    ]  # fmt: skip


def _blocked(found: Mapping[Partition, Blocked]) -> Iterator[Concern]:
    for partition, (why, rejected) in islice(found.items(), MAX_TOLD):
        looks = [f"sparkify rejects --day {partition.key}"] if rejected else []
        release = f'sparkify release {partition.key} --reason "…"'
        yield Concern("blocked", partition.key, why, [*looks, release])
    if more := list(found)[MAX_TOLD:]:
        yield Concern("blocked", f"{len(more):,} more", named(more), ["sparkify status"])


def _shrunk(rows: Sequence[Mapping[str, Any]]) -> Iterator[Concern]:
    for row in rows[:MAX_TOLD]:
        key = row["partition_key"]
        yield Concern(
            "shrunk", key, f"{row['rows_now']:,} rows took the place of {row['rows_before']:,};"
            " if that is right, load it again to accept it",
            [f"sparkify load --full {chosen(row['dataset'], key)}"],
        )  # fmt: skip
    if more := [row["partition_key"] for row in rows[MAX_TOLD:]]:
        yield Concern("shrunk", f"{len(more):,} more", named(more), ["sparkify status"])


def chosen(dataset: Dataset, key: str) -> str:
    """The option of `sparkify load` that chooses a partition."""
    return f"--days {key}" if dataset == "events" else f"--songs {key}"


def _late(transaction: Transaction, settings: Settings, now: datetime) -> Iterable[Concern]:
    days = defaultdict(list)
    allowed = timedelta(hours=settings.late_hours)
    last = settings.last_expected or settings.last_day
    for late in late_days(loaded_days(transaction), last=last, now=now, allowed=allowed):
        days[late.reason].append(late.day.isoformat())
    said = {
        "not loaded": f"not loaded {settings.late_hours:g} hours after its end",
        "ends early": f"without events in its last {settings.late_hours:g} hours",
    }
    for reason, found in days.items():
        span = found[0] if len(found) == 1 else f"{found[0]}..{found[-1]}"
        yield Concern("late", named(found), said[reason], [f"sparkify load --days {span}"])
