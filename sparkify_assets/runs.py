"""Dagster runs started from the command line, in this process and on the project's own Dagster home, so that they show
in the UI like any other.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sparkify_assets.causes import cause_of, reason_of, trace_of
from sparkify_assets.loading import Loader
from sparkify_assets.partitions import RANGE_END, RANGE_START
from sparkify_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

#: Names, on a run of the command line, the host and process that it is in.
PROCESS_TAG = "sparkify/process"

#: Dagster's settings, as the checkout has them.
DAGSTER_YAML = Path(__file__).resolve().parent.parent / "dagster.yaml"


def prepare_home(settings: Settings) -> None:
    """Make the home with Dagster's settings in it and point Dagster there. Raises OSError."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    wanted, there = settings.dagster_yaml or DAGSTER_YAML, settings.dagster_home / "dagster.yaml"
    if not there.exists() or there.read_bytes() != wanted.read_bytes():
        shutil.copyfile(wanted, there)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)


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
    from sparkify_assets.tables import ASSETS

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


def reasons(result: dg.ExecuteInProcessResult, home: Path) -> list[str]:
    """Why a run failed, in lines; where that is no error that the project knows, its trace is kept in the home."""
    failures = [event.step_failure_data for event in result.get_step_failure_events()]
    texts = [reason_of(failure) + trace_of(failure.error, home) for failure in failures]
    if not texts:  # the run failed, and none of its steps
        ends = [event for event in result.all_events if event.is_run_failure]
        errors = [event.job_failure_data.error for event in ends]
        texts = [cause_of(error) + trace_of(error, home) for error in errors if error]
    if not texts and not result.success:
        texts = ["the run did not succeed"]
    return [line for text in texts for line in text.splitlines()]


@contextmanager
def run_of_this_process(instance: dg.DagsterInstance) -> Iterator[str]:
    """The id for a run in this process. However the block is left, no run of a process that is gone counts as going
    on, nor this one: Dagster leaves it so where it is interrupted before or between its steps.
    """
    run_id = str(uuid4())
    end_killed_runs(instance)
    try:
        yield run_id
    finally:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_canceled(run, "interrupted")


def this_process() -> dict[str, str]:
    """The tag that names this process on a run, so that the run can be ended should the process be killed."""
    return {PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}"}


def end_killed_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs of this command line as failed whose process is gone; nobody else would ever end them."""
    import dagster as dg

    begun = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    unfinished = dg.RunsFilter(statuses=begun)
    for run in instance.get_runs(unfinished):
        host, _, process = run.tags.get(PROCESS_TAG, "").partition(":")
        if (
            host == socket.gethostname()
            and not Path(f"/proc/{process}").exists()
            and Path("/proc/self").exists()
        ):
            instance.report_run_failed(run, f"process {process} is gone")
