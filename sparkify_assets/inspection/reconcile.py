"""Compares source, ledger, staging and star, and names what differs.

The quick form compares the listing with the ledger, as every load does. The deep form reads the objects again and
compares every staged row, and rebuilds the star in a transaction that is rolled back and compares every row of it: it
finds a single row that was lost, duplicated or changed, whatever the cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sparkify_assets.inspection.status import OTHER_RULES, Status, status
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.progress import Course
from sparkify_assets.load.quarantine import UNREADABLE
from sparkify_assets.load.results import Batch, in_batches
from sparkify_assets.load.stage import Stager
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import DATASETS, Dataset, Partition
from sparkify_assets.source.layout import why_unrecognised
from sparkify_assets.source.store import SourceObject
from sparkify_assets.warehouse.transaction import Transaction


@dataclass(frozen=True)
class Finding:
    """A difference.

    `kind` is a state of `status` other than loaded (new, changed, gone, blocked, outside, unrecognised), `layout`,
    `unreadable` (an object of what is loaded that cannot be read; no row of it is expected), or `missing` (a row that
    should be there that often) or `surplus` (one that should not); `where` names the partition, object or table.
    """

    kind: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind} {self.where}: {self.detail}" if self.detail else f"{self.kind} {self.where}"


def reconcile(loader: Loader, *, deep: bool = False) -> list[Finding]:
    """Everything that differs; an empty list if source and warehouse agree.

    Raises SourceError, WarehouseError; changes nothing.
    """
    plan = loader.plan()
    found = status(loader, plan)
    findings = list(_listing(found))
    if deep:
        for dataset in DATASETS:
            findings += _staging(loader, dataset, found, plan.difference.listed)
            findings += _strays(loader, dataset)
        findings += _star(loader)
    return findings


def _listing(found: Status) -> Iterator[Finding]:
    for item in found.partitions:
        if item.state not in ("loaded", "kept"):
            names = [*item.new, *item.overwritten, *item.gone] or [
                check["check"] for check in item.blocked_by
            ]
            yield Finding(item.state, f"{item.dataset} {item.partition}", ", ".join(names))
        elif item.other_rules:
            said = ", ".join(OTHER_RULES[name] for name in item.other_rules)
            yield Finding("other rules", f"{item.dataset} {item.partition}", said)
    for name in found.unrecognised:
        yield Finding("unrecognised", name, why_unrecognised(name))
    for problem in found.layout:
        yield Finding("layout", problem, "")


def _staging(
    loader: Loader, dataset: Dataset, found: Status, listed: Mapping[Partition, list[SourceObject]]
) -> Iterator[Finding]:
    """The rows of each loaded partition compared with its objects, read again."""
    loaded = [
        Partition(dataset, item.partition)
        for item in found.partitions
        if item.dataset == dataset and item.state == "loaded"
    ]
    course = Course(sum(item.size for partition in loaded for item in listed[partition]))
    for group in in_batches({partition: listed[partition] for partition in loaded}):
        batch = Batch(dataset, group, {}, id="reconcile")
        try:
            yield from loader.without_unreadable(batch, partial(_staged_rows, loader, course, batch))
        finally:
            loader.work.delete(batch.written)


def _staged_rows(loader: Loader, course: Course, batch: Batch) -> list[Finding]:
    """Compare the rows of a batch's partitions with its objects, and name the objects that cannot be read."""
    keys = [partition.key for partition in batch.objects]
    stager = Stager(loader.settings, loader.source, loader.work, course.of(batch, loader.progress))
    with loader.warehouse.transaction(lock=False) as transaction:
        staged = stager.stage(transaction, batch)
        found = [
            Finding("unreadable", reject.object_key or "", reject.reason.removeprefix(UNREADABLE))
            for item in staged
            for reject in item.rejects
            if reject.is_whole_object
        ]
        found += _rows(
            transaction,
            f"staging_{batch.dataset}",
            f"staging_{batch.dataset}",
            event_dates=tuple(map(date.fromisoformat, keys)) if batch.dataset == "events" else (),
            partition_keys=tuple(keys),
        )
    return found


def _strays(loader: Loader, dataset: Dataset) -> list[Finding]:
    """Staged rows that belong to no published partition."""
    with loader.warehouse.transaction(lock=False) as transaction:
        return list(_rows(transaction, f"strays_{dataset}", f"staging_{dataset}"))


def _star(loader: Loader) -> list[Finding]:
    """Compare the star with one that is rebuilt from staging in a transaction that is rolled back."""
    with loader.warehouse.transaction(commit=False) as transaction:
        for table in queries.star():
            transaction.run(f"reconcile/former_{table}")
        loader.publisher.rebuild(transaction)
        return [finding for table in queries.star() for finding in _rows(transaction, table, table)]


def _rows(transaction: Transaction, query: str, table: str, **parameters: Any) -> Iterator[Finding]:
    for kind, *values in transaction.rows(f"reconcile/{query}", **parameters):
        yield Finding(kind, table, " ".join(map(str, values)))
