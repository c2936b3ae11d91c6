"""The runs that load what landed: which are requested for what is pending, and when an attempt is made again.

Both ways of noticing what landed, by listing (`sensors`) and by messages (`queue_sensor`), end here. For what is to be
loaded there are few runs: one for all songs, and one for each stretch of days. A run finds out for itself what has
changed, so a request that comes twice, late or for too much does no harm.

Belongs here: requests, their keys, and the wait after a failure. Does not: finding out what is pending.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any

import dagster as dg

from sparkify_assets.defs.partitions import RANGE_END, RANGE_START
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.model.datasets import DATASETS, Dataset, Partition
from sparkify_assets.model.tables import ASSETS
from sparkify_assets.settings import Settings
from sparkify_assets.source.wrong import WrongSource, require_data

#: How many runs one tick requests at most; the next tick requests the rest.
MAX_RUNS = 4

#: How many days one run loads at most.
MAX_DAYS = 366

#: The tag of a run that names the source versions for which it was requested.
VERSIONS_TAG = "sparkify/versions"

#: How many seconds pass before a failed load is requested again: the first time, and at most. They double each time.
FIRST_WAIT, LAST_WAIT = 60.0, 3600.0

_UNFINISHED = [
    status
    for status in dg.DagsterRunStatus
    if status not in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
]


def arrival_job(dataset: Dataset) -> dg.UnresolvedAssetJobDefinition:
    """The job whose runs the sensors request for a data set."""
    what = "days whose log files" if dataset == "events" else "songs whose files"
    return dg.define_asset_job(
        job_name(dataset),
        selection=dg.AssetSelection.assets(*ASSETS[dataset]),
        description=f"Loads the {what} came, changed or went, as a sensor requests.",
    )


def job_name(dataset: Dataset) -> str:
    """The name of that job."""
    return f"{dataset}_on_arrival"


def in_progress(dataset: Dataset, instance: dg.DagsterInstance) -> str | None:
    """Why no run of a data set should be requested now: one that a sensor requested goes on. None if there is none."""
    running = instance.get_runs(dg.RunsFilter(job_name=job_name(dataset), statuses=_UNFINISHED), limit=1)
    if not running:
        return None
    return f"Waits for run {running[0].run_id[:8]}; whatever arrives meanwhile is loaded together."


def requests(
    dataset: Dataset, plan: LoadPlan, instance: dg.DagsterInstance, **config: Any
) -> tuple[list[dg.RunRequest], list[str]]:
    """Few runs for all of a data set that is pending, and what waits, because its load failed a short while ago.
    `config` is passed on to the steps of the runs.
    """
    found: list[dg.RunRequest] = []
    waiting: list[str] = []
    for keys in stretches(dataset, [p.key for p in plan.pending(dataset)]):
        versions = _versions([Partition(dataset, key) for key in keys], plan)
        attempt, wait = _history(versions, instance)
        if wait:
            waiting.append(f"{_words(keys)}: {wait}")
        elif len(found) < MAX_RUNS:
            found.append(_request(dataset, keys, versions, attempt, config))
    return found, waiting


def doubt(plan: LoadPlan, loader: Loader) -> str:
    """Why nothing of what is pending should be loaded, or nothing. Where a data set is gone, the whole source is asked
    whether it lies elsewhere in it. Raises SourceError, WarehouseError.
    """
    if plan.difference.vanished:
        try:
            if plan.suspicion:  # then a short look says enough
                require_data(loader.source, loaded_before=True)
            else:
                plan = loader.plan(looking=True)
        except WrongSource as error:
            return f"Nothing to load: {error}"
    if plan.suspicion:
        return f"Nothing is loaded: {plan.suspicion}. `sparkify load --accept-deletions` accepts it."
    return ""


def load_everything(settings: Settings, run_key: str | None = None) -> dg.RunRequest:
    """A run that compares the whole source with the ledger and loads what differs."""
    last = settings.last_day or datetime.now(UTC).date()
    return dg.RunRequest(
        job_name="load",
        run_key=run_key,
        run_config={"ops": {f"load_{name}": {"config": {"only_changed": True}} for name in DATASETS}},
        tags={RANGE_START: settings.first_day.isoformat(), RANGE_END: last.isoformat()},
    )


def stretches(dataset: Dataset, keys: Sequence[str]) -> list[list[str]]:
    """The partitions of each run: all songs in one; of days each stretch without a gap, cut at MAX_DAYS."""
    if dataset == "songs":
        return [sorted(keys)] if keys else []
    found: list[list[str]] = []
    for key in sorted(keys):
        follows = found and date.fromisoformat(found[-1][-1]) + timedelta(days=1) == date.fromisoformat(key)
        if follows and len(found[-1]) < MAX_DAYS:
            found[-1].append(key)
        else:
            found.append([key])
    return found


def _request(
    dataset: Dataset, keys: Sequence[str], versions: str, attempt: int, options: dict[str, Any]
) -> dg.RunRequest:
    config: dict[str, Any] = {"only_changed": True, **options}
    if dataset == "songs":
        config["prefixes"] = list(keys)
    stretch = {RANGE_START: keys[0], RANGE_END: keys[-1]} if dataset == "events" and len(keys) > 1 else {}
    return dg.RunRequest(
        job_name=job_name(dataset),
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
