"""The sensors that load what lands in the source, without anybody's help
(https://docs.dagster.io/guides/automate/sensors).

A tick lists the source, compares the listing with the sensor's cache, asks the ledger about what differs, and requests
runs for what is to be loaded.

Belongs here: ticks over a listing. Does not: what is kept between ticks (`listing_cache`), which runs are requested
(`arrival_runs`), what is new (`source.changes`), a source that announces what lands in it (`queue_sensor`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import dagster as dg

from sparkify_assets.defs.arrival_runs import arrival_job, doubt, in_progress, requests
from sparkify_assets.defs.listing_cache import CacheFile, ListingCache
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import Dataset, Partition, left_out, partition_of
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import SourceObject
from sparkify_assets.source.wrong import WrongSource, require_data

#: After how many seconds a tick stops listing and leaves the rest to the next one: a third of the 60 seconds that
#: Dagster allows (https://docs.dagster.io/guides/automate/sensors#sensor-timeouts), because it finishes a prefix first.
TICK_SECONDS = 20.0


def arrival_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """One sensor for the events and one for the songs of the source."""
    return [_sensor("songs", settings), _sensor("events", settings)]


def _sensor(dataset: Dataset, settings: Settings) -> dg.SensorDefinition:
    what = "days whose log files" if dataset == "events" else "songs whose files"

    @dg.sensor(
        name=_name(dataset),
        job=arrival_job(dataset),
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus[settings.at_first],
        description=f"Loads the {what} came, changed or went, by comparing the source with the ledger.",
    )
    def arrivals(context: dg.SensorEvaluationContext, loader: dg.ResourceParam[Loader]) -> Any:
        file = CacheFile(loader.settings, dataset)
        if not file.is_at(context.cursor):
            # A tick that fails cannot set the cursor, so the tick that starts a cache does nothing else.
            context.update_cursor(file.start(loaded_partitions(loader, dataset)))
            return dg.SkipReason("Starts to watch the source.")
        try:
            with file.opened() as cache:
                return tick(cache, loader, context.instance)
        except BlockingIOError:
            return dg.SkipReason("An earlier poll of the source has not ended yet.")

    return arrivals


def loaded_partitions(loader: Loader, dataset: Dataset) -> list[Partition]:
    """The partitions of a data set in the ledger. Raises WarehouseError."""
    with loader.warehouse.reading() as transaction:
        rows = transaction.rows("ledger/current_loads")
    return [Partition(dataset, key) for kind, key, *_ in rows if kind == dataset]


def tick(
    cache: ListingCache, loader: Loader, instance: dg.DagsterInstance
) -> list[dg.RunRequest] | dg.SkipReason:
    """Poll the source, bring the cache up to date, and return the runs that the source needs, or why there are none.

    Raises SourceError where a listing fails, WarehouseError where the ledger cannot be read.
    """
    started = time.monotonic()
    cache.poll(
        loader.source.list, now=time.time(), patience=lambda: time.monotonic() - started < TICK_SECONDS
    )
    if cache.debounces():
        return dg.SkipReason("Many files are arriving; waits until all are there.")
    prefixes_of = cache.to_compare()
    if not prefixes_of:
        if cache.scan:
            return dg.SkipReason("Nothing new so far; the listing goes on.")
        new_to_it = not (cache.in_sync or cache.candidates)
        return dg.SkipReason((new_to_it and _why_no_source(loader)) or "Nothing new.")
    listed = {
        partition: list(_below(loader, prefixes, partition)) for partition, prefixes in prefixes_of.items()
    }
    plan = loader.plan_some(listed)
    pending = plan.pending(cache.dataset)
    cache.mark_in_sync(prefixes_of.keys() - set(pending), chain.from_iterable(listed.values()))
    if not pending:
        if plan.outside:
            return dg.SkipReason(f"Not loaded: {'; '.join(left_out(plan.outside))}.")
        return dg.SkipReason("Nothing to load: what changed since the last poll is in the ledger.")
    if why := doubt(plan, loader):
        return dg.SkipReason(why)
    if waits := in_progress(cache.dataset, instance):
        return dg.SkipReason(waits)
    requested, waiting = requests(cache.dataset, plan, instance)
    return requested or dg.SkipReason("; ".join(waiting))


def _why_no_source(loader: Loader) -> str:
    """Why a source has no data at all, if so: it may not be the one that is meant. Raises SourceError."""
    try:
        require_data(loader.source)
    except WrongSource as error:
        return f"Nothing to load: {error}"
    return ""


def _below(loader: Loader, prefixes: Iterable[str], partition: Partition) -> Iterator[SourceObject]:
    for prefix in prefixes:
        yield from (item for item in loader.source.list(prefix) if partition_of(item.key) == partition)


def _name(dataset: Dataset) -> str:
    return f"{dataset}_arrivals"
