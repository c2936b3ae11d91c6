"""The nightly reconciliation of source and ledger, and the maintenance of the warehouse.

Belongs here: the jobs. Does not: how differences are found (`inspection.reconcile`), when jobs run
(`schedules`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from sparkify_assets.defs.listing_cache import CacheFile
from sparkify_assets.defs.metadata import preview_rows
from sparkify_assets.defs.source_assets import LANDED
from sparkify_assets.inspection.reconcile import Finding, reconcile
from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import DATASETS, Dataset
from sparkify_assets.settings import Settings
from sparkify_assets.source.queue import open_queue
from sparkify_assets.source.store import SourceError

#: The tables that take the longest, and therefore come last.
LARGEST = ("staging.events", "sparkify.songplays")

CHECK = "in_step_with_ledger"

#: What a message would have announced.
MISSED = ("new", "changed", "gone")


@dg.multi_asset_check(
    name="reconcile_source",
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=LANDED[dataset],
            description="Every object of the source is loaded in the version that is there, and nothing else is.",
        )
        for dataset in DATASETS
    ],
)
def reconcile_source(loader: dg.ResourceParam[Loader]) -> Iterator[dg.AssetCheckResult]:
    """Compare the whole listing with the ledger, name the differences, and have the sensors request the rest.

    Where a queue announces what lands, the differences are what it has missed: a warning, because the daily load, which
    follows, makes up for it.
    """
    findings = reconcile(loader)
    queue = _queue(loader.settings)
    for dataset in DATASETS:
        found = [item for item in findings if _dataset(item) == dataset]
        if found:
            CacheFile(loader.settings, dataset).forget()
        yield dg.AssetCheckResult(
            passed=not found,
            severity=_severity(found, loader.settings),
            asset_key=LANDED[dataset],
            check_name=CHECK,
            metadata={**_metadata(found), **queue},
        )


def _severity(found: list[Finding], settings: Settings) -> dg.AssetCheckSeverity:
    missed = settings.queue and all(item.kind in MISSED for item in found)
    return dg.AssetCheckSeverity.WARN if missed else dg.AssetCheckSeverity.ERROR


def _queue(settings: Settings) -> dict[str, Any]:
    """How the queue stands, if there is one: what still waits there is late, and not missed."""
    if not settings.queue:
        return {}
    try:
        depth = open_queue(settings).depth()
    except SourceError as error:
        return {"queue": f"does not answer: {error}"}
    return {"messages_waiting": depth.waiting, "dead_letters": depth.dead}


def _dataset(finding: Finding) -> Dataset:
    """An object that no load recognises counts to the songs if it is in their folder, and otherwise to the events."""
    return "songs" if finding.where.startswith("song") else "events"


def _metadata(found: list[Finding]) -> dict[str, Any]:
    rows = [{"kind": item.kind, "where": item.where, "what": item.detail} for item in found[:200]]
    return {"differences": len(found), **({"sample": preview_rows(rows)} if rows else {})}


@dg.op(description="Sorts tables, gives back the space of deleted rows, brings statistics up to date.")
def vacuum_and_analyze(loader: dg.ResourceParam[Loader]) -> None:
    """Run VACUUM and ANALYZE, each statement outside a transaction."""
    loader.warehouse.ensure_tables()
    loader.warehouse.run_outside_transactions(
        *(f"maintenance/{table}" for table in sorted(queries.filled_tables(), key=LARGEST.count))
    )


@dg.job(description="VACUUM and ANALYZE, outside of transactions.")
def maintain_warehouse() -> None:
    """One step, apart from loads."""
    vacuum_and_analyze()
