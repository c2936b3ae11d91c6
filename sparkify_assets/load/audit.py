"""Asks the checks of `sql/checks` about what a warehouse holds."""

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
    """Ask one check about the partitions from `first` to `last`, both included, or about some of them only; nothing
    found: an empty list.
    """
    # Not streamed: a cursor is planned for its first rows and without helpers, which made the gates six times slower.
    rows = transaction.records(
        check.file,
        first=first,
        last=last,
        everything=only is None,
        event_dates=tuple(only or ()) or (None,),
        reject_share=settings.reject_share,
        reject_rows=settings.reject_rows,
        max_drop=settings.max_drop,
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if only is None or str(row["partition_key"]) in only:
            found.setdefault(str(row["partition_key"]), []).append(row)
    return [
        Violation(check.name, key, sum(int(row.get(RECORDS, 1)) for row in items), sampled(items))
        for key, items in sorted(found.items())
    ]
