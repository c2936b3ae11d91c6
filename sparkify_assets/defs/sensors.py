"""The sensors that load what lands in the source, without anybody's help
(https://docs.dagster.io/guides/automate/sensors).

A tick lists the source, compares the listing with the sensor's cache, and asks the ledger about what differs. For what
is to be loaded it requests few runs: one for all songs, and one for each stretch of days. A run finds out for itself
what has changed, so a request that comes twice, late or for too much does no harm.

Belongs here: ticks and the runs that they request. Does not: what is kept between ticks (`listing_cache`), what is new
(`source.changes`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from itertools import chain
from typing import Any

import dagster as dg

from sparkify_assets.defs.listing_cache import CacheFile, ListingCache
from sparkify_assets.defs.partitions import RANGE_END, RANGE_START
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.model.datasets import Dataset, Partition, partition_of
from sparkify_assets.model.tables import ASSETS
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import SourceObject

#: How many runs one tick requests at most; the next tick requests the rest.
MAX_RUNS = 4

#: How many days one run loads at most.
MAX_DAYS = 366

#: After how many seconds a tick stops listing and leaves the rest to the next one: a third of the 60 seconds that
#: Dagster allows (https://docs.dagster.io/guides/automate/sensors#sensor-timeouts), because it finishes a prefix first.
TICK_SECONDS = 20.0

#: The tag of a run that names the source versions for which it was requested.
VERSIONS_TAG = "sparkify/versions"

#: How many seconds pass before a failed load is requested again: the first time, and at most. They double each time.
FIRST_WAIT, LAST_WAIT = 60.0, 3600.0

_UNFINISHED = [
    status
    for status in dg.DagsterRunStatus
    if status not in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
]


def arrival_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """One sensor for the events and one for the songs of the source."""
    return [_sensor("songs", settings), _sensor("events", settings)]


def _sensor(dataset: Dataset, settings: Settings) -> dg.SensorDefinition:
    what = "days whose log files" if dataset == "events" else "songs whose files"

    @dg.sensor(
        name=_name(dataset),
        job=dg.define_asset_job(
            f"{dataset}_on_arrival",
            selection=dg.AssetSelection.assets(*ASSETS[dataset]),
            description=f"Loads the {what} came, changed or went, as the sensor `{_name(dataset)}` requests.",
        ),
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
        return dg.SkipReason("Nothing new so far; the listing goes on." if cache.scan else "Nothing new.")
    listed = {
        partition: list(_below(loader, prefixes, partition)) for partition, prefixes in prefixes_of.items()
    }
    plan = loader.plan_some(listed)
    pending = plan.pending(cache.dataset)
    cache.mark_in_sync(prefixes_of.keys() - set(pending), chain.from_iterable(listed.values()))
    if not pending:
        return dg.SkipReason("Nothing to load: what changed since the last poll is in the ledger.")
    if plan.suspicion:
        return dg.SkipReason(
            f"Nothing is loaded: {plan.suspicion}. `sparkify load --accept-deletions` accepts it."
        )
    return _requests(cache.dataset, pending, plan, instance)


def _below(loader: Loader, prefixes: Iterable[str], partition: Partition) -> Iterator[SourceObject]:
    for prefix in prefixes:
        yield from (item for item in loader.source.list(prefix) if partition_of(item.key) == partition)


def _requests(
    dataset: Dataset, pending: Sequence[Partition], plan: LoadPlan, instance: dg.DagsterInstance
) -> list[dg.RunRequest] | dg.SkipReason:
    """Few runs for all that is pending, and none while an earlier one is in progress or soon after one failed."""
    running = instance.get_runs(
        dg.RunsFilter(tags={"dagster/sensor_name": _name(dataset)}, statuses=_UNFINISHED), limit=1
    )
    if running:
        return dg.SkipReason(
            f"Waits for run {running[0].run_id[:8]}; whatever arrives meanwhile is loaded together."
        )
    requests: list[dg.RunRequest] = []
    waiting: list[str] = []
    for keys in stretches(dataset, [p.key for p in pending]):
        versions = _versions([Partition(dataset, key) for key in keys], plan)
        attempt, wait = _history(versions, instance)
        if wait:
            waiting.append(f"{_words(keys)}: {wait}")
        elif len(requests) < MAX_RUNS:
            requests.append(_request(dataset, keys, versions, attempt))
    return requests or dg.SkipReason("; ".join(waiting))


def stretches(dataset: Dataset, keys: Sequence[str]) -> list[list[str]]:
    """The partitions of each run: all songs in one; of days each stretch without a gap, cut at MAX_DAYS."""
    if dataset == "songs":
        return [sorted(keys)]
    found: list[list[str]] = []
    for key in sorted(keys):
        follows = found and date.fromisoformat(found[-1][-1]) + timedelta(days=1) == date.fromisoformat(key)
        if follows and len(found[-1]) < MAX_DAYS:
            found[-1].append(key)
        else:
            found.append([key])
    return found


def _request(dataset: Dataset, keys: Sequence[str], versions: str, attempt: int) -> dg.RunRequest:
    config: dict[str, Any] = {"only_changed": True}
    if dataset == "songs":
        config["prefixes"] = list(keys)
    stretch = {RANGE_START: keys[0], RANGE_END: keys[-1]} if dataset == "events" and len(keys) > 1 else {}
    return dg.RunRequest(
        run_key=f"{versions}:{attempt}",
        partition_key=keys[0] if dataset == "events" and len(keys) == 1 else None,
        run_config={"ops": {f"load_{dataset}": {"config": config}}},
        tags={VERSIONS_TAG: versions, **stretch},
    )


def _versions(partitions: Sequence[Partition], plan: LoadPlan) -> str:
    """What a run is requested for: the versions in the source and the batches that they replace. An object that is
    changed back makes another request, because by then another batch is in the ledger.
    """
    source, ledger = blake2b(digest_size=8), blake2b(digest_size=4)
    for partition in partitions:
        for item in sorted(plan.difference.listed.get(partition, [])):
            source.update(f"{item.key}\0{item.version_token}\0".encode())
        known = plan.known.get(partition)
        ledger.update(f"{partition.key}\0{known.batch_id if known else ''}\0".encode())
    return f"{source.hexdigest()}:{ledger.hexdigest()}"


def _history(versions: str, instance: dg.DagsterInstance) -> tuple[int, str]:
    """How often these versions were tried, and why they should not be tried now ("" if they should).

    A load that failed is tried again, less and less often. One that somebody terminated waits for a change or for the
    daily load.
    """
    records = instance.get_run_records(dg.RunsFilter(tags={VERSIONS_TAG: versions}))
    if not records:
        return 0, ""
    last = max(records, key=lambda record: record.storage_id)
    if last.dagster_run.status == dg.DagsterRunStatus.CANCELED:
        return len(records), f"run {last.dagster_run.run_id[:8]} was terminated; waits for a change"
    if last.dagster_run.status == dg.DagsterRunStatus.FAILURE:
        wait = min(LAST_WAIT, FIRST_WAIT * 2 ** (len(records) - 1))
        left = (last.end_time or 0) + wait - time.time()
        if left > 0:
            return len(records), f"run {last.dagster_run.run_id[:8]} failed; again in {left:.0f} s"
    return len(records), ""


def _words(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}"


def _name(dataset: Dataset) -> str:
    return f"{dataset}_arrivals"
