"""The sensors: what lands in the source is loaded without a hand
(https://docs.dagster.io/guides/automate/sensors).

A tick lists the source, compares it with the sensor's memory, and asks the ledger about what differs; for what is to
be loaded it requests runs, few of them: one for all songs, one for each stretch of days. A run finds out for itself
what changed, so a request that comes twice, late or for too much does no harm.

Belongs here: ticks and the runs that they ask for. Does not: what is remembered (`watching`), what is new
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

from sparkify_assets.defs.memory import MemoryStore
from sparkify_assets.defs.partitions import RANGE_END, RANGE_START
from sparkify_assets.defs.watching import Memory
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.model.datasets import Dataset, Partition, partition_of
from sparkify_assets.model.tables import ASSETS
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import SourceObject

#: How many runs one tick asks for at most; what is left follows with the next.
MOST_RUNS = 4

#: How many days one run loads at most.
MOST_DAYS = 366

#: After how many seconds a tick stops listing and leaves the rest to the next: a third of what Dagster grants it
#: (60 s, https://docs.dagster.io/guides/automate/sensors#sensor-timeouts), for a place is finished first.
TICK_SECONDS = 20.0

#: Names, on a run, the source versions that it was requested for.
VERSIONS_TAG = "sparkify/versions"

#: The wait before a failed load is requested again: it doubles from the first to the last of these, in seconds.
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
            description=f"Loads the {what} came, changed or went: what the sensor `{_name(dataset)}` asks for.",
        ),
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus[settings.at_first],
        description=f"Loads the {what} came, changed or went, by comparing the source with the ledger.",
    )
    def arrivals(context: dg.SensorEvaluationContext, loader: dg.ResourceParam[Loader]) -> Any:
        store = MemoryStore(loader.settings, dataset)
        if not store.is_at(context.cursor):
            # A tick that fails cannot set a cursor, so a memory is begun by a tick that does nothing else.
            context.update_cursor(store.begin(loaded_partitions(loader, dataset)))
            return dg.SkipReason("Begins to watch the source.")
        try:
            with store.opened() as memory:
                return tick(memory, loader, context.instance)
        except BlockingIOError:
            return dg.SkipReason("An earlier look at the source has not ended yet.")

    return arrivals


def loaded_partitions(loader: Loader, dataset: Dataset) -> list[Partition]:
    """What the ledger has of a data set. Raises WarehouseError."""
    with loader.warehouse.reading() as transaction:
        rows = transaction.rows("ledger/current_loads")
    return [Partition(dataset, key) for kind, key, *_ in rows if kind == dataset]


def tick(memory: Memory, loader: Loader, instance: dg.DagsterInstance) -> list[dg.RunRequest] | dg.SkipReason:
    """Look at the source and say which runs it needs, or why none; `memory` is brought up to date.

    Raises SourceError where a listing fails, WarehouseError where the ledger cannot be asked.
    """
    begun = time.monotonic()
    memory.look(loader.source.list, now=time.time(), patience=lambda: time.monotonic() - begun < TICK_SECONDS)
    if memory.is_gathering():
        return dg.SkipReason("Much is landing; waits until it is all there.")
    questions = memory.questions()
    if not questions:
        return dg.SkipReason(
            "Nothing new so far; the listing goes on." if memory.underway else "Nothing new."
        )
    listed = {
        partition: list(_below(loader, prefixes, partition)) for partition, prefixes in questions.items()
    }
    survey = loader.plan_some(listed)
    pending = survey.pending(memory.dataset)
    memory.settle(questions.keys() - set(pending), chain.from_iterable(listed.values()))
    if not pending:
        return dg.SkipReason("Nothing to load: what differs from the last look is in the ledger.")
    if survey.suspicion:
        return dg.SkipReason(
            f"Nothing is loaded: {survey.suspicion}. `sparkify load --accept-deletions` accepts it."
        )
    return _requests(memory.dataset, pending, survey, instance)


def _below(loader: Loader, prefixes: Iterable[str], partition: Partition) -> Iterator[SourceObject]:
    for prefix in prefixes:
        yield from (item for item in loader.source.list(prefix) if partition_of(item.key) == partition)


def _requests(
    dataset: Dataset, pending: Sequence[Partition], survey: LoadPlan, instance: dg.DagsterInstance
) -> list[dg.RunRequest] | dg.SkipReason:
    """Few runs for all that is pending: none while an earlier one goes on, or soon after one failed."""
    running = instance.get_runs(
        dg.RunsFilter(tags={"dagster/sensor_name": _name(dataset)}, statuses=_UNFINISHED), limit=1
    )
    if running:
        return dg.SkipReason(f"Waits for run {running[0].run_id[:8]}; what lands meanwhile follows together.")
    requests: list[dg.RunRequest] = []
    waiting: list[str] = []
    for keys in stretches(dataset, [p.key for p in pending]):
        versions = _versions([Partition(dataset, key) for key in keys], survey)
        attempt, wait = _history(versions, instance)
        if wait:
            waiting.append(f"{_words(keys)}: {wait}")
        elif len(requests) < MOST_RUNS:
            requests.append(_request(dataset, keys, versions, attempt))
    return requests or dg.SkipReason("; ".join(waiting))


def stretches(dataset: Dataset, keys: Sequence[str]) -> list[list[str]]:
    """The partitions of each run: all songs in one; of days each stretch without a gap, cut at MOST_DAYS."""
    if dataset == "songs":
        return [sorted(keys)]
    found: list[list[str]] = []
    for key in sorted(keys):
        follows = found and date.fromisoformat(found[-1][-1]) + timedelta(days=1) == date.fromisoformat(key)
        if follows and len(found[-1]) < MOST_DAYS:
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


def _versions(partitions: Sequence[Partition], survey: LoadPlan) -> str:
    """What a run is requested for: the versions in the source, and the batches that they are to replace. An object that
    is put back as it was before is another request, since another batch is there by then.
    """
    source, ledger = blake2b(digest_size=8), blake2b(digest_size=4)
    for partition in partitions:
        for item in sorted(survey.difference.listed.get(partition, [])):
            source.update(f"{item.key}\0{item.version_token}\0".encode())
        known = survey.known.get(partition)
        ledger.update(f"{partition.key}\0{known.batch_id if known else ''}\0".encode())
    return f"{source.hexdigest()}:{ledger.hexdigest()}"


def _history(versions: str, instance: dg.DagsterInstance) -> tuple[int, str]:
    """How often these versions were tried, and why they should not be tried now, if so.

    Loads that fail for what may pass (a warehouse that is away) are tried again, ever less often; one that somebody
    terminated waits for a change, or for the daily load.
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
