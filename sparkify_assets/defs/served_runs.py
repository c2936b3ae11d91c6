"""The runs that are children of the code server, which have to end before it does.

Asked to stop, the code server ends after 30 seconds whether its runs have ended or not, and it does not ask them to
(GrpcServerRegistry.wait_for_processes, DagsterApiServer.cleanup). So whoever stops it cancels them first.

Belongs here: canceling those runs. Does not: runs of the command line (`instance`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError, DagsterUserCodeUnreachableError
from dagster._core.storage.tags import GRPC_INFO_TAG

_IN_PROGRESS = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def cancel_served_runs(instance: dg.DagsterInstance, log: Callable[[str], None]) -> None:
    """Ask each run of the code server to end, once, as *Terminate* in the web UI does, and wait until it has ended.

    A run may take as long as Terraform needs to save its state. One that the code server does not know, because it was
    started by another that has died, is named and left to end by itself.
    """
    runs = instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS))
    waiting = [run for run in runs if GRPC_INFO_TAG in run.tags and _asked(instance, run, log)]
    for run in waiting:
        while (found := instance.get_run_by_id(run.run_id)) and not found.is_finished:
            time.sleep(0.5)
        if found:
            log(f"{_named(run)} has ended: {found.status.value.lower()}.")


def _asked(instance: dg.DagsterInstance, run: dg.DagsterRun, log: Callable[[str], None]) -> bool:
    if run.status == dg.DagsterRunStatus.CANCELING:
        log(f"{_named(run)} has been canceled before; waiting until it has ended.")
        return True
    log(f"Canceling {_named(run)}; waiting until it has ended.")
    try:
        if instance.run_launcher.terminate(run.run_id):
            return True
    except (DagsterUserCodeProcessError, DagsterUserCodeUnreachableError):
        pass
    log(f"{_named(run)} is not one of this code server's: left to end by itself.")
    return False


def _named(run: dg.DagsterRun) -> str:
    return f"run {run.run_id[:8]} of {run.job_name}"
