"""A load as a Dagster run in this process, on the project's own Dagster instance, so that the web UI shows it like any
other.

Belongs here: starting the run, and what became of it. Does not: what the run does (`defs.load_assets`), or which
partitions it loads (`load.plan`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import psycopg2

from sparkify_assets.defs.instance import open_uncaptured
from sparkify_assets.defs.run_errors import not_loaded
from sparkify_assets.defs.run_here import run_here
from sparkify_assets.load.ledger import of_run
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.load.results import NotLoaded, RunResult
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.errors import WarehouseError


@dataclass(frozen=True)
class LoadReport:
    """The outcome of a run: what it did, according to the ledger; what it did not load; and other errors that ended it,
    a line each. The id is empty if there was nothing to load. `interrupted` is whether Ctrl-C came.
    """

    run_id: str
    succeeded: bool
    done: RunResult
    not_loaded: Sequence[NotLoaded]
    errors: Sequence[str]
    interrupted: bool = False


def run_load(
    loader: Loader,
    plan: LoadPlan,
    partitions: Sequence[Partition],
    *,
    reload: bool = False,
    accept_deletions: bool = False,
) -> LoadReport:
    """Load some partitions of a plan in one Dagster run, songs first; without any, no run is made. Raises RunError."""
    if not partitions:
        return LoadReport("", True, RunResult(), (), ())
    import dagster as dg  # here, so that a load with nothing to do does not wait for Dagster's import

    from sparkify_assets.defs.load_assets import load_assets, load_job
    from sparkify_assets.defs.partitions import RANGE_END, RANGE_START
    from sparkify_assets.model.tables import ASSETS

    choice = {"only_changed": not reload, "accept_deletions": accept_deletions}
    ops: dict[str, object] = {}
    chosen: list[dg.AssetKey] = []
    tags: dict[str, str] = {}
    songs = [partition.key for partition in partitions if partition.dataset == "songs"]
    days = [partition.key for partition in partitions if partition.dataset == "events"]
    if songs:
        ops["load_songs"] = {"config": {**choice, "prefixes": songs}}
        chosen += map(dg.AssetKey, ASSETS["songs"])
    if days:
        ops["load_events"] = {"config": choice}
        chosen += map(dg.AssetKey, ASSETS["events"])
        tags = {RANGE_START: days[0], RANGE_END: days[-1]}
    # The days are the run's partitions, so that its range has none of those between them. There is no pool: a run in
    # this process that is killed would keep its slot, and the next would wait forever, while the warehouse's own lock
    # is released with the connection.
    assets = load_assets(loader.settings, pool=None, days=dg.StaticPartitionsDefinition(days))
    resources = {"loader": replace(loader, planned=plan)}
    job = dg.Definitions(assets, jobs=[load_job()], resources=resources).resolve_job_def("load")
    ended = run_here(
        job,
        partial(open_uncaptured, loader.settings),
        loader.settings.home,
        asset_selection=chosen,
        tags=tags,
        run_config={"ops": ops, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    failures = [event.step_failure_data for event in ended.result.get_step_failure_events()]
    return LoadReport(
        ended.result.run_id,
        ended.succeeded,
        _done(loader, ended.result.run_id),
        [item for failure in failures for item in not_loaded(failure, loader.settings.home)],
        ended.errors,
        ended.interrupted,
    )


def _done(loader: Loader, run_id: str) -> RunResult:
    """What the ledger knows about a run; nothing if the warehouse is unavailable by now, which the errors say."""
    try:
        with loader.warehouse.transaction(lock=False) as transaction:
            return of_run(transaction, run_id)
    except (WarehouseError, psycopg2.Error):
        return RunResult()
