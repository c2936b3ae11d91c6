"""Runs the checks of `sql/checks` against a warehouse."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sparkify_assets.model.checks import RECORDS, Check, Violation, sampled
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.transaction import Transaction


def violations(
    transaction: Transaction,
    check: Check,
    first: str,
    last: str,
    settings: Settings,
    only: Collection[str] | None = None,
) -> list[Violation]:
    """Run one check over the partitions from `first` to `last`, both included, or over some of them only. Returns what
    it finds, by partition.
    """
    # Not streamed: a cursor is planned for its first rows and without parallel workers, which made the checks six times
    # slower.
    rows = transaction.records(check.file, **parameters(first, last, settings, only))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if only is None or str(row["partition_key"]) in only:
            found.setdefault(str(row["partition_key"]), []).append(row)
    return [
        Violation(check.name, key, sum(int(row.get(RECORDS, 1)) for row in items), sampled(items))
        for key, items in sorted(found.items())
    ]


def parameters(
    first: str, last: str, settings: Settings, only: Collection[str] | None = None
) -> dict[str, Any]:
    """What the query of a check takes."""
    return {
        "first": first,
        "last": last,
        "everything": only is None,
        "event_dates": tuple(only or ()) or (None,),
        "reject_share": settings.reject_share,
        "reject_rows": settings.reject_rows,
        "max_drop": settings.max_drop,
    }
