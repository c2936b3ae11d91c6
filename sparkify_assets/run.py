"""Dagster runs started from the command line, in this process and on the project's own Dagster home, so that they show
in the UI like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparkify_assets.defs.instance import run_of_this_process, this_process
from sparkify_assets.defs.partitions import RANGE_END, RANGE_START
from sparkify_assets.defs.run_errors import reasons
from sparkify_assets.load.loader import Loader

if TYPE_CHECKING:
    import dagster as dg


def run_load(
    loader: Loader,
    *,
    songs: bool,
    prefixes: Sequence[str] = (),
    days: tuple[str, str] | None = None,
    only_changed: bool = True,
    accept_deletions: bool = False,
) -> tuple[str, bool]:
    """One Dagster run over the songs, a range of days, or both, songs first: its id, and whether it succeeded.

    What it did is in `loader.results`, what ended or failed it in `loader.errors`: a line for each partition that was
    blocked or could not be loaded, or the error that ended a step.
    """
    import dagster as dg  # here, so that a load with nothing to do does not wait for Dagster's import

    from sparkify_assets.definitions import build_defs
    from sparkify_assets.model.tables import ASSETS

    choice = {"only_changed": only_changed, "accept_deletions": accept_deletions}
    ops: dict[str, object] = {}
    chosen: list[dg.AssetKey] = []
    tags: dict[str, str] = {}
    if songs:
        ops["load_songs"] = {"config": {**choice, "prefixes": list(prefixes)}}
        chosen += map(dg.AssetKey, ASSETS["songs"])
    if days:
        ops["load_events"] = {"config": choice}
        chosen += map(dg.AssetKey, ASSETS["events"])
        tags = {RANGE_START: days[0], RANGE_END: days[1]}
    job = build_defs(loader.settings, pool=None, loader=loader).resolve_job_def("load")
    with dg.DagsterInstance.get() as instance, run_of_this_process(instance) as run_id:
        tags |= this_process()
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            asset_selection=chosen,
            tags=tags,
            run_config={"ops": ops, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    loader.errors = reasons(result, loader.settings.home)
    return result.run_id, result.success
